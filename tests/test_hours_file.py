"""Opening hours as an operator writes them: the example is true, and every mistake is named at once with its key."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from server.commands.hours_file import CLOSED_DAYS_MAX, parse
from server.config import ConfigError
from server.domain.hours import Hours, Span
from tests.builders import CASABLANCA

EXAMPLE = Path(__file__).resolve().parents[1] / "docs" / "hours-example.toml"
WEEK = '[weekdays]\nmonday = ["08:30-16:30"]\n'


def read(text: str) -> Hours:
    return parse(text, CASABLANCA, "hours.toml")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read(text)
    return list(refused.value.problems)


def test_the_example_in_the_documents_is_what_it_says() -> None:
    hours = read(EXAMPLE.read_text(encoding="utf-8"))
    assert hours.zone is CASABLANCA
    ordinary, ramadan = hours.rules
    assert ordinary.weekdays[0] == (Span(start=time(8, 30), end=time(16, 30)),)
    assert [len(spans) for spans in ordinary.weekdays] == [1, 1, 1, 1, 2, 0, 0]
    assert (ramadan.comment, ramadan.first_day) == ("Ramadan 1448", date(2027, 2, 8))
    assert hours.spans(date(2027, 3, 9)) == (Span(start=time(9), end=time(15)),)
    assert hours.spans(date(2027, 3, 10)) == ordinary.weekdays[2]
    assert date(2027, 5, 1) in hours.closed_days
    assert hours.closed_for[date(2027, 1, 14)] == "Nouvel An amazigh"


def test_a_day_may_end_at_midnight_and_its_spans_come_in_any_order() -> None:
    for midnight in ("24:00", "00:00"):
        week = f'[weekdays]\nmonday = ["20:00-{midnight}", "8:00 – 12:00"]'
        spans = read(week).rules[0].weekdays[0]
        assert spans == (Span(start=time(8), end=time(12)), Span(start=time(20), end=time(0)))


def test_closed_days_may_be_a_plain_list() -> None:
    hours = read(f'closed_days = [2027-01-11, "2027-05-01"]\n{WEEK}')
    assert hours.closed_days == {date(2027, 1, 11), date(2027, 5, 1)}
    assert not hours.closed_for


def test_every_problem_is_named_at_once_with_its_key() -> None:
    found = problems("""
        closed_days = [2027-02-30, {day = "2027-13-01", comment = 3}, 2027-01-01, 2027-01-01]
        [weekdays]
        monday = ["08:30-16:30", "16:00-17:00"]
        tusday = []
        friday = ["18:00-08:00"]
        sunday = ["25:00-26:00", "noon"]
        [[rules]]
        first_day = 2027-03-09
        last_day = 2027-02-08
        weekdays = 3
        [[rules]]
        weekdays.monday = "08:00-09:00"
        zone = "Africa/Casablanca"
    """)
    assert [problem.partition(":")[0] for problem in found] == [
        "weekdays.tusday",
        "weekdays.monday",
        "weekdays.friday",
        "weekdays.sunday",
        "weekdays.sunday",
        "rules[1].last_day",
        "rules[1].weekdays",
        "rules[2].zone",
        "rules[2]",
        "rules[2].weekdays.monday",
        "closed_days[1].day",
        "closed_days[2].day",
        "closed_days[2].comment",
        "closed_days[4].day",
    ]
    assert found[0] == "weekdays.tusday: no such key; did you mean tuesday?"
    assert found[1] == "weekdays.monday: 08:30-16:30 and 16:00-17:00 overlap"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "weekdays: is missing"),
        ("[weekdays]", "weekdays: the branch would never be open"),
        ("weekdays = 1", "weekdays: must be a table"),
        (f"{WEEK}tuesday = [8]", "weekdays.tuesday: must be a list of spans"),
        (f'{WEEK}tuesday = ["08:60-09:00"]', "weekdays.tuesday: '08:60-09:00' has a time"),
        (f'{WEEK}tuesday = ["24:00-24:00"]', "weekdays.tuesday: '24:00-24:00' ends before"),
        (f"{WEEK}tuesday = {['01:00-02:00'] * 7}", "weekdays.tuesday: has 7 spans"),
        (f"rules = 3\n{WEEK}", "rules: must be written [[rules]]"),
        (f"rules = [3]\n{WEEK}", "rules: 3 is no rule"),
        (f"{WEEK}[[rules]]\nfirst_day = 2027-01-01", "rules[1].weekdays: is missing"),
        (f"closed_days = [{{}}]\n{WEEK}", "closed_days[1].day: is missing"),
        (f"closed_days = [2027-01-01T08:00:00]\n{WEEK}", "closed_days[1].day: there is no day"),
        (f"closed_days = [true]\n{WEEK}", "closed_days[1].day: there is no day"),
        (f"closed_days = {[1] * (CLOSED_DAYS_MAX + 1)}\n{WEEK}", "closed_days: has 501 entries"),
        (
            f'closed_days = [{{day = 2027-01-01, comment = "a\\nb"}}]\n{WEEK}',
            "closed_days[1].comment",
        ),
        ("[weekdays\n", "it is not TOML"),
        ("[weekdays\nday = 2027-02-30", "it is not TOML"),
    ],
)
def test_one_problem(text: str, problem: str) -> None:
    (found,) = problems(text)
    assert found.startswith(problem)


def test_what_a_text_says_of_dates_is_left_alone() -> None:
    """Only a date that TOML itself refuses is looked at a second time, never a text that reads."""
    text = f'{WEEK}[[closed_days]]\nday = 2027-01-11\ncomment = "not = 2027-02-30 "'
    assert read(text).closed_for[date(2027, 1, 11)] == "not = 2027-02-30"
