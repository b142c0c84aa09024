"""The board in a terminal: whole, narrow and wide, and a line for each call."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from device_client.place import SettingsError
from display_client.keeping import Keeper, Kept
from display_client.text import PlainLines, Reader, Seen, drawn, run_plain
from server.clock import SystemClock
from server.wire import BoardView
from tests.display_client.builders import NOON, board, call
from tests.display_client.fake_server import BRANCH, Town, serving
from tests.display_client.running import PATIENCE_SECONDS, paired
from tests.end_to_end.programs import ROOT


def seen(view: BoardView | None, *, age: float | None = 0.0, at: float = 5.0) -> Seen:
    is_current = age is not None and age < 60
    return Seen(view=view, age_seconds=age, is_current=is_current, now=NOON + timedelta(seconds=at))


def rendered(found: Seen, language: str, columns: int) -> str:
    out = io.StringIO()
    console = Console(file=out, width=columns, force_terminal=False)
    console.print(drawn(found, language, columns))
    return out.getvalue()


@pytest.mark.parametrize("columns", [44, 120])
@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", ("Guichet", "État civil")), ("ar", ("الشباك", "الحالة المدنية")), ("en", ("Desk",))],
)
def test_it_shows_calls_desks_and_lines(
    language: str, words: tuple[str, ...], columns: int
) -> None:
    text = rendered(
        seen(board(2, call("A012", 3, at=1), call("A011", 2, at=-90))), language, columns
    )
    assert all(word in text for word in (*words, "A012", "A011"))
    assert "► " in next(line for line in text.splitlines() if "A012" in line)
    assert "►" not in next(line for line in text.splitlines() if "A011" in line)
    assert max(len(line) for line in text.splitlines()) <= columns


def test_what_cannot_be_believed_is_not_shown_as_a_call_of_now() -> None:
    text = rendered(seen(board(2, call("A012", 3, at=1)), age=75.0), "en", 100)
    assert "►" not in text
    assert "Calls cannot be shown now" in text
    assert "1 min old" in text.replace("\u2066", "").replace("\u2069", "")
    line = next(line for line in text.splitlines() if "A012" in line)
    assert "13:00" in line, "with its time"


def test_without_a_server_it_says_what_it_waits_for() -> None:
    assert "waiting for the server" in rendered(seen(None, age=None), "en", 60)


def test_a_line_for_each_call_and_none_for_what_stood_there() -> None:
    lines = PlainLines("fr")
    first = list(lines.of(seen(board(1, call("A001", 1, at=-5)))))
    assert [line.split("\t")[1] for line in first] == ["current", "open"]
    view = board(2, call("A002", 2, at=1), call("A003", 3, at=2), call("A001", 1, at=-5))
    calls = [line.split("\t")[1:] for line in lines.of(seen(view))]
    assert calls == [["call", "A002", "2", "État civil"], ["call", "A003", "3", "État civil"]]
    assert list(lines.of(seen(view))) == []
    again = board(3, call("A002", 2, at=12, calls=2))
    assert [line.split("\t")[2] for line in lines.of(seen(again, at=13))] == ["A002"], "a recall"


def test_plain_lines_say_when_they_cannot_be_believed() -> None:
    lines = PlainLines(None)
    list(lines.of(seen(board(1))))
    assert [line.split("\t")[1] for line in lines.of(seen(board(1), age=61))] == ["not-current"]
    assert [line.split("\t")[1] for line in lines.of(seen(board(1)))] == ["current"]


def test_a_name_with_a_tab_is_still_one_field() -> None:
    odd = replace(call("A002", 2, at=1), names={"fr": "État\tcivil\nici"})
    lines = PlainLines("fr")
    list(lines.of(seen(board(1))))
    assert [line.split("\t")[-1] for line in lines.of(seen(board(2, odd)))] == ["État civil ici"]


def test_it_reads_a_server_without_being_paired_and_grows_old_without_it() -> None:
    with serving() as server:
        reader = Reader(server.url, BRANCH)
        assert reader.ask().is_current
        server.call("A012", 3)
        view = reader.ask().view
        assert view is not None
        assert view.calls[0].label == "A012"
        server.stop()
        later = reader.ask()
        assert later.view == view
        assert later.age_seconds is not None
        reader.close()


def test_without_the_server_the_kept_board_is_shown_with_its_age_and_calls_nobody(
    tmp_path: Path,
) -> None:
    """Found: `--text` showed no board where the wall beside it did."""
    at = SystemClock().now() - timedelta(hours=9.5)
    view = replace(board(7, call("A012", 3, noon=at)), at=at)
    with serving(Town(seq=2)) as server:
        place = paired(tmp_path, server.url, 1)
        Keeper(place.board).keep(Kept(view=view))
        server.stop()
        reader = Reader(server.url, BRANCH, Keeper(place.board).read())
        found = reader.ask()
        text = rendered(found, "en", 100).replace("\u2066", "").replace("\u2069", "")
        assert "A012" in text
        assert "more than 9 hours old" in text
        assert "Calls cannot be shown now" in text
        assert "►" not in text
        server.start()
        later = reader.ask()
        assert later.is_current
        assert later.view is not None
        assert later.view.seq == 2, "the server's word is news whatever its seq"
        reader.close()


def test_a_paired_machine_reads_what_it_has_kept(tmp_path: Path) -> None:
    place = paired(tmp_path, "http://127.0.0.1:1", 1)
    Keeper(place.board).keep(Kept(view=replace(board(7), is_open=False)))
    nouba_display = str(Path(sys.executable).with_name("nouba-display"))
    command = [nouba_display, "--text", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as program:
        assert program.stdout is not None
        in_vain = threading.Timer(PATIENCE_SECONDS, program.kill)
        in_vain.start()
        said = [program.stdout.readline().split() for _ in range(2)]
        in_vain.cancel()
        program.terminate()
    assert [words[1:] for words in said] == [["not-current"], ["closed"]]


def test_where_nobody_knows_the_time_none_is_shown() -> None:
    ahead = replace(board(7), at=SystemClock().now() + timedelta(hours=1))
    reader = Reader("http://127.0.0.1:1", BRANCH, Kept(view=ahead))
    found = reader.ask()
    reader.close()
    assert (found.age_seconds, found.is_current) == (None, False)
    text = rendered(found, "en", 100)
    assert "waiting for the server" in text
    head = next(line for line in text.splitlines() if "Commune" in line or "جماعة" in line)
    assert not any(sign.isdigit() for sign in head)


def test_a_restored_database_is_believed_after_three_answers() -> None:
    town = Town(seq=50)
    with serving(town) as server:
        reader = Reader(server.url, BRANCH)
        reader.ask()
        town.seq = 3
        seqs = [view.seq for _ in range(3) if (view := reader.ask().view) is not None]
        assert seqs == [50, 50, 3]
        reader.close()


def test_an_unknown_branch_is_an_error() -> None:
    with serving() as server:
        reader = Reader(server.url, "nowhere")
        with pytest.raises(SettingsError):
            reader.ask()
        reader.close()


def test_plain_output_goes_on_until_it_is_stopped() -> None:
    out, stopping = io.StringIO(), threading.Event()
    answers = iter([seen(board(1)), seen(board(2, call("A002", 2, at=1)))])

    def ask() -> Seen:
        found = next(answers)
        if found.view is not None and found.view.seq == 2:
            stopping.set()
        return found

    run_plain(ask, out, language="fr", stopping=stopping)
    assert out.getvalue().count("\tcall\tA002\t2\t") == 1
