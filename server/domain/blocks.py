"""Numbers for the time without a server: blocks that a kiosk leases ahead of need, and the tickets it gave out of them.

Online numbers count up from 1; blocks are cut from the top of 999 downwards. The two never meet: a line is full
when they would.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from server.domain.branch import Branch, Service
from server.domain.errors import DayNotLeasable, Invalid, NumberNotLeased, UnknownService
from server.domain.events import Event, EventKind
from server.domain.ids import DeviceId, Label, Language, Secret, ServiceId, TicketId
from server.domain.queue import label_of
from server.domain.ranking import rank_at
from server.domain.states import TicketClass, TicketState
from server.domain.ticket import Change, Ticket
from server.wire_devices import OfflineTicket

BLOCK_LEAST = 100
"""What a service that was never asked for gets, if there is as much."""
ONLINE_LEAST = 400
"""So many numbers of a line the server keeps for itself, or as many as the service's busiest day took."""
OPEN_DAYS_LOOKED_AT = 20
"""A block is enough for half more than the busiest of so many days."""
LEFT_LEAST_PART = 4
"""A kiosk that has less than this part of its numbers left gets a further block."""
TICKETS_AT_ONCE_MAX = 100
_TICKET_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_SECRET = re.compile(r"[0-9A-HJKMNP-TV-Z]{13}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineNumbers:
    """How far the numbers of a line are given out on one day: from below, and from above to kiosks."""

    last_number: int
    reserved_from: int

    @property
    def free(self) -> int:
        """The numbers that nobody has yet."""
        return max(0, self.reserved_from - 1 - self.last_number)

    def leasable(self, *, most_a_day: int) -> int:
        """The free numbers that kiosks may have: a day like the busiest one must find its numbers online.

        An idle block must not turn citizens away; a kiosk without a number still has the server's.
        """
        online = max(self.last_number, most_a_day, ONLINE_LEAST)
        return max(0, self.reserved_from - 1 - online)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedBlock:
    """The numbers `first` … `last` of a service on one day, for one device alone."""

    service: ServiceId
    day: date
    device: DeviceId
    first: int
    last: int
    leased_at: datetime
    kept: int = 0
    """How many of them the server knows to be tickets."""

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return self.last - self.first + 1

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last


def block_size(line: LineNumbers, *, most_a_day: int, kiosks_without: int) -> int:
    """How many numbers a kiosk gets of a line; 0 when it must do without.

    `most_a_day` is the most that the service gave out on one of its last days, `kiosks_without` counts the
    kiosks that wait for a block of this line, the asking one among them: each gets a share, and one is left for
    a kiosk that is paired later or has used its block up.
    """
    wanted = max(BLOCK_LEAST, most_a_day + (most_a_day + 1) // 2)
    return min(wanted, line.leasable(most_a_day=most_a_day) // (kiosks_without + 1))


def needs_another(held: Collection[LeasedBlock]) -> bool:
    """Whether a kiosk with these blocks of a line should have a further one: less than a quarter is left.

    Told by the tickets that it brought, so that asking twice leases nothing twice.
    """
    size = sum(each.size for each in held)
    left = size - sum(each.kept for each in held)
    return not held or left < size / LEFT_LEAST_PART


def cut(
    line: LineNumbers,
    size: int,
    *,
    service: ServiceId,
    day: date,
    device: DeviceId,
    now: datetime,
) -> tuple[LeasedBlock, Event]:
    """The topmost `size` free numbers of a line as a block, with its fact."""
    assert 1 <= size <= line.free, "a block is cut from numbers that nobody has"
    first, last = line.reserved_from - size, line.reserved_from - 1
    block = LeasedBlock(
        service=service, day=day, device=device, first=first, last=last, leased_at=now
    )
    data: dict[str, str | int] = {
        "device": device,
        "day": day.isoformat(),
        "first": first,
        "last": last,
    }
    event = Event(kind=EventKind.NUMBERS_LEASED, at=now, service=service, data=data)
    return block, event


def require_leasable(branch: Branch, day: date, now: datetime) -> None:
    """Blocks are leased for today and the next open day. Raises DayNotLeasable."""
    today = branch.hours.business_day(now)
    if day not in {today, branch.hours.next_open_day(today)}:
        raise DayNotLeasable(
            "numbers are leased for today and the next open day", day=day.isoformat()
        )


def keep(
    asked: OfflineTicket,
    *,
    branch: Branch,
    service: Service | None,
    block: LeasedBlock | None,
    now: datetime,
) -> tuple[Change, int]:
    """A ticket that a kiosk gave out by itself, ranked by the time of its issue; and the seconds that time was moved.

    Number, id and secret are on paper: they are taken as they are or not at all. A day that is over is no
    hindrance, its end closes the ticket; one that a clock got wrong is (`day_of`).
    Raises UnknownService, NumberNotLeased, Invalid.
    """
    if service is None:
        raise UnknownService("this branch has no such service", service=asked.service)
    if block is None or asked.number not in block:
        raise NumberNotLeased("this number was not leased to this kiosk", number=asked.number)
    ticket_class, language = _checked(asked)
    day = day_of(asked.issued_at, branch=branch, block=block, now=now)
    issued_at = believable(asked.issued_at, branch=branch, block=block, day=day, now=now)
    shifted = round((issued_at - asked.issued_at).total_seconds())
    ticket = Ticket(
        id=TicketId(asked.id),
        branch=branch.id,
        day=day,
        service=service.id,
        label=label_of(service, asked.number),
        secret=Secret(asked.secret),
        ticket_class=ticket_class,
        language=language,
        state=TicketState.WAITING,
        issued_at=issued_at,
        rank_at=rank_at(
            arrived_at=issued_at, ticket_class=ticket_class, head_starts=branch.head_starts
        ),
        segment_from=issued_at,
    )
    data: dict[str, str | int] = {
        "label": ticket.label,
        "class": ticket_class.value,
        "device": block.device,
        "offline": 1,
    }
    if shifted:
        data["shifted_seconds"] = shifted
    if day != block.day:
        data["shifted_days"] = (day - block.day).days
    event = Event(
        kind=EventKind.TICKET_ISSUED, at=now, ticket=ticket.id, service=service.id, data=data
    )
    return Change(before=None, after=ticket, event=event), shifted


def refusal_of(
    *, device: DeviceId, code: str, service: Service | None, label: Label | None, now: datetime
) -> Event:
    """The fact that a kiosk's paper is in no line."""
    data: dict[str, str | int] = {"device": device, "code": code}
    if label is not None:
        data["label"] = label
    known = None if service is None else service.id
    return Event(kind=EventKind.TICKET_REFUSED, at=now, service=known, data=data)


def day_of(issued_at: datetime, *, branch: Branch, block: LeasedBlock, now: datetime) -> date:
    """The day in whose line the ticket stands: its block's, unless a wrong clock took a number of another day.

    A citizen who came today is in the house: in the line of a day that is over, or of tomorrow, nobody would call.
    """
    today = branch.hours.business_day(now)
    came = branch.hours.business_day(min(max(issued_at, block.leased_at), now))
    return today if block.day > today or came == today else block.day


def believable(
    issued_at: datetime, *, branch: Branch, block: LeasedBlock, day: date, now: datetime
) -> datetime:
    """The time of issue as far as it can be true: after the lease, on the ticket's day, not in the future."""
    start = branch.hours.start_of(day)
    end = branch.hours.start_of(day + timedelta(days=1)) - timedelta(milliseconds=1)
    moved = min(max(issued_at, block.leased_at, start), end, now)
    return moved.replace(microsecond=moved.microsecond // 1000 * 1000)


def _checked(asked: OfflineTicket) -> tuple[TicketClass, Language]:
    if _TICKET_ID.fullmatch(asked.id) is None:
        raise Invalid("this is no ticket's id", field="id")
    if _SECRET.fullmatch(asked.secret) is None:
        raise Invalid("this is no ticket's secret", field="secret")
    try:
        return TicketClass(asked.ticket_class), Language(asked.language)
    except ValueError as error:
        raise Invalid("there is no such class or language", field="ticket_class") from error
