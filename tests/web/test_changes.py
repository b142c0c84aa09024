"""What an operator changes in another process shows on every page of a running server, at once or within a second."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from server import i18n
from server.actions.amendments import (
    BranchChange,
    ServiceChange,
    change_branch,
    change_desk,
    change_service,
    close_day,
)
from server.actions.hall import Hall
from server.db import reads
from server.delivery.printing import LinePlace, ticket_paper
from server.domain.branch import Printer
from server.domain.ids import Language
from server.domain.roles import Role
from server.web.access import TOKEN_BELIEVED
from tests.builders import SeededChance, Town, open_hall
from tests.web.builders import open_site, signed_in

NAMES = {Language.FRENCH: "Mairie neuve", Language.ARABIC: "بلدية جديدة"}
BIRTHS = {Language.FRENCH: "Naissances", Language.ARABIC: "الولادات"}


@pytest.fixture
def operator(town: Town) -> Iterator[Hall]:
    """The machinery of a `nouba` command: another process's, which shares only the database."""
    engine, hall = open_hall(town.url, town.clock, SeededChance(1))
    yield hall
    engine.dispose()


def test_pages_show_it_at_once(town: Town, tmp_path: Path, operator: Hall) -> None:
    site = open_site(town, tmp_path)
    client = signed_in(site, desk=0)
    ticket = town.issue("a").value
    pages = {
        "board": f"/board/{town.slug}",
        "start": f"/kiosk/{town.slug}",
        "services": f"/kiosk/{town.slug}/fr",
        "desk": "/desk",
        "phone": f"/t/{ticket.secret}?lang=fr",
    }
    before = {name: client.get(path).text for name, path in pages.items()}
    change = BranchChange(names=NAMES, languages=[Language.FRENCH], accent="#123456")
    assert change_branch(hall=operator, branch=town.branch, change=change)
    births = ServiceChange(
        names=BIRTHS, icon="baby", documents={Language.ARABIC: ["البطاقة الوطنية"]}, place=3
    )
    assert change_service(hall=operator, branch=town.branch, code="a", change=births)
    after = {name: client.get(path).text for name, path in pages.items()}
    for name, text in after.items():
        assert "Mairie neuve" in text, name
        assert "accent.css?v=123456" in text, name
        assert _frame(text) != _frame(before[name]), name
    assert "#123456" in client.get(f"/branches/{town.slug}/accent.css").text
    for name in ("board", "services", "phone"):
        assert "Naissances" in after[name], name
    assert after["services"].index("Naissances") > after["services"].index('value="c"')
    assert f"/kiosk/{town.slug}/zgh" in before["start"]
    assert f"/kiosk/{town.slug}/zgh" not in after["start"]
    assert "البطاقة الوطنية" in client.get(f"/t/{ticket.secret}?lang=ar").text


def test_a_closed_day_refuses_the_next_tap_and_greys_the_tiles(
    town: Town, tmp_path: Path, operator: Hall
) -> None:
    site = open_site(town, tmp_path)
    client = signed_in(site)
    kiosk = site.kiosk()
    path = f"/branches/{town.slug}/tickets"
    assert kiosk.post(path, {"service": "a"}).status_code == 201
    assert close_day(hall=operator, branch=town.branch, day=date(2026, 6, 1), why="")
    refused = kiosk.post(path, {"service": "a"})
    assert refused.json is not None
    assert refused.json["code"] == "branch_closed"
    assert i18n.translate("fr", "The town hall is closed now.") in client.get(
        f"/kiosk/{town.slug}/fr"
    ).text.replace("&#39;", "'")


def test_a_kiosk_that_is_open_no_more_asks_for_its_token_at_once(
    town: Town, tmp_path: Path, operator: Hall
) -> None:
    stranger = open_site(town, tmp_path).app.test_client()
    for open_kiosk, status in ((True, 200), (False, 302)):
        change = BranchChange(open_kiosk=open_kiosk)
        assert change_branch(hall=operator, branch=town.branch, change=change)
        assert stranger.get(f"/kiosk/{town.slug}").status_code == status


def test_a_token_is_believed_with_its_branch_for_a_second_at_most(
    town: Town, tmp_path: Path, operator: Hall
) -> None:
    """Its branch says in which language a ticket without one is."""
    kiosk = open_site(town, tmp_path).kiosk()
    path = f"/branches/{town.slug}/tickets"
    assert _language(kiosk.post(path, {"service": "a"}).json) == "ar"
    change = BranchChange(languages=[Language.FRENCH, Language.ARABIC])
    assert change_branch(hall=operator, branch=town.branch, change=change)
    town.clock.advance(TOKEN_BELIEVED)
    assert _language(kiosk.post(path, {"service": "a"}).json) == "fr"


def test_the_api_and_the_desk_follow_the_lines_of_a_desk(
    town: Town, tmp_path: Path, operator: Hall
) -> None:
    site = open_site(town, tmp_path)
    desk = site.seated()
    waiting = town.issue("c").value
    calls = f"/desks/{town.desks[0]}/calls"
    assert desk.post(calls).status_code == 204
    lines = {"c": timedelta(0)}
    assert change_desk(hall=operator, branch=town.branch, number=1, lines=lines).is_new
    called = desk.post(calls)
    assert called.json is not None
    assert called.json["id"] == waiting.id
    listed = desk.get(f"/branches/{town.slug}/desks").json
    assert listed is not None
    assert [each["service"] for each in listed["desks"][0]["lines"]] == ["c"]


def test_an_etag_is_of_one_catalogue_only(town: Town, tmp_path: Path, operator: Hall) -> None:
    """A screen that polls is never told "you have it already" about what was changed."""
    site = open_site(town, tmp_path)
    path = f"/branches/{town.slug}/views/board"
    first = site.api(Role.DISPLAY).get(path)
    change = ServiceChange(names=BIRTHS)
    assert change_service(hall=operator, branch=town.branch, code="a", change=change)
    again = site.api(Role.DISPLAY).get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert again.json is not None
    assert again.json["lines"][0]["names"]["fr"] == "Naissances"


def test_the_next_paper_has_the_new_words(town: Town, tmp_path: Path, operator: Hall) -> None:
    """The press keeps strips by their words: other words are other strips."""
    ticket = town.ticket(town.issue("a").value.id)
    change_branch(hall=operator, branch=town.branch, change=BranchChange(names=NAMES))
    documents = {Language.ARABIC: ["البطاقة الوطنية"]}
    change = ServiceChange(names=BIRTHS, documents=documents)
    change_service(hall=operator, branch=town.branch, code="a", change=change)
    with town.hall.store.read() as connection:
        branch = reads.branch(connection, town.branch)
        service = reads.service_by_id(connection, town.branch, ticket.service)
    printer = Printer(id=1, name="hall", address="file:///dev/null", width_dots=576, state="ok")
    url, place = "HTTP://X/T/1", LinePlace(ahead=0)
    paper = ticket_paper(ticket, branch, service, place=place, url=url, printer=printer)
    assert (paper.municipality, paper.service) == ("بلدية جديدة", "الولادات")
    assert paper.documents == ("البطاقة الوطنية",)


def _frame(text: str) -> str:
    return text.partition('data-frame="')[2].partition('"')[0]


def _language(answer: object) -> str:
    assert isinstance(answer, dict), answer
    return str(answer["language"])
