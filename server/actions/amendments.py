"""Changing what was set up: a password, a printer's address, whether a kiosk needs a token."""

from __future__ import annotations

from server.actions.hall import Hall
from server.actions.settings import hash_password
from server.clock import Chance
from server.db import amendments
from server.domain.errors import UnknownAgent
from server.domain.ids import BranchId

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


def set_open_kiosk(*, hall: Hall, branch: BranchId, open_kiosk: bool) -> None:
    """Say whether the kiosk of a branch works without a token."""
    with hall.store.administer() as connection:
        amendments.save_open_kiosk(connection, branch, open_kiosk=open_kiosk)
