"""The administrator's page of the paper in Chromium: eight pictures beside the template, with scripts and without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from server.domain.roles import Role
from server.i18n import LANGUAGE_NAMES
from tests.browser.looking import look
from tests.browser.screens import DESK_LARGE, DESK_SMALL, Screens
from tests.browser.town import House, Site

pytestmark = pytest.mark.browser
PHONE = (390, 844)


def paper_page(screens: Screens, house: House, language: str, *, scripts: bool = True) -> Page:
    """The page, reached from the choice of a desk as an administrator would."""
    page = screens.desk(house.agent(language, Role.ADMIN), DESK_LARGE, scripts=scripts)
    page.locator('a[href="/paper"]').click()
    expect(page.locator(".paper-samples img")).to_have_count(8)
    return page


def arms(folder: Path) -> Path:
    """A coat of arms."""
    picture = Image.new("L", (300, 300), 255)
    draw = ImageDraw.Draw(picture)
    draw.polygon([(30, 20), (270, 20), (270, 170), (150, 285), (30, 170)], outline=0, width=14)
    draw.regular_polygon((150, 130, 70), 5, rotation=0, outline=0, width=10)
    path = folder / "armoiries.png"
    picture.save(path)
    return path


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_it_looks_right(site: Site, screens: Screens, language: str) -> None:
    page = paper_page(screens, site.house(), language)
    for size in (DESK_SMALL, DESK_LARGE, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        look(page, language)
    for image in page.locator(".paper-samples img").all():
        assert image.evaluate("image => image.complete && image.naturalWidth") in {384, 576}


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_mistakes_are_named(site: Site, screens: Screens, language: str) -> None:
    page = paper_page(screens, site.house(), language)
    page.fill("#template", "[paper]\nwidth_mm = 9\n[notce]\n")
    page.locator('button[value="preview"]').click()
    expect(page.locator(".paper-problems li")).to_have_count(2)
    look(page, language)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_administrator_puts_the_arms_on_the_paper(
    site: Site, screens: Screens, tmp_path: Path, scripts: bool
) -> None:
    house = site.house()
    page = paper_page(screens, house, "fr", scripts=scripts)
    first = page.locator(".paper-samples img").first
    before = first.get_attribute("src")
    page.set_input_files("#picture", arms(tmp_path))
    page.locator('button[value="preview"]').click()
    expect(page.locator('[role="status"]')).to_be_visible()
    expect(page.locator("#template")).to_have_value(re.compile('file = "armoiries.png"'))
    preview = first.get_attribute("src")
    assert preview != before
    assert house.rows("SELECT * FROM paper_layouts WHERE branch_id = :branch") == []
    page.locator('button[value="save"]').click()
    page.wait_for_url("**/paper?done=saved")
    assert first.get_attribute("src") is not None
    assert len(house.rows("SELECT * FROM paper_layouts WHERE branch_id = :branch")) == 1
    page.locator("summary").click()
    page.locator('button[value="reset"]').click()
    page.wait_for_url("**/paper?done=reset")
    assert house.rows("SELECT * FROM paper_layouts WHERE branch_id = :branch") == []
