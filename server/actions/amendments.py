"""Changing what was set up: passwords, addresses, branches and their hours, services, desks; one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from server.actions.hall import Answered, Hall
from server.actions.settings import (
    NAME_LENGTH_MAX,
    check_line,
    check_lines,
    check_looks,
    check_service,
    hash_password,
    zone_named,
)
from server.clock import Chance
from server.db import amendments, reads
from server.db.unit_of_work import UnitOfWork
from server.domain.branch import Branch, Service
from server.domain.errors import Invalid, UnknownAgent, UnknownDesk
from server.domain.estimate import prior
from server.domain.events import Event, EventKind
from server.domain.hours import Hours
from server.domain.ids import BranchId, Language, Texts
from server.domain.ranking import HeadStarts

Value = TypeVar("Value")
HEAD_START_MAX = timedelta(hours=4)
"""More would not be a head start but another queue."""

# No vowels, so no words; none of 0 O 1 l, which people mistake on paper.
_ALPHABET = "23456789bcdfghjkmnpqrstvwxz"
_GROUPS = 4
_GROUP_LENGTH = 4
"""4 × 4 of 27 characters: 76 bits, read aloud in four breaths."""


def new_password(chance: Chance) -> str:
    """A password for paper, such as `kq7m-2xbd-t9wf-h4cz`."""
    letters: list[str] = []
    while len(letters) < _GROUPS * _GROUP_LENGTH:
        index = chance.bits(5)
        if index < len(_ALPHABET):  # drawn again instead of folded: every letter equally likely
            letters.append(_ALPHABET[index])
    groups = [letters[start::_GROUPS] for start in range(_GROUPS)]
    return "-".join("".join(group) for group in groups)


def set_password(*, hall: Hall, login: str, password: str) -> None:
    """Give a person another password. Raises Invalid, UnknownAgent."""
    password_hash = hash_password(password)
    with hall.store.administer() as connection:
        if not amendments.save_password(connection, login, password_hash):
            raise UnknownAgent(f"nobody signs in as {login!r}")


def set_agent_active(*, hall: Hall, login: str, is_active: bool) -> None:
    """Whether a person may sign in and their tokens open anything; their history stays. Raises UnknownAgent."""
    with hall.store.administer() as connection:
        if not amendments.save_agent_active(connection, login, is_active=is_active):
            raise UnknownAgent(f"nobody signs in as {login!r}")


def move_printer(*, hall: Hall, printer: int, address: str) -> None:
    """Note a printer's new address, which the caller has checked; the same one changes nothing."""
    with hall.store.administer() as connection:
        amendments.save_printer_address(connection, printer, address)


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchChange:
    """What shall be different about a building; what is left out stays. An empty name removes that language's."""

    names: Texts = field(default_factory=dict)
    languages: Sequence[Language] | None = None
    zone: str | None = None
    accent: str | None = None
    open_kiosk: bool | None = None
    priority_head_start: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceChange:
    """What shall be different about a service; never its code and letter, which stand on paper.

    `documents` holds whole lists: the one of a language replaces that language's, an empty one removes it.
    `place` counts from 1 in the order of the kiosk.
    """

    names: Texts = field(default_factory=dict)
    documents: Mapping[Language, Sequence[str]] = field(default_factory=dict)
    icon: str | None = None
    expected: timedelta | None = None
    place: int | None = None


def change_branch(*, hall: Hall, branch: BranchId, change: BranchChange) -> bool:
    """Change what screens show of a building; False when it is so already. Raises Invalid, UnknownBranch.

    Another head start counts for tickets issued from now on: nobody who waits already is overtaken by it.
    """
    head_start = change.priority_head_start
    if head_start is not None and not timedelta(0) <= head_start <= HEAD_START_MAX:
        raise Invalid(
            f"a head start has 0 to {HEAD_START_MAX // timedelta(minutes=1)} minutes",
            field="priority",
        )
    zone = None if change.zone is None else zone_named(change.zone)
    with hall.store.change(branch) as work:
        now = hall.clock.now()
        before = work.branch
        after = replace(
            before,
            names=_merged(before.names, change.names),
            languages=_or(
                None if change.languages is None else tuple(change.languages), before.languages
            ),
            hours=replace(before.hours, zone=_or(zone, before.hours.zone)),
            accent=_or(change.accent, before.accent),
            open_kiosk=_or(change.open_kiosk, before.open_kiosk),
            head_starts=HeadStarts(priority=_or(head_start, before.head_starts.priority)),
        )
        check_looks(names=after.names, languages=after.languages, accent=after.accent)
        _require_same_day(before.hours, after.hours, now)
        return _save_branch(work, after, now)


def set_hours(*, hall: Hall, branch: BranchId, wanted: Hours) -> bool:
    """Give a branch other hours, in the time zone that it has; False when they are so already."""

    def alter(before: Hours) -> Hours:
        return replace(wanted, zone=before.zone)

    return _change_hours(hall, branch, alter)


def close_day(*, hall: Hall, branch: BranchId, day: date, why: str) -> bool:
    """Close one day; False when it is closed for that reason already. Raises Invalid."""
    if why:
        check_line(why, NAME_LENGTH_MAX, "comment", "a comment")
    return _change_hours(hall, branch, lambda before: before.closing(day, why))


def reopen_day(*, hall: Hall, branch: BranchId, day: date) -> bool:
    """Let the rules decide about a closed day again; False when they do already."""
    return _change_hours(hall, branch, lambda before: before.reopening(day))


def change_service(*, hall: Hall, branch: BranchId, code: str, change: ServiceChange) -> bool:
    """Change what screens and paper show of a service; False when it is so already.

    Another expected time takes the place of what the desks have taught. Raises Invalid, UnknownService.
    """
    with hall.store.change(branch) as work:
        before = reads.services_of(work.connection, branch)
        present = reads.service_by_code(work.connection, branch, code)
        after = replace(
            present,
            names=_merged(present.names, change.names),
            documents=_merged(
                present.documents, {tag: tuple(items) for tag, items in change.documents.items()}
            ),
            icon=_or(change.icon, present.icon),
            expected=_or(change.expected, present.expected),
        )
        check_service(
            names=after.names, documents=after.documents, icon=after.icon, expected=after.expected
        )
        ordered = [after if each.id == after.id else each for each in before]
        changed = [each for each in _placed(ordered, after, change.place) if each not in before]
        if not changed:
            return False
        for each in changed:
            amendments.save_service(work.connection, each)
        if after.expected != present.expected:
            work.save_handling(after.id, prior(after.expected))
        _announce(work, hall.clock.now())
    return True


def change_desk(
    *, hall: Hall, branch: BranchId, number: int, lines: Mapping[str, timedelta]
) -> Answered[tuple[str, ...]]:
    """Let a desk serve the services of `lines` (code → lag) instead of those it served, with or without a shift.

    The answer holds the codes of the services that no desk serves any more because of it. A ticket in hand
    stays at the desk. Raises Invalid, UnknownDesk, UnknownService.
    """
    check_lines(lines)
    with hall.store.change(branch) as work:
        catalogue = reads.catalogue(work.connection, work.branch)
        desk = next((each for each in catalogue.desks if each.number == number), None)
        if desk is None:
            known = ", ".join(str(each.number) for each in catalogue.desks) or "none"
            raise UnknownDesk(f"there is no desk {number}; there are: {known}")
        wanted = {catalogue.service(code).id: lag for code, lag in lines.items()}
        before = {line.service: line.lag for line in desk.lines}
        if wanted == before:
            return Answered(value=(), is_new=False)
        amendments.replace_desk_lines(work.connection, desk.id, wanted)
        served = wanted.keys() | {
            line.service for each in catalogue.desks if each.id != desk.id for line in each.lines
        }
        _announce(work, hall.clock.now())
    left = before.keys() - served
    return Answered(
        value=tuple(each.code for each in catalogue.services if each.id in left), is_new=True
    )


def _change_hours(hall: Hall, branch: BranchId, alter: Callable[[Hours], Hours]) -> bool:
    with hall.store.change(branch) as work:
        after = replace(work.branch, hours=alter(work.branch.hours))
        return _save_branch(work, after, hall.clock.now())


def _save_branch(work: UnitOfWork, after: Branch, now: datetime) -> bool:
    before = work.branch
    if after == before:
        return False
    amendments.save_branch(work.connection, after)
    is_open = after.hours.is_open(now)
    if is_open is not before.hours.is_open(now):
        # What time would do later: whoever reads the events learns it in the same way.
        kind = EventKind.BRANCH_OPENED if is_open else EventKind.BRANCH_CLOSED
        work.record_event(Event(kind=kind, at=now))
    _announce(work, now)
    return True


def _announce(work: UnitOfWork, now: datetime) -> None:
    """Every screen of the branch hears of it, whichever process shows it."""
    work.record_event(Event(kind=EventKind.CATALOGUE_CHANGED, at=now))
    work.commit()


def _require_same_day(before: Hours, after: Hours, now: datetime) -> None:
    """The day is in the key of every number: it must not jump under those who wait. Raises Invalid."""
    there = after.business_day(now)
    if there != before.business_day(now):
        raise Invalid(
            f"in {after.zone.key} it is {there} now, here {before.business_day(now)}: "
            "try again at an hour at which both have the same date",
            field="zone",
        )


def _placed(services: Sequence[Service], moved: Service, place: int | None) -> list[Service]:
    """The services with `moved` in its new place; each keeps its position where the order stays."""
    if place is None or services.index(moved) == place - 1:
        return list(services)
    if not 1 <= place <= len(services):
        raise Invalid(f"a place on the kiosk goes from 1 to {len(services)}", field="position")
    ordered = [each for each in services if each is not moved]
    ordered.insert(place - 1, moved)
    return [replace(each, position=index) for index, each in enumerate(ordered)]


def _merged(
    before: Mapping[Language, Value], change: Mapping[Language, Value]
) -> dict[Language, Value]:
    """One value a language, in the order of the languages; an empty one is none."""
    both = {**before, **change}
    return {tag: both[tag] for tag in Language if both.get(tag)}


def _or(change: Value | None, before: Value) -> Value:
    return before if change is None else change
