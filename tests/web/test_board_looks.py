"""What a wall may ask for, and that it is answered by the query: a desk's last call whatever the other desks do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from server.db import reads, views
from server.domain.errors import Invalid
from server.domain.look import Look, look_of_key, read_look
from server.domain.states import Verb
from server.i18n import wait_range
from server.wire import BoardView, WaitRange
from tests.builders import Town
from tests.statements import recorded
from tests.web.builders import open_site

MINUTE = 60


def _board(town: Town, look: Look) -> BoardView:
    with town.hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, town.slug)
        return views.board(connection, branch, town.clock.now(), look)


def _busy(town: Town) -> None:
    """Desk 2 calls once of line b, then desk 1 calls nine times of line a."""
    town.issue("b")
    town.sit(1)
    town.call(1)
    town.sit(0)
    for _ in range(9):
        town.clock.advance(timedelta(minutes=1))
        town.issue("a")
        ticket = town.call(0).value
        for verb in (Verb.START, Verb.FINISH):
            town.step(verb, ticket.id)


def test_a_desks_last_call_is_there_whatever_the_others_do(town: Town) -> None:
    _busy(town)
    assert "B001" not in [call.label for call in _board(town, Look()).calls]
    assert [call.label for call in _board(town, Look(desk=2)).calls] == ["B001"]
    assert len(_board(town, Look(desk=1)).calls) == views.CALLS_SHOWN_MAX
    assert _board(town, Look(desk=9)).calls == ()


def test_each_line_of_a_split_board_has_its_own_last_call(town: Town) -> None:
    _busy(town)
    view = _board(town, Look(lines=("a", "b")))
    labels = [call.label for call in view.calls]
    assert labels == [*(f"A{number:03d}" for number in range(9, 1, -1)), "B001"]
    assert [line.code for line in view.lines] == ["a", "b"]
    assert [call.label for call in _board(town, Look(lines=("b",))).calls] == ["B001"]
    assert [call.label for call in _board(town, Look(lines=("b", "c"), desk=2)).calls] == ["B001"]
    nothing = _board(town, Look(lines=("gone",)))
    assert (nothing.calls, nothing.lines) == ((), ())


def test_a_look_costs_a_fixed_number_of_queries(town: Town) -> None:
    look = Look(lines=("a", "b"))
    _board(town, look)
    with recorded(town.engine) as before:
        _board(town, look)
    _busy(town)
    with recorded(town.engine) as after:
        _board(town, look)
    assert len(before) == len(after)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("mode=upside", "mode"),
        ("lines=A B", "lines"),
        ("lines=nothing", "lines"),
        ("desk=0", "desk"),
        ("desk=two", "desk"),
        ("desk=77", "desk"),
        ("live=never", "live"),
        ("voice=loud", "voice"),
    ],
)
def test_a_look_that_is_none_is_refused(town: Town, tmp_path: Path, query: str, field: str) -> None:
    client = open_site(town, tmp_path).app.test_client()
    answer = client.get(f"/board/{town.slug}?{query}")
    assert answer.status_code == 422, field


@pytest.mark.parametrize(
    "query", ["lines=nothing&live=local", "desk=77&live=local", "desk=77&fragment=1"]
)
def test_a_wall_outlives_the_desk_it_was_set_up_for(town: Town, tmp_path: Path, query: str) -> None:
    client = open_site(town, tmp_path).app.test_client()
    assert client.get(f"/board/{town.slug}?{query}").status_code == 200


def test_each_look_is_a_layout(town: Town, tmp_path: Path) -> None:
    client = open_site(town, tmp_path).app.test_client()
    for query, layout in (
        ("", "whole"),
        ("lines=a", "whole"),
        ("lines=a,b", "split"),
        ("desk=1", "panel"),
    ):
        text = client.get(f"/board/{town.slug}?{query}").text
        assert f'data-layout="{layout}"' in text
    local = client.get(f"/board/{town.slug}?live=local").text
    assert "board_local.js" in local
    assert 'data-current="unknown"' in local


def test_the_key_of_a_look_is_the_look() -> None:
    for look in (Look(), Look(mode="side"), Look(lines=("a", "b"), desk=3)):
        assert look_of_key(look.key) == look
    assert Look().key == ""
    with pytest.raises(Invalid):
        read_look("", ",".join(f"line-{n}" for n in range(25)), "")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (10, 14, "\u206610–15\u2069 min"),
        (0, 3, "\u20660–5\u2069 min"),
        (0, 12, "\u20660–15\u2069 min"),
        (40, 80, "\u206630–90\u2069 min"),
        (45, 100, "\u2066½–2\u2069 h"),
        (155, 200, "\u20662½–3½\u2069 h"),
        (200, 300, "\u20663+\u2069 h"),
    ],
)
def test_a_wait_is_as_short_as_a_wall_needs_it(low: int, high: int, said: str) -> None:
    wait = WaitRange(p50_seconds=low * MINUTE, p90_seconds=high * MINUTE)
    assert wait_range("en", wait) == said
    assert wait_range("en", None) == ""


def test_static_files_travel_compressed_and_pages_do_not(town: Town, tmp_path: Path) -> None:
    client = open_site(town, tmp_path).app.test_client()
    headers = {"Accept-Encoding": "gzip"}
    plain = client.get("/static/css/board.css")
    small = client.get("/static/css/board.css", headers=headers)
    assert small.headers["Content-Encoding"] == "gzip"
    assert len(small.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers
    again = client.get(
        "/static/css/board.css", headers={**headers, "If-None-Match": small.headers["ETag"]}
    )
    assert again.status_code == 304
    for answer in (plain, small, again):
        answer.close()
    page = client.get(f"/board/{town.slug}", headers=headers)
    assert "Content-Encoding" not in page.headers
