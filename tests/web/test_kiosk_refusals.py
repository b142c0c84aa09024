"""Every "no" that a citizen can meet at a kiosk says what is so and what to do, in four languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.actions import settings
from server.domain import errors
from server.domain.errors import Refusal
from server.domain.roles import Role
from server.i18n import LANGUAGE_NAMES, translate
from server.kiosk_house import PrintingState
from server.kiosk_pages import FAILURES
from server.pages.errors import error_page
from server.pages.rendering import renderer
from server.web import access
from tests.builders import Town
from tests.lonely_house import SLUG, LonelyHouse, lonely_app
from tests.machines import paired
from tests.web.builders import a_token, open_site

MET: set[type[Refusal]] = {
    errors.BranchClosed,
    errors.Invalid,
    errors.KeyReused,
    errors.KioskOutOfOrder,
    errors.LineFull,
    errors.NotAllowed,
    errors.ServerAway,
    errors.ServiceClosed,
    errors.UnknownService,
}
"""By a tap, or by a ticket that is shown."""
ELSEWHERE: set[type[Refusal]] = {
    errors.AgentElsewhere,
    errors.Conflict,
    errors.DayNotLeasable,
    errors.DeskPaused,
    errors.DeskTaken,
    errors.Gone,
    errors.IllegalTransition,
    errors.NoScreenshot,
    errors.NoShift,
    errors.NobodyWaiting,
    errors.NotFound,
    errors.NumberNotLeased,
    errors.NumberTaken,
    errors.PairingExpired,
    errors.RecallTooSoon,
    errors.ReopenTooLate,
    errors.TicketInHand,
    errors.TicketNotHere,
    errors.TooManyLooks,
    errors.TooManyPairings,
    errors.UnknownAgent,
    errors.UnknownBranch,
    errors.UnknownDesk,
    errors.UnknownDevice,
    errors.UnknownPairing,
    errors.UnknownPrinter,
    errors.UnknownTicket,
}
"""Said to staff and programs; an unknown branch has a page of its own, an unknown ticket the page it was typed on."""
CODES = sorted({kind.code for kind in MET} | set(FAILURES.values()))
NO_WORDS = "This cannot be done now."
every_language = pytest.mark.parametrize("language", LANGUAGE_NAMES)


def test_every_refusal_is_thought_of() -> None:
    known = {each for each in vars(errors).values() if isinstance(each, type)}
    assert {each for each in known if issubclass(each, Refusal)} - {Refusal} == MET | ELSEWHERE
    assert not MET & ELSEWHERE


@every_language
@pytest.mark.parametrize("is_online", [True, False])
@pytest.mark.parametrize("code", CODES)
def test_a_refusal_says_what_to_do(language: str, code: str, *, is_online: bool) -> None:
    with lonely_app(LonelyHouse()).test_request_context():
        text = renderer().render(
            "kiosk/_refusal.html", language, code=code, is_online=is_online, back="/"
        )
    title, advice = words_of(text)
    assert title != translate(language, NO_WORDS)
    assert advice
    assert 'id="refused-back"' in text


def test_a_kiosk_alone_does_not_send_to_another_service_for_numbers(tmp_path: Path) -> None:
    """Its own block is used up; the line is not."""
    house = LonelyHouse(refuses=errors.LineFull("no number is left"))
    app = lonely_app(house)
    app.config["WTF_CSRF_ENABLED"] = False
    told = []
    for house.is_online in (True, False):
        answer = app.test_client().post(
            f"/kiosk/{SLUG}/fr/tickets", data={"service": "a", "key": "k"}
        )
        assert answer.status_code == 409
        told.append(words_of(answer.text)[1])
    assert told == [
        "Vous pouvez choisir un autre service.",
        "Adressez-vous à l’accueil : on vous y aidera.",
    ]


@pytest.mark.parametrize("kind", [errors.KioskOutOfOrder, errors.ServerAway])
def test_before_the_first_catalogue_there_is_a_page_too(kind: type[Refusal]) -> None:
    with lonely_app(LonelyHouse()).test_request_context(headers={"Accept-Language": "fr"}):
        text = error_page(409, kind.code).get_data(as_text=True)
    assert "Cette borne est hors service. Adressez-vous à l’accueil" in text


@every_language
@pytest.mark.parametrize("state", ["queued", "waiting", "done", "fault", "expired", "no_printer"])
def test_every_state_of_the_paper_has_words(language: str, state: PrintingState) -> None:
    house = LonelyHouse(paper=state)
    app = lonely_app(house)
    app.config["WTF_CSRF_ENABLED"] = False
    answer = app.test_client().post(
        f"/kiosk/{SLUG}/{language}/tickets", data={"service": "a", "key": "k"}
    )
    shown = re.findall(r'<span data-when="(\w+)"([^>]*)>', answer.text)
    assert [name for name, attributes in shown if "hidden" not in attributes] == [state]


def test_a_paired_kiosk_without_a_printer_of_the_server_has_none_on_the_servers_page(
    town: Town, tmp_path: Path
) -> None:
    """It prints by itself, or not at all: the branch's first printer is not its own."""
    settings.create_printer(
        hall=town.hall, branch=town.branch, name="Entrance", address="tcp://x", width_dots=576
    )
    site = open_site(town, tmp_path)
    site.app.config["WTF_CSRF_ENABLED"] = False
    states = []
    for token in (paired(town)[1], a_token(town, Role.KIOSK)):
        client = site.app.test_client()
        client.set_cookie(access.DEVICE_COOKIE, token)
        answer = client.post(f"/kiosk/{town.slug}/fr/tickets", data={"service": "a", "key": token})
        found = re.search(r'id="printing"[^>]*data-state="(\w+)"\s+data-url="([^"]+)"', answer.text)
        assert found
        states.append((found[1], client.get(found[2]).get_json()["state"]))
    assert states == [("no_printer", "no_printer"), ("queued", "waiting")]


def words_of(text: str) -> tuple[str, str]:
    """What is so, and what to do."""
    found = re.search(r"<h1[^>]*>([^<]+)</h1>\s*<p[^>]*>([^<]+)</p>", text)
    assert found, text
    return found[1], found[2]
