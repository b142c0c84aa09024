"""A call moves nothing but itself, the page is light, and its memory does not grow with what was called."""

from __future__ import annotations

from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import keep_language
from tests.browser.program import fake_program
from tests.browser.screens import Screens
from tests.browser.town import CERTIFICATES, CIVIL, LEGAL, House, Site
from tests.end_to_end.browsers import BOARD

pytestmark = pytest.mark.browser
PAGE_BYTES_MAX = 100 * 1024
"""As served, before fonts."""
MANY_CALLS = 500
REMEMBERED_MAX = 64
WAITING_MAX = 40
ANSWERED = 10
SHOWN_MILLISECONDS_MAX = 6000
LOCAL_CALLS = 120
GROWTH_MAX = 1.05
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const each of list.getEntries())
    window.shifts.push([each.value, each.sources.map((one) => one.node?.className ?? one.node?.nodeName)]);
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.mark.parametrize(
    ("size", "query"),
    [
        (BOARD, ""),
        (BOARD, "mode=side"),
        ((1080, 1920), ""),
        (BOARD, f"lines={CIVIL},{LEGAL},{CERTIFICATES}"),
        ((1920, 540), "desk=1"),
    ],
)
def test_no_layout_shift_when_a_call_comes(
    site: Site, screens: Screens, size: tuple[int, int], query: str
) -> None:
    house = site.house()
    agents = [house.seated(number) for number in (1, 2, 3)]
    for service in (CIVIL, LEGAL, CERTIFICATES) * 3:
        house.take(service)
    first = agents[0].call(house.desks[0])
    page = screens.open(size)
    page.add_init_script(SHIFTS)
    page.goto(f"/board/{house.slug}?{query}")
    keep_language(page, "ar")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(500)
    page.evaluate("window.shifts = []")
    for agent, desk in zip(agents[1:], house.desks[1:], strict=False):
        label = agent.call(desk)["label"]
        if "desk" not in query:
            expect(page.locator("[data-spot] .call-number", has_text=label)).to_be_visible()
    agents[0].act(f"/tickets/{first['id']}/starts")
    agents[0].act(f"/tickets/{first['id']}/finishes")
    label = agents[0].call(house.desks[0])["label"]
    expect(page.locator("[data-spot] .call-number", has_text=label)).to_be_visible(timeout=30_000)
    page.wait_for_timeout(300)
    assert page.evaluate("window.shifts") == []


def test_the_page_is_light(site: Site, screens: Screens) -> None:
    house = site.house()
    _busy(house)
    page = screens.open(BOARD)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}

    def answered(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = f"{event['type']} {event['response']['url']}"

    def loaded(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = event["encodedDataLength"]

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", loaded)
    page.goto(f"/board/{house.slug}")
    expect(page.locator("[data-call]")).to_have_count(3)
    page.wait_for_load_state("networkidle")
    parts = {kinds[key]: size for key, size in sizes.items() if key in kinds}
    light = {name: size for name, size in parts.items() if not name.startswith("Font ")}
    total = sum(light.values())
    print(f"{len(light)} answers, {total / 1024:.1f} KiB before fonts")
    for name, size in sorted(light.items(), key=lambda each: -each[1])[:8]:
        print(f"{size / 1024:8.1f} {name}")
    assert any(name.startswith("Font ") for name in parts), "fonts were told apart"
    assert total < PAGE_BYTES_MAX


def _busy(house: House) -> None:
    for service in (CIVIL, LEGAL, CERTIFICATES):
        house.take(service)
    for number in (1, 2, 3):
        house.seated(number).call(house.desks[number - 1])


def test_the_memory_of_calls_is_bounded_and_tells_none_twice(site: Site, screens: Screens) -> None:
    page: Page = screens.board(site.house())
    told = page.evaluate(
        """async (many) => {
          const { createCallMemory } = await import("nouba/announcer");
          const call = (n) => ({key: `A${n}`, label: `A${n}`, calledAtMs: n * 1000, state: "called", element: null});
          const memory = createCallMemory([call(0)]);
          const told = [];
          for (let n = 1; n <= many; n += 1)
            for (const each of memory.learn([call(n), call(n - 1)], n * 1000)) told.push(each.key);
          return [told.length, new Set(told).size, memory.size()];
        }""",
        MANY_CALLS,
    )
    assert told == [MANY_CALLS, MANY_CALLS, REMEMBERED_MAX]


def test_calls_that_wait_are_let_go_when_answered_and_are_never_many(
    site: Site, screens: Screens
) -> None:
    page: Page = screens.open(BOARD)
    page.clock.install()
    page.goto(f"/board/{site.house().slug}")
    page.evaluate(
        """async ([answered, many]) => {
          const { createAnnouncer } = await import("nouba/announcer");
          const element = document.createElement("li");
          const call = (n) => ({key: `A${n}`, label: `A${n}`, calledAtMs: n, state: "called", element});
          const isGone = new Set();
          window.shown = [];
          const announcer = createAnnouncer({
            show: (call, isNew) => isNew && window.shown.push(call.key),
            say: async () => {},
            isStillCalled: (call) => !isGone.has(call.key),
          });
          const calls = (from, to) => Array.from({length: to - from}, (_, index) => call(from + index));
          announcer.announce(calls(0, answered));
          for (let n = 1; n < answered; n += 1) isGone.add(`A${n}`);
          announcer.announce([]); // the paint that told it; then they are off the list, as if never answered
          isGone.clear();
          announcer.announce(calls(answered, answered + many));
        }""",
        [ANSWERED, MANY_CALLS],
    )
    for _ in range(WAITING_MAX + 2):
        page.clock.run_for(SHOWN_MILLISECONDS_MAX)
    first_waiting = [f"A{n}" for n in range(ANSWERED, ANSWERED + WAITING_MAX)]
    assert page.evaluate("window.shown") == ["A0", *first_waiting]


def test_a_display_s_page_weighs_the_same_after_many_calls(site: Site, screens: Screens) -> None:
    """What the program announces may be long off the list: the page keeps copies, but not for ever."""
    house = site.house()
    label = house.take()["label"]
    house.seated(1).call(house.desks[0])
    with urlopen(f"{site.url}/board/{house.slug}?fragment=1") as reply:
        html = reply.read().decode()
    seq = int(html.split('data-seq="')[1].split('"')[0])
    key = html.split('data-call="')[1].split('"')[0]
    with fake_program(site.url) as program:
        page = screens.open(BOARD)
        page.goto(f"{program.url}/board/{house.slug}?live=local")
        tools = page.context.new_cdp_session(page)
        weights = []
        for n in range(1, LOCAL_CALLS + 1):
            new = f"Z{n:03}"
            program.tell(
                view={
                    "seq": seq + n,
                    "at": "",
                    "html": html.replace(label, new).replace(
                        f'data-seq="{seq}"', f'data-seq="{seq + n}"'
                    ),
                },
                announce={"key": key.replace(label, new), "number": new, "desk": 1},
            )
            expect(page.locator("[data-spot] .call-number")).to_have_text(new)
            if n in {LOCAL_CALLS // 3, LOCAL_CALLS}:
                for _ in range(2):
                    tools.send("HeapProfiler.collectGarbage")
                counted = tools.send("Memory.getDOMCounters")
                # Not the heap: for its first minutes the page compiles its own code in it (`scripts/bench soak`).
                weights.append((counted["nodes"], counted["jsEventListeners"]))
    print("nodes and listeners:", weights)
    early, late = weights
    assert all(after <= GROWTH_MAX * before for before, after in zip(early, late, strict=True))
