"""The voice's page in Chromium: a call is heard, a recording put in its place, every language looked at."""

from __future__ import annotations

import math
from array import array
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from server.domain.roles import Role
from server.i18n import LANGUAGE_NAMES
from server.voice import sound
from tests.browser.looking import look
from tests.browser.screens import DESK_LARGE, DESK_SMALL, Screens
from tests.browser.town import House, Site
from tests.end_to_end.browsers import PHONE

pytestmark = pytest.mark.browser
PLAYED = """async (id) => {
  const audio = document.getElementById(id);
  await audio.play();
  return audio.duration;
}"""


def voice_page(screens: Screens, house: House, language: str, role: Role = Role.ADMIN) -> Page:
    """The page, reached from the choice of a desk."""
    page = screens.desk(house.agent(language, role), DESK_LARGE)
    page.locator('a[href="/voice"]').click()
    expect(page.locator("#number")).to_have_value("A012")
    return page


def a_recording(folder: Path) -> Path:
    """What somebody said at a telephone."""
    tone = array("h", (round(9000 * math.sin(place / 40)) for place in range(sound.RATE)))
    file = folder / "memo.wav"
    file.write_bytes(sound.write(tone))
    return file


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_it_looks_right(site: Site, screens: Screens, language: str) -> None:
    page = voice_page(screens, site.house(), language)
    for chosen in ("fr", "zgh"):
        page.select_option("#language", chosen)
        page.get_by_role("button").locator("visible=true").first.press("Enter")
        expect(page.locator("#language")).to_have_value(chosen)
        page.locator(".voice-needs summary").click()
        for size in (DESK_SMALL, DESK_LARGE, PHONE):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            look(page, language)


@pytest.mark.voice
def test_a_call_and_a_sentence_are_heard(site: Site, screens: Screens) -> None:
    page = voice_page(screens, site.house(), "fr")
    page.select_option("#language", "ar")
    page.fill("#number", "b205")
    page.locator("#number").press("Enter")
    expect(page.locator("#number")).to_have_value("B205")
    assert 3 < page.evaluate(PLAYED, "sentence") < 10
    assert 0.5 < page.evaluate(PLAYED, "chime") < 2
    page.fill("#text", "المرجو الانتظار")
    page.locator("#text").press("Enter")
    assert 0.5 < page.evaluate(PLAYED, "sentence") < 6


def test_a_recording_is_put_in_its_place(site: Site, screens: Screens, tmp_path: Path) -> None:
    page = voice_page(screens, site.house(), "fr")
    page.goto("/voice?language=zgh&number=A012&desk=1")
    expect(page.locator("#cannot-say")).to_be_visible()
    for words in ("ⵜⴰⵡⵔⵉⵇⵜ", "A", "12", "ⵜⴰⵙⵉⵔⴰ", "1"):
        page.select_option("#words", words)
        page.set_input_files("#file", a_recording(tmp_path))
        page.locator('form[action="/voice/recordings"] button').click()
        expect(page.locator('[role="status"]')).to_be_visible()
    expect(page.locator("#cannot-say")).to_have_count(0)
    assert 4.5 < page.evaluate(PLAYED, "sentence") < 6
    page.set_input_files("#file", {"name": "x.wav", "mimeType": "audio/wav", "buffer": b"ID3"})
    with page.expect_response("**/voice/recordings"):
        page.locator('form[action="/voice/recordings"] button').click()
    expect(page.locator('[data-refusal="unreadable"]')).to_be_visible()
    page.select_option("#removed", "12")
    page.locator('form[action="/voice/recordings/removals"] button').click()
    expect(page.locator("#cannot-say")).to_be_visible()
