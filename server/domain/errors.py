"""Every anticipated "no" of the system, as one small closed tree.

    Refusal
    ├── NotFound        the thing named does not exist here
    │   └── UnknownBranch · UnknownService · UnknownDesk · UnknownTicket · UnknownAgent · UnknownPrinter
    │       UnknownDevice · UnknownPairing · NoScreenshot
    ├── Conflict        it exists, but the present state says no
    │   ├── IllegalTransition · RecallTooSoon · ReopenTooLate
    │   ├── ServiceClosed · BranchClosed · LineFull
    │   ├── TicketInHand · NobodyWaiting · TicketNotHere
    │   ├── NoShift · DeskTaken · AgentElsewhere · DeskPaused
    │   ├── DayNotLeasable · NumberNotLeased · NumberTaken · TooManyPairings · TooManyLooks
    │   └── KioskOutOfOrder · ServerAway      said by the program on a kiosk alone
    ├── Gone            it was here, and is over
    │   └── PairingExpired
    ├── Invalid         the request makes no sense: it names the field
    ├── NotAllowed      known, but without the right
    └── KeyReused       one idempotency key, two different requests

The web maps each branch of the tree to one HTTP status; nobody else knows about HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar


class Refusal(Exception):
    """An anticipated "no" with a stable code; `details` hold ids, numbers and words, never secrets."""

    code: ClassVar[str]

    def __init__(self, message: str, **details: str | int | None) -> None:
        super().__init__(message)
        self.message = message
        self.details = {name: value for name, value in details.items() if value is not None}


class NotFound(Refusal):
    code = "not_found"


class UnknownBranch(NotFound):
    code = "unknown_branch"


class UnknownService(NotFound):
    code = "unknown_service"


class UnknownDesk(NotFound):
    code = "unknown_desk"


class UnknownTicket(NotFound):
    code = "unknown_ticket"


class UnknownAgent(NotFound):
    code = "unknown_agent"


class UnknownPrinter(NotFound):
    code = "unknown_printer"


class UnknownDevice(NotFound):
    code = "unknown_device"


class UnknownPairing(NotFound):
    """No device shows this code now: mistyped, expired or accepted already."""

    code = "unknown_pairing"


class NoScreenshot(NotFound):
    """Nobody asked for one, or it has not come yet."""

    code = "no_screenshot"


class Conflict(Refusal):
    code = "conflict"


class IllegalTransition(Conflict):
    """The state table has no such step; names the present state."""

    code = "illegal_transition"


class RecallTooSoon(Conflict):
    code = "recall_too_soon"


class ReopenTooLate(Conflict):
    code = "reopen_too_late"


class ServiceClosed(Conflict):
    code = "service_closed"


class BranchClosed(Conflict):
    code = "branch_closed"


class LineFull(Conflict):
    """The numbers of the day are used up (`MAX_NUMBER`), or the others are leased to kiosks."""

    code = "line_full"


class TicketInHand(Conflict):
    code = "ticket_in_hand"


class TicketNotHere(Conflict):
    """The ticket is at another desk."""

    code = "ticket_not_here"


class NobodyWaiting(Conflict):
    """`callable_at` tells when a held ticket may be called, if one is held."""

    code = "nobody_waiting"

    def __init__(self, message: str, *, callable_at: datetime | None = None) -> None:
        super().__init__(message, callable_at=callable_at.isoformat() if callable_at else None)
        self.callable_at = callable_at


class NoShift(Conflict):
    code = "no_shift"


class DeskTaken(Conflict):
    code = "desk_taken"


class AgentElsewhere(Conflict):
    code = "agent_elsewhere"


class DeskPaused(Conflict):
    code = "desk_paused"


class KioskOutOfOrder(Conflict):
    """The kiosk cannot keep a promise (full disk, broken journal, token revoked): it makes none."""

    code = "kiosk_out_of_order"


class ServerAway(Conflict):
    """Only the server could answer this, and it is not reached."""

    code = "server_away"


class DayNotLeasable(Conflict):
    """Numbers are leased for today and the next open day."""

    code = "day_not_leasable"


class NumberNotLeased(Conflict):
    """The number is in no block of this kiosk."""

    code = "number_not_leased"


class NumberTaken(Conflict):
    """Another ticket has this number, id or secret."""

    code = "number_taken"


class TooManyPairings(Conflict):
    code = "too_many_pairings"


class TooManyLooks(Conflict):
    """Strangers have this branch's board open in as many different ways as are rendered."""

    code = "too_many_looks"


class Gone(Refusal):
    code = "gone"


class PairingExpired(Gone):
    """The code ran out, or its token was fetched and used: the same answer for one that never was."""

    code = "pairing_expired"


class Invalid(Refusal):
    """`field` names what is wrong; `errors` is every field with its message, where several were looked at at once."""

    code = "invalid"

    def __init__(self, message: str, *, field: str, errors: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message, field=field)
        self.errors = tuple(errors) or ((field, message),)


class NotAllowed(Refusal):
    code = "not_allowed"


class KeyReused(Refusal):
    code = "idempotency_key_reused"
