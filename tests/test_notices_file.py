"""Notices as an operator writes them, and the commands: the example is true, every mistake is named at once."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from server.commands.notices import FILE_BYTES_MAX
from server.commands.notices_file import parse
from server.config import ConfigError
from server.db import outbox, reads
from server.db.notices import notices_of
from server.db.opening import open_store
from server.domain.events import EventKind
from server.domain.hours import OFFICE_HOURS, Hours
from server.domain.ids import Language
from server.domain.notices import NOTICES_MAX, NoticeKind, Notices, notices_at
from tests.builders import CASABLANCA
from tests.test_cli import Operator, operator, oujda

__all__ = ["operator"]
DOCS = Path(__file__).resolve().parents[1] / "docs"
EXAMPLE = DOCS / "notices-example.toml"
OFFICE = Hours(zone=CASABLANCA, rules=OFFICE_HOURS)


def read(text: str) -> Notices:
    return parse(text, "notices.toml")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(text)
    return list(refused.value.problems)


def stored(operator: Operator) -> tuple[Notices, list[EventKind]]:
    store = open_store(f"sqlite:///{operator.data}/nouba.sqlite3", create=False)
    with store.read() as connection:
        branch = reads.branch_by_slug(connection, "oujda")
        found = notices_of(connection, branch.id)
        events = outbox.events_after(connection, branch.id, branch.seq.__class__(0))
    store.engine.dispose()
    return found, [each.event.kind for each in events]


def test_the_example_in_the_documents_is_what_it_says() -> None:
    free, early, dhuhr, closing = read(EXAMPLE.read_text(encoding="utf-8")).all
    for notice in (free, early, dhuhr, closing):
        assert set(notice.texts) == set(Language)
        assert all(len(text) <= 50 for text in notice.texts.values()), "as it advises"
    assert (free.kind, free.times, free.spans) == (NoticeKind.INFO, None, ())
    assert early.weekdays == {0, 1, 3}
    assert (early.first_day, early.last_day) == (date(2027, 1, 4), date(2027, 6, 30))
    assert dhuhr.times is not None
    assert dhuhr.times.days[date(2027, 2, 8)] == (time(12, 38),)
    assert (dhuhr.times.before, dhuhr.times.after) == (timedelta(minutes=20), timedelta(minutes=15))
    assert closing.before_closing == timedelta(minutes=30)
    now = datetime(2027, 2, 8, 12, 30, tzinfo=CASABLANCA).astimezone(UTC)
    found = notices_at(read(EXAMPLE.read_text(encoding="utf-8")), OFFICE, now)
    assert [each.kind for each in found] == ["prayer", "info"]
    assert found[0].texts["fr"] == "Prière du Dohr à \u206612:38\u2069"


def test_every_key_of_a_notice_is_documented() -> None:
    text = (DOCS / "board.md").read_text(encoding="utf-8")
    keys = {key for each in tomllib.loads(EXAMPLE.read_text("utf-8"))["notices"] for key in each}
    for key in keys - {"text"}:
        assert f"`{key}`" in text


def test_every_problem_is_named_at_once_with_its_key() -> None:
    found = problems("""
        [[notices]]
        kind = "prayers"
        text.fr = "À {heure}"
        text.de = "Aus"
        [[notices]]
        text = "one"
        weekdays = ["monday", "fryday"]
        hours = ["10:00-09:00"]
        [[notices]]
        text.fr = "x"
        before_closing_minutes = 500
        [[notices]]
        text.ar = 3
        texte.fr = "x"
        [notices.times]
        2027-02-30 = ["12:43"]
        2027-03-01 = ["24:10", 3]
        [[notices]]
        text.fr = "x"
        before_minutes = 5
        first_day = 2027-02-02
        last_day = 2027-02-01
    """)
    assert [problem.partition(": ")[0] for problem in found] == [
        "notices[1].text.de",
        "notices[1].text.fr",
        "notices[1].kind",
        "notices[2].text",
        "notices[2].hours",
        "notices[2].weekdays",
        "notices[3].before_closing_minutes",
        "notices[4].texte",
        "notices[4].text.ar",
        "notices[4].times.2027-03-01",
        "notices[4].times.2027-03-01",
        "notices[4].times.2027-02-30",
        "notices[5].before_minutes",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "notices: is missing"),
        ("notices = 3", "notices: must be written [[notices]]"),
        ("notices = [3]", "notices: 3 is no rule"),
        ('[[notices]]\ntext.fr = "x"\n' * (NOTICES_MAX + 1), "notices: has 41 entries"),
        ("[[notices]]", "notices[1].text: is missing"),
        ('[[notices]]\ntext.fr = ""', "notices[1].text.fr: must be one line"),
        ('[[notices]]\ntext.fr = "{time}"', "notices[1].text.fr: {time} needs a table"),
        ('[[notices]]\ntext.fr = "x"\nweekdays = []', "notices[1].weekdays: must be a list"),
        ('[[notices]]\ntext.fr = "x"\ntimes = {}', "notices[1].times: must be a table"),
        (
            '[[notices]]\ntext.fr = "x"\ntimes.2027-01-01 = ["1:00"]\nafter_minutes = 300',
            "notices[1].after_minutes: must be from 0 to 240",
        ),
        (
            '[[notices]]\ntext.fr = "x"\nbefore_closing_minutes = "30"',
            "notices[1].before_closing_minutes: must be a whole number",
        ),
        (
            '[[notices]]\ntext.fr = "x"\nfirst_day = 2027-02-02\nlast_day = 2027-02-01',
            "notices[1].last_day: 2027-02-01 comes before",
        ),
        ("[[notices]", "it is not TOML"),
    ],
)
def test_one_problem(text: str, problem: str) -> None:
    (found,) = problems(text)
    assert found.startswith(problem)


def test_a_single_time_needs_no_list() -> None:
    (notice,) = read(
        '[[notices]]\ntext.fr = "x"\n[notices.times]\n2027-01-01 = "5:07"\n2027-01-02 = 05:08:00'
    ).all
    assert notice.times is not None
    assert list(notice.times.days.values()) == [(time(5, 7),), (time(5, 8),)]


def test_notices_are_told_shown_and_taken_away(operator: Operator) -> None:
    oujda(operator)
    words = ("branch", "notices", "oujda")
    assert operator.succeeds(*words) == "oujda tells its hall nothing\n"
    told = operator.succeeds(*words, str(EXAMPLE)).splitlines()
    assert told[:2] == ["notices of oujda: changed", "1. info, now: always"]
    assert "4. closing," in "\n".join(told)
    assert "30 min before closing" in "\n".join(told)
    found, events = stored(operator)
    assert found == read(EXAMPLE.read_text(encoding="utf-8"))
    assert events[-1] is EventKind.CATALOGUE_CHANGED, "every wall hears of it"
    again = operator.succeeds(*words, str(EXAMPLE))
    assert again.startswith("notices of oujda: already so")
    assert stored(operator)[1] == events, "nothing happened"
    assert operator.succeeds(*words).splitlines() == told[1:]
    assert operator.succeeds(*words, "--none").splitlines() == [
        "notices of oujda: changed",
        "oujda tells its hall nothing",
    ]
    assert not stored(operator)[0]


def test_a_language_without_a_text_is_said(operator: Operator) -> None:
    oujda(operator)
    file = operator.data.parent / "notices.toml"
    file.write_text('[[notices]]\ntext.fr = "Avis"\ntext.ar = "إعلان"\n', encoding="utf-8")
    told = operator.succeeds("branch", "notices", "oujda", str(file))
    assert "notices[1] has no text in zgh, en: “Avis” stands there" in told


def test_a_bad_file_of_notices_changes_nothing_and_says_all(operator: Operator) -> None:
    oujda(operator)
    words = ("branch", "notices", "oujda")
    operator.succeeds(*words, str(EXAMPLE))
    before = stored(operator)
    file = operator.data.parent / "notices.toml"
    file.write_text('[[notices]]\ntext.fr = ""\nkynd = "info"\n')
    said = operator.is_refused(*words, str(file))
    assert "2 problems" in said
    assert "did you mean kind?" in said
    file.write_bytes(b"\xff")
    assert "not UTF-8" in operator.is_refused(*words, str(file))
    file.write_text("#" * (FILE_BYTES_MAX + 1))
    assert "bytes" in operator.is_refused(*words, str(file))
    assert "cannot be read" in operator.is_refused(*words, str(file) + "x")
    assert operator.types(*words, str(EXAMPLE), "--none").exit_code == 2
    assert stored(operator) == before


def test_the_folder_of_pictures_is_listed_with_what_is_skipped(operator: Operator) -> None:
    oujda(operator)
    words = ("branch", "media", "oujda")
    assert "nothing in it" in operator.succeeds(*words)
    folder = operator.data / "media" / "oujda"
    folder.mkdir(parents=True)
    (folder / "a.png").write_text("no picture")
    told = operator.succeeds(*words)
    assert str(folder) in told
    assert "skipped: it is no JPEG, PNG, WebP, MP4 or WebM" in told
