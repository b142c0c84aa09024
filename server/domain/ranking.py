"""The order: who is called before whom, and the one sentence that explains it.

Each waiting ticket has one stored `rank_at` = arrival minus the head start of its class; the smallest goes
first. No one can be overtaken by someone who came more than the head start later, whatever happens, so
nobody starves. A desk may serve a line as secondary: the line's ranks count as `lag` later for that desk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.domain.ids import Label, ServiceId, TicketId
from server.domain.states import TicketClass


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadStarts:
    """How much earlier than its arrival a class counts; a branch may set the priority one."""

    priority: timedelta = timedelta(minutes=30)

    def of(self, ticket_class: TicketClass) -> timedelta:
        match ticket_class:
            case TicketClass.ORDINARY:
                return timedelta(0)
            case TicketClass.PRIORITY:
                return self.priority


def rank_at(
    *, arrived_at: datetime, ticket_class: TicketClass, head_starts: HeadStarts
) -> datetime:
    """The instant by which a ticket is ordered."""
    return arrived_at - head_starts.of(ticket_class)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first callable ticket of one line, as one desk sees it."""

    ticket: TicketId
    label: Label
    service: ServiceId
    ticket_class: TicketClass
    issued_at: datetime
    rank_at: datetime
    lag: timedelta = timedelta(0)

    @property
    def key(self) -> tuple[datetime, TicketId]:
        """Ids grow with time of issue, so a tie of the rank falls to who came first."""
        return (self.rank_at + self.lag, self.ticket)


class Cause(StrEnum):
    """Why one ticket goes before the next best one."""

    ONLY_ONE = "only_one"
    CAME_FIRST = "came_first"
    PRIORITY = "priority"
    SECONDARY_LINE = "secondary_line"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`label` before `over` because of `cause`; `minutes` is the head start or the lag that decided."""

    label: Label
    cause: Cause
    over: Label | None = None
    minutes: int = 0


def explain(first: Head, second: Head | None, head_starts: HeadStarts) -> Explanation:
    """The one true reason why `first` precedes `second`: the smallest change that would turn them round."""
    if second is None:
        return Explanation(label=first.label, cause=Cause.ONLY_ONE)
    if (first.issued_at, first.ticket) < (second.issued_at, second.ticket):
        return Explanation(label=first.label, cause=Cause.CAME_FIRST, over=second.label)
    if (first.rank_at, first.ticket) > (second.rank_at, second.ticket):
        minutes = _minutes(second.lag - first.lag)
        return Explanation(
            label=first.label,
            cause=Cause.SECONDARY_LINE,
            over=second.label,
            minutes=minutes,
        )
    minutes = _minutes(head_starts.of(first.ticket_class))
    return Explanation(label=first.label, cause=Cause.PRIORITY, over=second.label, minutes=minutes)


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)
