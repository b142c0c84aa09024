"""What stands where on the wall, by the boxes that are painted: rows read as their language is read."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from server.i18n import LANGUAGE_NAMES
from tests.browser.looking import keep_language
from tests.browser.screens import Screens
from tests.browser.town import LEGAL, House, Site

pytestmark = pytest.mark.browser
LEFT_TO_RIGHT = ("fr", "zgh", "en")
SHOWN = "(element) => element.checkVisibility({visibilityProperty: true, opacityProperty: true})"


def test_rows_turn_with_the_language(site: Site, screens: Screens) -> None:
    """Once words of French stood in rows that ran from right to left: "2 Guichet ←"."""
    house = site.house()
    _calls(house)
    page = screens.board(house)
    _reads_as(page, "ar")
    large = page.locator("[data-spot]").bounding_box()
    expect(page.locator('.wall[data-shown="fr"]:not([data-turning])')).to_have_count(1)
    for language in ("fr", "zgh", "en", "ar"):
        keep_language(page, language)
        _reads_as(page, language)
        assert page.locator("[data-spot]").bounding_box() == large, "nothing large changes sides"


def _reads_as(page: Page, language: str) -> None:
    """Number, arrow and desk in the order of reading, in the large place and in the list."""
    flows = 1 if language in LEFT_TO_RIGHT else -1
    spot = page.locator("[data-spot]")
    word = spot.locator(f".call-desk-word [lang={language}]")
    assert word.evaluate(SHOWN)
    _in_order(flows, spot.locator(".call-arrow").first, word, spot.locator(".call-desk"))
    row = page.locator(".call:not([data-spot])").first
    _in_order(
        flows,
        row.locator(".call-number"),
        row.locator(".call-arrow").first,
        row.locator(".call-desk"),
    )
    heads = page.locator(".calls-head .words")
    _in_order(flows, *(heads.nth(i).locator(f"[lang={language}]") for i in (0, 1)))
    tile = page.locator("#line-etat-civil")
    _in_order(flows, tile.locator(".line-letter"), tile.locator(".line-count"))
    arrows = page.locator(".call:not([data-spot]) .call-arrow:not(.call-arrow-back) .icon").all()
    for arrow in [spot.locator(".call-arrow .icon").first, *arrows]:
        assert _points(arrow) == flows, "the arrow points from the number to the desk"


def test_side_by_side_each_language_reads_its_own_way(site: Site, screens: Screens) -> None:
    house = site.house()
    _calls(house)
    page = screens.board(house, mode="side")
    spot = page.locator("[data-spot]")
    desk = spot.locator(".call-desk")
    arrows = spot.locator(".call-arrow .icon")
    for language in LANGUAGE_NAMES:
        word = spot.locator(f".call-desk-word [lang={language}]")
        assert word.evaluate(SHOWN)
        if language in LEFT_TO_RIGHT:
            _in_order(1, arrows.nth(0), word, desk)
        else:
            _in_order(-1, arrows.nth(1), word, desk)
    assert [_points(arrows.nth(0)), _points(arrows.nth(1))] == [1, -1], "both towards the number"


def test_a_range_is_not_turned_by_the_arabic_around_it(site: Site, screens: Screens) -> None:
    house = site.house()
    _calls(house)
    page = screens.board(house)
    text = page.locator("#line-etat-civil .line-wait [lang=ar]")
    expect(text).to_contain_text("دقيقة")
    low, high = text.evaluate(
        """(element) => {
          const node = element.firstChild, dash = node.data.indexOf("–");
          const left = (from, to) => {
            const range = document.createRange();
            range.setStart(node, from); range.setEnd(node, to);
            return range.getBoundingClientRect().left;
          };
          return [left(dash - 1, dash), left(dash + 1, dash + 2)];
        }"""
    )
    assert low < high, "the smaller number stands left of the larger, as digits are read"


def _calls(house: House) -> None:
    for service in ("etat-civil", LEGAL, "etat-civil", *["etat-civil"] * 6):
        house.take(service)
    for number in (1, 2, 3):
        house.seated(number).call(house.desks[number - 1])


def _in_order(flows: int, *elements: Locator) -> None:
    """One after the other: from the left when `flows` is 1, from the right when it is -1."""
    places = [_middle(each) * flows for each in elements]
    assert places == sorted(places), places


def _middle(element: Locator) -> float:
    found = element.bounding_box()
    assert found is not None
    return float(found["x"] + found["width"] / 2)


def _points(arrow: Locator) -> int:
    """1 to the right, -1 to the left: as the icon's own arrow is mirrored or not."""
    scale: Any = arrow.evaluate("(icon) => getComputedStyle(icon).scale")
    return -1 if str(scale).startswith("-1") else 1
