"""The facts that a branch records, past tense, one per change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from server.domain.ids import AgentId, DeskId, Seq, ServiceId, TicketId


class EventKind(StrEnum):
    """Every kind of fact. Public: integrators and the docs list them, so a value never changes."""

    TICKET_ISSUED = "ticket_issued"
    TICKET_CALLED = "ticket_called"
    TICKET_RECALLED = "ticket_recalled"
    TICKET_STARTED = "ticket_started"
    TICKET_START_UNDONE = "ticket_start_undone"
    TICKET_FINISHED = "ticket_finished"
    TICKET_REOPENED = "ticket_reopened"
    TICKET_NOT_SHOWN = "ticket_not_shown"
    TICKET_MISSED = "ticket_missed"
    TICKET_REINSTATED = "ticket_reinstated"
    TICKET_PARKED = "ticket_parked"
    TICKET_UNPARKED = "ticket_unparked"
    TICKET_TRANSFERRED = "ticket_transferred"
    TICKET_RETURNED = "ticket_returned"
    TICKET_CANCELLED = "ticket_cancelled"
    TICKET_EXPIRED = "ticket_expired"
    SHIFT_OPENED = "shift_opened"
    SHIFT_CLOSED = "shift_closed"
    PAUSE_STARTED = "pause_started"
    PAUSE_ENDED = "pause_ended"
    AUTO_CALL_SET = "auto_call_set"
    BRANCH_OPENED = "branch_opened"
    BRANCH_CLOSED = "branch_closed"
    SERVICE_OPENED = "service_opened"
    SERVICE_CLOSED = "service_closed"
    CATALOGUE_CHANGED = "catalogue_changed"
    PAPER_LAYOUT_CHANGED = "paper_layout_changed"
    PRINTER_CHANGED = "printer_changed"
    TICKET_NOT_PRINTED = "ticket_not_printed"
    TICKET_PRINTED = "ticket_printed"
    TICKET_REFUSED = "ticket_refused"
    DEVICE_PAIRED = "device_paired"
    DEVICE_RENAMED = "device_renamed"
    DEVICE_CHANGED = "device_changed"
    DEVICE_REVOKED = "device_revoked"
    NUMBERS_LEASED = "numbers_leased"
    DISPLAY_CHANGED = "display_changed"
    DISPLAY_ORDERED = "display_ordered"
    DISPLAY_PICTURED = "display_pictured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact, before the database gives it its `seq`. Ids and numbers only: no name, no phone, no secret."""

    kind: EventKind
    at: datetime
    ticket: TicketId | None = None
    service: ServiceId | None = None
    desk: DeskId | None = None
    agent: AgentId | None = None
    data: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """A fact in its place: `seq` is gap-free and in commit order within the branch."""

    seq: Seq
    event: Event
