"""The only place that reads the clock or draws chance: everything else is handed both.

The simulator replaces them, so one seed decides a whole day.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Protocol

from server.domain.ids import Secret, TicketId

# Crockford's alphabet: upper-case for a small QR, without I, L, O and U, which people mistake.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS = 5
SECRET_LENGTH = 13
"""65 bits: with the look-ups limited, a guess a second would need longer than the town has stood."""
TOKEN_BYTES = 32
_TIME_LENGTH = 10
_ORDER_LENGTH = 6
_RANDOM_LENGTH = 10


class Clock(Protocol):
    """Tells the time: aware UTC, whole milliseconds (what the database keeps)."""

    def now(self) -> datetime: ...


class Chance(Protocol):
    """Draws what nobody may guess."""

    def bits(self, count: int) -> int:
        """A uniform integer of `count` random bits."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        moment = datetime.now(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class SystemChance:
    """The operating system's generator."""

    def bits(self, count: int) -> int:
        return secrets.randbits(count)


def new_ticket_id(now: datetime, order: int, chance: Chance) -> TicketId:
    """26 characters in the ULID layout: sorted by milliseconds, then by `order`, then 50 random bits.

    `order` counts up within a branch, so that two tickets of one millisecond keep their order.
    """
    millis = round(now.timestamp() * 1000)
    return TicketId(
        _base32(millis, _TIME_LENGTH)
        + _base32(order, _ORDER_LENGTH)
        + _base32(chance.bits(_RANDOM_LENGTH * _BITS), _RANDOM_LENGTH)
    )


def new_secret(chance: Chance) -> Secret:
    """`SECRET_LENGTH` characters for the QR."""
    return Secret(_base32(chance.bits(SECRET_LENGTH * _BITS), SECRET_LENGTH))


def new_token(chance: Chance) -> str:
    """A bearer token; the prefix lets secret scanners find one that leaked."""
    return f"nouba_{chance.bits(TOKEN_BYTES * 8):064x}"


def _base32(value: int, length: int) -> str:
    characters = []
    for _ in range(length):
        value, index = divmod(value, len(_ALPHABET))
        characters.append(_ALPHABET[index])
    return "".join(reversed(characters))
