"""How much one address may ask for; the numbers are settings, the names of the limits are here.

Only what a stranger can reach is limited, and for look-ups only the failures count: a hall full of phones
behind one access point is one address.
"""

from __future__ import annotations

from functools import lru_cache

from flask import Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import parse

from server.web.context import web


def open_kiosk() -> str:
    """Tickets from a kiosk without a token."""
    return f"{web().config.limits.tickets_per_minute_open_kiosk} per minute"


def look_up() -> str:
    """Wrong secrets."""
    return f"{web().config.limits.secret_lookups_per_minute} per minute"


def sign_in_attempts() -> str:
    """Attempts to sign in."""
    return f"{web().config.limits.sign_ins_per_minute} per minute"


def pairings() -> str:
    """Codes that devices ask for."""
    return f"{web().config.limits.pairings_per_minute} per minute"


def pairing_claims() -> str:
    """Devices that ask whether their code was accepted."""
    return f"{web().config.limits.pairing_claims_per_minute} per minute"


def was_not_found(response: Response) -> bool:
    """Counts a look-up only when it failed."""
    return response.status_code == 404


SOCKETS = "look-ups by socket"
SENTENCES = "120 per minute"
"""Spoken ones, for a stranger at an open kiosk: more than anybody can listen to."""
COMPOSED = "sentences of calls"
COMPOSED_PER_MINUTE = "240 per minute"
"""Calls that nobody called, and that nobody has asked for lately: a curious stranger's. Real calls are not counted."""
API_BLUEPRINT = "api"
"""The one whose guard asks for a token."""
limiter = Limiter(key_func=get_remote_address)
"""Bound to the app in `create_app`; decorators need it when the routes are defined."""

look_ups = limiter.shared_limit(look_up, scope="look-ups", deduct_when=was_not_found)
"""One budget for every address that takes a secret: a second way in is no second chance."""

new_pairings = limiter.limit(pairings)
claims = limiter.limit(pairing_claims)


_parsed = lru_cache(maxsize=8)(parse)
"""Phones ask by the thousand, always for the same text."""


def may_look_up(address: str) -> bool:
    """Whether the address behind a socket may try another secret."""
    return bool(limiter.limiter.test(_parsed(look_up()), SOCKETS, address))


def look_up_failed(address: str) -> None:
    """Count a wrong secret that came through a socket."""
    limiter.limiter.hit(_parsed(look_up()), SOCKETS, address)


def may_compose() -> bool:
    """Count a sentence that must be put together anew; whether this address may have it."""
    return bool(limiter.limiter.hit(parse(COMPOSED_PER_MINUTE), COMPOSED, get_remote_address()))


@limiter.request_filter
def is_a_program() -> bool:
    """A bearer of a token is no stranger: its requests are not even looked at here."""
    return request.blueprint == API_BLUEPRINT
