"""`nouba branch hours`: when a branch is open, as a person reads it, and how that is changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

import click

from server.actions import amendments
from server.actions.hall import Hall
from server.commands.hours_file import WEEKDAYS, parse
from server.commands.place import Place, branch_of, with_place
from server.commands.words import changed
from server.config import ConfigError
from server.domain.branch import Branch
from server.domain.hours import DAYS_SEARCHED_MAX, Hours, HoursRule, Span

FILE_BYTES_MAX = 100_000
_COLUMN = 2 + max(map(len, WEEKDAYS)) + 2


@click.command("hours")
@click.argument("slug")
@click.option(
    "--set",
    "wanted",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take all hours from this TOML file (docs/hours-example.toml); what it does not say is gone.",
)
@click.option("--close", metavar="DAY", help="Close one day, as 2027-01-11.")
@click.option("--comment", default="", help="Why that day is closed.")
@click.option("--reopen", metavar="DAY", help="Let the rules decide about a closed day again.")
@with_place
def hours(
    place: Place,
    /,
    slug: str,
    wanted: Path | None,
    close: str | None,
    comment: str,
    reopen: str | None,
) -> None:
    """Show when the branch SLUG is open, or change it. Every screen shows it at once."""
    if sum(each is not None for each in (wanted, close, reopen)) > 1:
        raise click.UsageError("one of --set, --close and --reopen at a time")
    if comment and close is None:
        raise click.UsageError("--comment goes with --close")
    closed, reopened = _day(close, "--close"), _day(reopen, "--reopen")
    with place.hall() as hall:
        branch = branch_of(hall, slug)
        if wanted is not None:
            parsed = parse(_read(wanted), branch.hours.zone, str(wanted))
            is_new = amendments.set_hours(hall=hall, branch=branch.id, wanted=parsed)
            click.echo(changed(f"hours of {slug}", is_new=is_new))
        if closed is not None:
            is_new = amendments.close_day(
                hall=hall, branch=branch.id, day=closed, why=comment.strip()
            )
            click.echo(changed(f"{slug} on {_named(closed)}", is_new=is_new))
        if reopened is not None:
            is_new = amendments.reopen_day(hall=hall, branch=branch.id, day=reopened)
            click.echo(changed(f"{slug} on {_named(reopened)}", is_new=is_new))
        for line in _told(branch_of(hall, slug), hall):
            click.echo(line)


def _told(branch: Branch, hall: Hall) -> Iterable[str]:
    known, now = branch.hours, hall.clock.now()
    yield f"{branch.slug} is {_state(known, now)}; times of {known.zone.key}, where it is {_moment(known, now)}"
    for rule in known.rules:
        yield ""
        yield _title(rule)
        for name, spans in zip(WEEKDAYS, rule.weekdays, strict=True):
            yield f"  {name.capitalize():{_COLUMN - 2}}{_spans(spans)}"
    if known.closed_days:
        yield ""
        yield "Closed days"
        for day in sorted(known.closed_days):
            why = known.closed_for.get(day)
            yield f"  {_named(day)}" + (f"  {why}" if why else "")


def _state(known: Hours, now: datetime) -> str:
    present = "open now" if known.is_open(now) else "closed now"
    opens = known.next_opening(now)
    if opens is None:
        return f"{present}, next opening not within {DAYS_SEARCHED_MAX} days"
    return f"{present}, next opening {_moment(known, opens)}"


def _title(rule: HoursRule) -> str:
    if rule.first_day is None and rule.last_day is None:
        return rule.comment or "The ordinary week"
    since = f"from {_named(rule.first_day)}" if rule.first_day else ""
    until = f"to {_named(rule.last_day)}" if rule.last_day else ""
    days = " ".join(filter(None, (since, until)))
    return f"{rule.comment}: {days}" if rule.comment else days.capitalize()


def _spans(spans: Sequence[Span]) -> str:
    # An end at midnight is written as in the file: 00:00 would look like the morning.
    shown = (f"{span.start:%H:%M}-{span.end:%H:%M}".replace("-00:00", "-24:00") for span in spans)
    return ", ".join(shown) or "closed"


def _moment(known: Hours, moment: datetime) -> str:
    local = known.local(moment)
    return f"{_named(local.date())} {local:%H:%M}"


def _named(day: date) -> str:
    # Not %A, which speaks the language of the machine.
    return f"{WEEKDAYS[day.weekday()].capitalize()} {day.isoformat()}"


def _day(raw: str | None, option: str) -> date | None:
    if raw is None:
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError as error:
        raise click.BadParameter(f"there is no day {raw!r}", param_hint=option) from error


def _read(file: Path) -> str:
    """Raises ConfigError when the file cannot be read or is no hours file by its size alone."""
    try:
        raw = file.read_bytes()
        if len(raw) > FILE_BYTES_MAX:
            raise ConfigError(str(file), (f"it has more than {FILE_BYTES_MAX} bytes",))
        return raw.decode()
    except OSError as error:
        raise ConfigError(str(file), (f"it cannot be read: {error.strerror}",)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(file), (f"it is not UTF-8: {error}",)) from error
