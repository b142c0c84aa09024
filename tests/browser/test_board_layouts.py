"""Every shape of the wall: nothing is cut off, nothing stands over anything else, the number is the largest thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from server.actions import settings
from server.actions.notices import set_notices
from server.domain.ids import Language
from server.domain.notices import Notice, Notices
from tests.browser.looking import keep_language, look
from tests.browser.screens import Screens
from tests.browser.town import CERTIFICATES, CIVIL, LEGAL, House, Site

pytestmark = pytest.mark.browser
LANDSCAPE, PORTRAIT = (1920, 1080), (1080, 1920)
WIDE, SQUARE = (1920, 540), (1080, 1080)
TWO = f"lines={CIVIL},{LEGAL}"
THREE = f"lines={CIVIL},{LEGAL},{CERTIFICATES}"
FOUR = f"{THREE},taxes-locales"
SPOT_INKS = "[data-spot] .call-number, [data-spot] .call-desk, [data-spot] .call-desk-word > *"
LINE_INKS = ".column-line .line-count, .column-line .line-wait > span, .column-word > span"
LONG = {
    Language.ARABIC: "الإمضاءات والنسخ المطابقة للأصل وشواهد السكنى والشواهد الإدارية",
    Language.FRENCH: "Légalisation des signatures et copies certifiées conformes à l'original",
    Language.AMAZIGH: "ⴰⵙⵖⵣⵏ ⵏ ⵓⵙⴳⵎⴹ ⴷ ⵜⵏⵖⵍⵉⵏ ⵏ ⵜⵎⵙⵙⵓⵔⵉⵏ ⵜⵓⵏⵚⵉⴱⵉⵏ",
    Language.ENGLISH: "Signatures, certified copies and administrative certificates of residence",
}
TOLD = {
    Language.ARABIC: "جميع الخدمات بالمجان ما لم يعلن عن رسم",
    Language.FRENCH: "Nos services sont gratuits, sauf taxe affichée",
    Language.AMAZIGH: "ⵜⵉⵏⴰⴼⵓⵜⵉⵏ ⵏⵏⵖ ⴱⴰⵟⵟⵍ",
    Language.ENGLISH: "Our services are free unless a fee is displayed",
}
SEEN = """([selector, inks]) => [...document.querySelectorAll(selector)]
  .filter((each) => each.checkVisibility({visibilityProperty: true, opacityProperty: true}) && each.textContent.trim())
  .map((each) => {
    const range = document.createRange();
    range.selectNodeContents(each);
    const box = (inks ? range : each).getBoundingClientRect();
    const size = parseFloat(getComputedStyle(each).fontSize);
    const middle = (box.top + box.bottom) / 2;
    // A digit's height; the box of its line is taller.
    const [top, bottom] = inks ? [middle - size * 0.36, middle + size * 0.36] : [box.top, box.bottom];
    return {left: box.left, right: box.right, top, bottom, size, text: each.textContent.trim()};
  })"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What is painted, in CSS pixels."""

    left: float
    right: float
    top: float
    bottom: float
    size: float
    text: str

    def is_within(self, other: Box, slack: float = 1) -> bool:
        return (
            self.left >= other.left - slack
            and self.right <= other.right + slack
            and self.top >= other.top - slack
            and self.bottom <= other.bottom + slack
        )

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right - 1
            and other.left < self.right - 1
            and self.top < other.bottom - 1
            and other.top < self.bottom - 1
        )


@pytest.fixture(scope="module")
def halls(site: Site) -> dict[str, House]:
    """A hall before its first call, one on a busy morning, one with twelve lines."""
    quiet, busy, large = site.house(), site.house(), site.house()
    for position, letter in enumerate("GHIJKL"):
        settings.create_service(
            hall=large.hall,
            branch=large.id,
            new=settings.NewService(
                code=f"line-{letter.lower()}",
                letter=letter,
                names=LONG,
                documents={},
                icon="star",
                position=10 + position,
                expected=timedelta(minutes=7),
            ),
        )
    for house in (busy, large):
        _morning(house)
    return {"quiet": quiet, "busy": busy, "large": large}


def _morning(house: House) -> None:
    """Eight calls, of which four are at the desks, and some who wait."""
    agents = [house.seated(number) for number in (1, 2, 3, 4)]
    for service in (CIVIL, LEGAL, CERTIFICATES, CIVIL) * 2:
        house.take(service)
    for round_ in range(2):
        for agent, desk in zip(agents, house.desks, strict=True):
            reply = agent.program.post(f"/api/v1/desks/{desk}/calls", {})
            if reply.status == 201 and (round_ == 0 or agent is agents[0]):
                agent.act(f"/tickets/{reply.body['id']}/starts")
                if round_ == 0:
                    agent.act(f"/tickets/{reply.body['id']}/finishes")
    for service, count in ((CIVIL, 7), (LEGAL, 13), (CERTIFICATES, 2)):
        for _ in range(count):
            house.take(service)


@pytest.mark.parametrize(
    ("hall", "size", "query"),
    [
        ("quiet", LANDSCAPE, "mode=side"),
        ("busy", LANDSCAPE, "mode=rotate"),
        ("busy", LANDSCAPE, "mode=side"),
        ("busy", PORTRAIT, "mode=rotate"),
        ("large", LANDSCAPE, "mode=rotate"),
        ("large", PORTRAIT, "mode=side"),
        ("busy", LANDSCAPE, THREE),
        ("busy", LANDSCAPE, f"mode=side&{FOUR}"),
        ("busy", PORTRAIT, FOUR),
        ("busy", PORTRAIT, f"mode=side&{TWO}"),
        ("busy", WIDE, "desk=1"),
        ("busy", SQUARE, "mode=side&desk=1"),
        ("quiet", WIDE, "desk=2"),
    ],
)
def test_every_shape(
    screens: Screens, halls: dict[str, House], hall: str, size: tuple[int, int], query: str
) -> None:
    page = screens.open(size)
    page.goto(f"/board/{halls[hall].slug}?{query}")
    keep_language(page, "ar")
    look(page, "ar", scrolls=False, wrote="ar")
    for language in ("ar",) if "side" in query else ("ar", "fr", "zgh", "en"):
        keep_language(page, language)
        _nothing_is_cut_or_covered(page)


@pytest.mark.parametrize(
    ("size", "query"),
    [
        (LANDSCAPE, "mode=rotate"),
        (LANDSCAPE, "mode=side"),
        (PORTRAIT, "mode=rotate"),
        (PORTRAIT, "mode=side"),
        (LANDSCAPE, THREE),
        (LANDSCAPE, f"mode=side&{FOUR}"),
        (PORTRAIT, FOUR),
        (PORTRAIT, f"mode=side&{THREE}"),
        (WIDE, "desk=1"),
    ],
)
def test_every_shape_with_a_notice(
    site: Site, screens: Screens, size: tuple[int, int], query: str
) -> None:
    """Of its own house each: a call that is a minute old lends the large place to the notice."""
    house = site.house()
    _morning(house)
    set_notices(hall=house.hall, branch=house.id, wanted=Notices(all=(Notice(texts=TOLD),)))
    page = screens.open(size)
    page.goto(f"/board/{house.slug}?{query}")
    keep_language(page, "ar")
    expect(page.locator("[data-spot]").first).to_be_visible()
    _nothing_is_cut_or_covered(page)


def _nothing_is_cut_or_covered(page: Page) -> None:
    wall = _seen(page, ".wall")[0]
    numbers = _seen(page, ".ticket-number, .line-letter", inks=True)
    # The head of a panel is for who reads the page by ear: clipped away, nothing of it is painted.
    clock = "[data-layout]:not([data-layout=panel]) .board-clock"
    words = _seen(page, f".call-desk-word > span, .line-wait > span, {clock}", inks=True)
    assert numbers, "there is always a number"
    for each in (*numbers, *words):
        assert each.is_within(wall), each
    for index, one in enumerate((*numbers, *words)):
        for other in (*numbers, *words)[index + 1 :]:
            assert not one.meets(other), (one, other)
    for inner, outer in ((SPOT_INKS, "[data-spot]"), (LINE_INKS, ".column-line")):
        cards = _seen(page, outer)
        for each in _seen(page, inner, inks=True):
            assert any(each.is_within(card) for card in cards), each
    if page.locator("[data-spot]").count():
        large = max(_seen(page, "[data-spot] .call-number"), key=lambda found: found.size)
        assert large.size == max(found.size for found in numbers), "the number is the largest"


def _seen(page: Page, selector: str, *, inks: bool = False) -> list[Box]:
    return [Box(**each) for each in page.evaluate(SEEN, [selector, inks])]


def test_each_line_has_its_own_last_call(screens: Screens, halls: dict[str, House]) -> None:
    page = screens.open(LANDSCAPE)
    page.goto(f"/board/{halls['busy'].slug}?{FOUR}")
    expect(page.locator(".column")).to_have_count(4)
    for code, letter in ((CIVIL, "A"), (LEGAL, "B"), (CERTIFICATES, "C")):
        column = page.locator(f"#column-{code}")
        numbers = column.locator(".call-number").all_inner_texts()
        assert numbers
        assert all(number.startswith(letter) for number in numbers)
        expect(column.locator("[data-spot]")).to_have_count(1)
    expect(page.locator("#column-taxes-locales .call")).to_have_count(0)


def test_a_desks_panel_follows_its_desk(site: Site, screens: Screens) -> None:
    house = site.house()
    first, second = house.seated(1), house.seated(2)
    page = screens.open(WIDE)
    page.goto(f"/board/{house.slug}?desk=2")
    expect(page.locator(".panel")).to_have_attribute("data-state", "free")
    expect(page.locator(".panel-number:visible")).to_have_text("2")
    for _ in range(2):
        house.take()
    first.call(house.desks[0])
    called = second.call(house.desks[1])
    expect(page.locator("[data-spot] .call-number")).to_have_text(called["label"])
    expect(page.locator(".panel .call-number:visible")).to_have_count(1)
    second.act(f"/tickets/{called['id']}/starts")
    expect(page.locator(".panel")).to_have_attribute("data-state", "serving")
    second.act(f"/tickets/{called['id']}/finishes")
    expect(page.locator(".panel")).to_have_attribute("data-state", "free")
    expect(page.locator(".panel .call-number:visible")).to_have_count(0)
