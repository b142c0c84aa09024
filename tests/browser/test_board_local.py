"""The wall on a display's own machine: its program brings the news, the page paints it and says what it painted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import box, violations
from tests.browser.program import FakeProgram, fake_program
from tests.browser.screens import Screens
from tests.browser.town import Agent, House, Site
from tests.end_to_end.browsers import BOARD, WAIT_MILLISECONDS

pytestmark = pytest.mark.browser
STEP_MILLISECONDS = 50
SIGNAL = "rgb(247, 183, 29)"
BACKGROUND = "(element) => getComputedStyle(element).backgroundColor"
SPOT = "[data-spot] .call-number"


@pytest.fixture
def program(site: Site) -> Iterator[FakeProgram]:
    """Beside the site's server."""
    with fake_program(site.url) as started:
        yield started


def _open(screens: Screens, program: FakeProgram, house: House, query: str = "") -> Page:
    page = screens.open(BOARD)
    page.goto(f"{program.url}/board/{house.slug}?live=local{query}")
    _until(page, lambda: bool(program.asked))
    return page


def _until(page: Page, is_so: Callable[[], bool]) -> None:
    for _ in range(2 * WAIT_MILLISECONDS // STEP_MILLISECONDS):
        if is_so():
            return
        page.wait_for_timeout(STEP_MILLISECONDS)
    pytest.fail("it never came to be so")


def _view(house: House, query: str = "") -> dict[str, object]:
    """What the display's program has from its socket."""
    with urlopen(f"http://127.0.0.1:{house.port}/board/{house.slug}?fragment=1{query}") as reply:
        html = reply.read().decode()
    found = re.search(r'data-seq="(\d+)" data-at="([^"]+)"', html)
    assert found is not None
    return {"seq": int(found[1]), "at": found[2], "html": html}


def _called(house: House, agent: Agent, desk: int = 1) -> tuple[str, dict[str, object]]:
    """The call's key, and the view with it."""
    house.take()
    agent.call(house.desks[desk - 1])
    view = _view(house)
    key = re.search(r'data-call="([^"]+)"', str(view["html"]))
    assert key is not None
    return key[1], view


def test_what_is_painted_is_acknowledged_after_it_was_painted(
    site: Site, screens: Screens, program: FakeProgram
) -> None:
    house = site.house()
    agent = house.seated()
    page = _open(screens, program, house)
    assert program.asked[0] == (-1, program.asked[0][1]), "a fresh page asks for everything"
    assert program.asked[0][1] > 0, "it has painted what it was loaded with"
    _, view = _called(house, agent)
    program.tell(view=view)
    _until(page, lambda: program.painted == view["seq"])
    expect(page.locator(SPOT)).to_have_text("A001")


def test_the_programs_call_is_in_the_large_place_and_flashes(
    site: Site, screens: Screens, program: FakeProgram
) -> None:
    house = site.house()
    agents = [house.seated(number) for number in (1, 2)]
    page = _open(screens, program, house)
    first, _ = _called(house, agents[0], 1)
    _, view = _called(house, agents[1], 2)
    program.tell(view=view, announce={"key": first, "number": "A001", "desk": 1})
    expect(page.locator("[data-spot][data-new] .call-number")).to_have_text("A001")
    assert (
        page.locator("[data-spot]").evaluate(BACKGROUND.replace("backgroundColor", "animationName"))
        == "flash"
    )
    expect(page.locator("#announcement")).to_contain_text("A001")
    program.tell(announce=None)
    expect(page.locator(SPOT)).to_have_text("A002")
    expect(page.locator("[data-new]")).to_have_count(0)


def test_a_call_that_slid_off_the_list_is_still_shown_in_its_turn(
    site: Site, screens: Screens, program: FakeProgram
) -> None:
    house = site.house()
    agent = house.seated()
    page = _open(screens, program, house)
    key, view = _called(house, agent)
    program.tell(view=view)
    expect(page.locator(SPOT)).to_have_text("A001")
    empty = str(view["html"]).replace(f'data-call="{key}"', 'data-call="A900/1/1"')
    program.tell(view={**view, "html": empty.replace("A001", "A900")})
    expect(page.locator(SPOT)).to_have_text("A900")
    program.tell(announce={"key": key, "number": "A001", "desk": 1})
    expect(page.locator(SPOT)).to_have_text("A001")


def test_what_cannot_be_believed_is_in_no_signal_colour_and_says_so(
    site: Site, screens: Screens, program: FakeProgram
) -> None:
    house = site.house()
    _, view = _called(house, house.seated())
    page = _open(screens, program, house)
    program.tell(view=view)
    spot = page.locator("[data-spot]")
    expect(page.locator(".wall")).to_have_attribute("data-current", "yes")
    assert spot.evaluate(BACKGROUND) == SIGNAL
    expect(page.locator("#unsure")).to_be_hidden()
    program.tell(online=False, age_seconds=75.0, is_current=False)
    for language in ("ar", "fr", "zgh", "en"):
        expect(page.locator(f"#unsure [lang={language}]")).to_be_visible()
    expect(page.locator("#connection")).to_be_visible()
    expect(page.locator(SPOT)).to_have_text("A001")
    expect(spot.locator(".call-time")).to_be_visible()
    assert spot.evaluate(BACKGROUND) != SIGNAL
    assert violations(page) == []
    program.tell(online=True, age_seconds=0.0, is_current=True)
    expect(page.locator("#unsure")).to_be_hidden(timeout=1000)
    assert spot.evaluate(BACKGROUND) == SIGNAL


def test_a_kept_page_at_boot_calls_nobody_until_the_program_vouches(
    site: Site, screens: Screens, program: FakeProgram
) -> None:
    house = site.house()
    _called(house, house.seated())
    program.tell(online=False, age_seconds=30_000.0, is_current=False)
    page = _open(screens, program, house)
    expect(page.locator("#unsure")).to_be_visible()
    expect(page.locator("#connection [data-age]:visible").first).to_contain_text("8")
    assert page.locator("[data-spot]").evaluate(BACKGROUND) != SIGNAL


def test_the_clock_is_the_programs_and_where_it_knows_none_there_is_none(
    site: Site, screens: Screens, program: FakeProgram
) -> None:
    """Found: after a restart without the server the wall went on from the time of the last kept board."""
    house = site.house()
    program.tell(online=False, now=None, age_seconds=None, is_current=False)
    page = _open(screens, program, house)
    face = page.locator("[data-clock]")
    expect(page.locator("#connection")).to_be_visible()
    expect(face).to_be_hidden()
    for age in page.locator("#connection [data-age]").all():
        expect(age).to_have_text(str(age.get_attribute("data-unknown")))
    view = _view(house)
    at = datetime.fromisoformat(str(view["at"])).replace(minute=30)
    written = re.search(r"data-clock>(\d+):", str(view["html"]))
    assert written is not None
    for hours in (9, -5):
        now = at + timedelta(hours=hours)
        program.tell(now=now.isoformat(), age_seconds=hours * 3600 + 70_000)
        hour = (int(written[1]) + hours) % 24
        expect(face).to_have_text(f"{hour:02}:30")
        expect(face).to_be_visible()
    assert violations(page) == []


def test_a_program_that_froze_is_admitted(
    site: Site, screens: Screens, program: FakeProgram
) -> None:
    house = site.house()
    page = _open(screens, program, house)
    expect(page.locator("#connection")).to_be_hidden()
    program.is_mute = True
    expect(page.locator("#connection")).to_be_visible()
    program.is_mute = False
    expect(page.locator("#connection")).to_be_hidden()


def test_staff_see_which_display_it_is(site: Site, screens: Screens, program: FakeProgram) -> None:
    house = site.house()
    page = _open(screens, program, house)
    program.tell(identify={"name": "القاعة 1", "id": 7})
    place = page.locator("#identify")
    expect(place).to_be_visible()
    expect(place).to_contain_text("القاعة 1")
    whole = box(page, "#identify")
    assert (whole["width"], whole["height"]) == BOARD
    assert violations(page) == []
    expect(place).to_be_hidden(timeout=12_000)


def test_it_loads_itself_anew_when_told_and_once_for_a_new_version(
    site: Site, screens: Screens, program: FakeProgram
) -> None:
    house = site.house()
    page = _open(screens, program, house)
    program.tell(reload=True)
    _until(page, lambda: program.fresh == 2 and program.asked[-1][0] == program.number)
    program.tell(version="2")
    _until(page, lambda: program.fresh == 3 and program.asked[-1][0] == program.number)
    program.tell(version="3")
    page.wait_for_timeout(1500)
    assert program.fresh == 3, "not again and again: two servers may differ"


FAIL = """(count) => {
  const parse = DOMParser.prototype.parseFromString;
  let left = count;
  DOMParser.prototype.parseFromString = function (...words) {
    if (left > 0) { left -= 1; throw new Error("this page cannot paint now"); }
    return parse.apply(this, words);
  };
}"""
"""The next `count` paints of this page throw; a page that is loaded anew is whole."""
FAILURES_MAX = 5


def test_a_view_that_could_not_be_painted_is_asked_for_again(
    site: Site, screens: Screens, program: FakeProgram
) -> None:
    house = site.house()
    agent = house.seated()
    page = _open(screens, program, house)
    _until(page, lambda: program.asked[-1][0] == program.number)
    page.evaluate(FAIL, FAILURES_MAX - 1)
    page.evaluate("() => { window.isTheSame = true; }")
    _, view = _called(house, agent)
    before = program.fresh
    program.tell(view=view)
    _until(page, lambda: program.painted == view["seq"])
    expect(page.locator(SPOT)).to_have_text("A001")
    assert program.fresh == before + FAILURES_MAX - 1, "each time all of it was asked for"
    assert page.evaluate("() => window.isTheSame"), "and the page stayed"


def test_a_page_that_cannot_paint_any_more_loads_itself_anew(
    site: Site, screens: Screens, program: FakeProgram
) -> None:
    house = site.house()
    agent = house.seated()
    page = _open(screens, program, house)
    _until(page, lambda: program.asked[-1][0] == program.number)
    page.evaluate(FAIL, 1000)
    before = program.fresh
    _, view = _called(house, agent)
    with page.expect_navigation():
        program.tell(view=view)
    _until(page, lambda: program.painted == view["seq"])
    assert program.fresh >= before + FAILURES_MAX, "four questions of the old page, one of the new"
    # An order to load anew does not wait for five failures.
    page.evaluate(FAIL, 1000)
    before = program.fresh
    view = _view(house)
    with page.expect_navigation():
        program.tell(view=view, reload=True)
    _until(page, lambda: program.fresh > before and program.painted == view["seq"])
    assert program.fresh < before + FAILURES_MAX
