"""`soak`: a day and a night of calls in some minutes, and whether the wall's page and the server still weigh the same.

The calls of an hour (issue, call, start, finish, at all desks in turn) come as fast as they are answered, before one
real wall in Chromium; phones come and go. After each hour everything that can be let go of is (the page's collector
is told to run) and what is left is weighed. The floor of the last hour is the second: the first has filled what is
bounded, so where hours are short it is longer than the others. A wall stays on for weeks, so what grows by a twentieth
in a day is a leak.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import CDPSession

from benchmarks.browser import running_browser
from benchmarks.building import DESKS, SLUG, Building, build
from benchmarks.children import running_child
from benchmarks.crowd import Crowd
from benchmarks.figures import BenchWrong, Figure, Wanted
from benchmarks.running import HOST, Server, running_server
from benchmarks.scratch import Size

NAME = "soak"
WANTED = Wanted(bound=1.05, is_least=False)
PHONES_AN_HOUR = 20
BREATH_MILLISECONDS = 500
"""Before it is weighed: the last push has arrived, and is painted."""
SHOWN_SECONDS_MAX = 30
MEBIBYTE = 1024 * 1024
_PATH = "/socket.io/?EIO=4&transport=websocket"
_UNITS: Mapping[str, str] = {
    "page, JavaScript heap": "MiB",
    "page, nodes of the document": "nodes",
    "page, listeners": "listeners",
    "page, its process (PSS)": "MiB",
    "server, resident": "MiB",
    "server, shared pages divided (PSS)": "MiB",
}


@dataclass(slots=True)
class _Hall:
    building: Building
    server: Server
    crowd: Crowd
    calls: int = 0


def measure(folder: Path, size: Size) -> Iterator[Figure]:
    """Hour after hour. Raises BenchWrong when the wall does not show the last call."""
    building = build(folder / "soak")
    weighed: list[Mapping[str, float]] = []
    with running_server(building.data) as server, running_browser() as browser:
        hall = _Hall(building, server, Crowd(server.port))
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"http://{HOST}:{server.port}/board/{SLUG}")
        tools = page.context.new_cdp_session(page)
        for desk, token in zip(building.desks, building.agent_tokens, strict=True):
            hall.crowd.post("shift", f"/desks/{desk}/shift", token, {})
        for hour in range(size.soak_hours):
            secrets, label = _hour(hall, size.soak_calls if hour else size.soak_first_calls)
            _phones(hall, secrets)
            # Not wait_for_selector: the handle it returns would keep the row for ever, and be the leak that is found.
            shown = page.locator(f"[data-call^='{label}/']").first
            shown.wait_for(state="attached", timeout=SHOWN_SECONDS_MAX * 1000)
            page.wait_for_timeout(BREATH_MILLISECONDS)
            weighed.append(_weigh(tools, server))
        hall.crowd.close()
    for title, unit in _UNITS.items():
        yield _figure(title, unit, weighed, floor=1)
    for title, unit in _UNITS.items():
        # What grows with each call goes on growing; what a page compiles and a database keeps at hand ends.
        yield _figure(title, unit, weighed, floor=(len(weighed) - 1) // 2)


def _figure(title: str, unit: str, weighed: Sequence[Mapping[str, float]], floor: int) -> Figure:
    """The last hour beside that of index `floor`."""
    return Figure(
        name=NAME,
        case=f"{title}, hour {len(weighed)} (floor: hour {floor + 1})",
        value=weighed[-1][title],
        unit=unit,
        floor=weighed[floor][title],
        ratio=weighed[-1][title] / weighed[floor][title],
        rounds=1,
        more_is_better=False,
        wanted=WANTED,
    )


def _hour(hall: _Hall, calls: int) -> tuple[list[str], str]:
    """The calls of an hour; the secrets of the last tickets and the label of the very last."""
    building, post = hall.building, hall.crowd.post
    secrets, label = [], ""
    for _ in range(calls):
        service = building.codes[hall.calls % len(building.codes)]
        # The desk that serves the line: every eighth service is a desk's.
        turn = building.codes.index(service) % DESKS
        hall.calls += 1
        body = {"service": service, "language": "ar"}
        issued = post("issue", f"/branches/{SLUG}/tickets", building.kiosk_token, body).body
        token = building.agent_tokens[turn]
        called = post("call", f"/desks/{building.desks[turn]}/calls", token, {}).body
        if called["id"] != issued["id"]:
            raise BenchWrong("a desk called somebody else than the only one who waits")
        post("start", f"/tickets/{called['id']}/starts", token, {})
        post("finish", f"/tickets/{called['id']}/finishes", token, {})
        secrets.append(issued["secret"])
        label = called["label"]
    return secrets[-PHONES_AN_HOUR:], label


def _phones(hall: _Hall, secrets: list[str]) -> None:
    """Some look at their tickets, and close the page."""
    watches = [{"view": "ticket", "secret": secret} for secret in secrets]
    with running_child("audience") as phones:
        phones.ask(do="join", port=hall.server.port, path=_PATH, watch=watches)


def _weigh(tools: CDPSession, server: Server) -> Mapping[str, float]:
    for _ in range(2):  # what only a finaliser held goes with the second
        tools.send("HeapProfiler.collectGarbage")
    heap = tools.send("Runtime.getHeapUsage")["usedSize"] / MEBIBYTE
    counted = tools.send("Memory.getDOMCounters")
    resident, shared = server.memory()
    weights = (heap, counted["nodes"], counted["jsEventListeners"], _renderer(), resident, shared)
    return dict(zip(_UNITS, map(float, weights), strict=True))


def _renderer() -> float:
    """MiB of the browser's drawing processes: there is one page."""
    found = 0.0
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # Chromium ends processes that it kept in reserve
            if "--type=renderer" in each.cmdline():
                found += each.memory_full_info().pss / MEBIBYTE
    return found
