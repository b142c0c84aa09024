"""A visit without eyes: headphones, arrows and Enter. What is said is asserted word by word; the sound is asked for."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Response, expect

from server.i18n import LANGUAGE_NAMES, ahead_text, ntranslate, translate
from tests.browser.listening import heard, listen, long_press
from tests.browser.screens import Screens
from tests.browser.town import CIVIL, House, Site
from tests.end_to_end.browsers import KIOSK
from tests.voice.test_speaking import espeak

pytestmark = [pytest.mark.browser, pytest.mark.voice]
KEYS = "Arrow keys to move, Enter to choose, Escape to go back, star to hear it again."
WAIT = "Please wait in the hall: your number will be shown and called."
NO_PRINTER = "Please note your number, or scan the code."
NUMBER = "#view.issued .ticket-number"
SERVICES_IN_REACH = 13
"""Two kinds of ticket, five open services, back, "I have a ticket", four modes."""


@pytest.fixture(autouse=True)
def _engine() -> None:
    espeak()


@pytest.mark.parametrize(("language", "steps"), [("ar", 0), ("fr", 1)])
def test_a_whole_visit_is_told(site: Site, screens: Screens, language: str, steps: int) -> None:
    house = site.house()
    house.take()
    page = screens.open(KIOSK)
    listen(page)
    page.goto(f"/kiosk/{house.slug}")
    long_press(page, "ArrowDown")
    _says(page, _start())
    for _ in range(steps):
        page.keyboard.press("ArrowDown")
    if steps:
        _says(
            page,
            [
                f"fr: Français. {translate('fr', 'Touch here to take a ticket')}",
                _choice("fr", 2, 12),
            ],
        )
    page.keyboard.press("Enter")
    _says(page, _services(language))
    _to_the_first_service(page, house, language)
    page.keyboard.press("*")
    _says(page, _civil(language))
    number = quote(translate(language, "Your number: %(number)s", number="A 0 0 2"))
    with page.expect_response(lambda answer: number in answer.url) as sound:
        page.keyboard.press("Enter")
    assert sound.value.headers["content-type"] == "audio/wav"
    expect(page.locator(NUMBER)).to_have_text("A002")
    _says(page, _ticket(language))
    page.keyboard.press("Escape")
    page.wait_for_url(f"**/kiosk/{house.slug}")
    expect(page.locator("html")).not_to_have_attribute("data-mode-voice", "")


def _start() -> list[str]:
    """Nobody has chosen a language: the question in each, the first choice in its own."""
    questions = {tag: translate(tag, "Choose your language") for tag in LANGUAGE_NAMES}
    spoken = [
        "ar",
        "fr",
        "zgh",
        "ar",
        "fr",
        "en",
    ]  # Amazigh, and what is spoken where it has no sound
    return [
        *(f"{tag}: {questions[tag]}" for tag in spoken),
        f"ar: {translate('ar', KEYS)}",
        f"ar: العربية. {translate('ar', 'Touch here to take a ticket')}",
        _choice("ar", 1, 12),
    ]


def _services(language: str) -> list[str]:
    return [
        f"{language}: {translate(language, 'What do you need today?')}",
        f"{language}: {translate(language, KEYS)}",
        f"{language}: {translate(language, 'Ordinary ticket')}",
        f"{language}: {translate(language, 'Chosen')}",
        _choice(language, 1, SERVICES_IN_REACH),
    ]


def _to_the_first_service(page: Page, house: House, language: str) -> None:
    page.keyboard.press("ArrowDown")
    other = translate(language, "Elderly, pregnant, with a disability")
    _says(page, [f"{language}: {other}", _choice(language, 2, SERVICES_IN_REACH)])
    page.keyboard.press("ArrowDown")
    expect(page.locator(f'button[value="{CIVIL}"]')).to_be_focused()
    _says(page, _civil(language))
    assert [ticket.label for ticket in house.tickets()] == ["A001"], "moving chooses nothing"


def _civil(language: str) -> list[str]:
    waiting = ntranslate(language, "%(num)s waiting", "%(num)s waiting", 1)
    name = {"ar": "الحالة المدنية", "fr": "État civil"}[language]
    return [f"{language}: {name}. {waiting}", _choice(language, 3, SERVICES_IN_REACH)]


def _ticket(language: str) -> list[str]:
    return [
        f"{language}: {translate(language, 'Your number: %(number)s', number='A 0 0 2')}",
        f"{language}: {ahead_text(language, 1)}",
        f"{language}: {translate(language, NO_PRINTER)}",
        f"{language}: {translate(language, WAIT)}",
        f"{language}: {translate(language, 'Done')}",
        _choice(language, 1, 6),
    ]


def _choice(language: str, place: int, count: int) -> str:
    words = translate(language, "Choice %(place)s of %(count)s", place=place, count=count)
    return f"{language}: {words}"


def _says(page: Page, lines: list[str]) -> None:
    """Exactly this is said next."""
    expect(page.locator("#transcript > p")).to_have_text(
        [re.compile(re.escape(each.partition(": ")[2])) for each in lines]
    )
    assert heard(page) == lines


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_five_keys_lead_to_a_ticket(site: Site, screens: Screens, language: str) -> None:
    house = site.house()
    page = screens.open(KIOSK)
    page.goto(f"/kiosk/{house.slug}")
    page.keyboard.press("Enter")  # nothing is in focus yet: the first choice
    while page.evaluate("document.activeElement.hreflang") != language:
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{language}")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator('input[value="priority"]')).to_be_checked()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(NUMBER)).to_have_text("A001")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**/kiosk/{house.slug}")
    taken = house.tickets()
    assert [(each.language, each.ticket_class) for each in taken] == [(language, "priority")]


def test_every_screen_has_a_way_back_by_keys(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.kiosk(house, "fr")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**/kiosk/{house.slug}")
    page.goto(f"/kiosk/{house.slug}/fr/find")
    page.keyboard.press("Escape")
    page.wait_for_url("**/fr")
    page.goto(f"/kiosk/{house.slug}/fr/find")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.key") == "0"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.key") == "6", "by rows"
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#back")).to_be_focused()


def test_amazigh_is_announced_by_a_chime_and_said_in_arabic_and_french(
    site: Site, screens: Screens
) -> None:
    house = site.house()
    page = screens.open(KIOSK)
    listen(page)
    asked: list[tuple[int, str]] = []
    page.on("response", lambda answer: asked.append((answer.status, _sound(answer))))
    page.goto(f"/kiosk/{house.slug}/zgh")
    with page.expect_response(lambda answer: _sound(answer) == "fr.wav"):
        page.locator("#mode-voice").click()
    expect(page.locator("#transcript > p[lang=ar]").first).to_have_text(
        translate("ar", "What do you need today?")
    )
    assert [each for each in asked if each[1]][:4] == [
        (404, "zgh.wav"), (200, "chime.wav"), (200, "ar.wav"), (200, "fr.wav"),
    ]  # fmt: skip


def _sound(answer: Response) -> str:
    found = re.search(r"/voice/(\w+\.wav)", answer.url)
    return found.group(1) if found else ""


def test_a_code_is_counted_and_never_read_out(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.open(KIOSK)
    listen(page)
    page.goto(f"/kiosk/{house.slug}/fr/find")
    page.locator("#mode-voice").click()
    heard(page)
    page.keyboard.press("k")
    expect(page.locator("#transcript > p")).to_have_text(["1 caractères sur 13"])
    assert not any("K" in line.split() for line in heard(page))


def test_a_quiet_listener_is_asked_aloud(site: Site, screens: Screens) -> None:
    house = site.house()
    page = screens.open(KIOSK)
    listen(page)
    page.goto(f"/kiosk/{house.slug}/fr")
    page.locator("#mode-voice").click()
    page.route("**/voice/**", lambda route: route.abort())  # silence lasts no time
    page.clock.install()
    page.reload()
    page.clock.run_for(46_000)
    expect(page.locator("#idle")).to_be_visible()
    expect(page.locator("#transcript > p").first).to_have_text(
        translate("fr", "Are you still there?")
    )
    page.keyboard.press("Escape")
    expect(page.locator("#idle")).to_be_hidden()
