"""By what right each socket watches what is not public, and whose right has ended since.

A request shows its credential every time; a socket did once, at its `watch`. So the rights are looked at again with
every pulse, all together, whatever ended them: a token or device that was revoked, somebody who left the staff or has a
new password or role, a branch whose kiosk is open no more.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from server.db import credentials, reads
from server.db.engine import Connection
from server.domain.ids import BranchId
from server.domain.roles import Role
from server.web.access import StaffMember, present_member


@dataclass(frozen=True, slots=True)
class ByToken:
    """A program, or a kiosk's browser."""

    token: int


@dataclass(frozen=True, slots=True)
class BySession:
    """Somebody who signed in; what they see hangs on their role."""

    session: str
    role: Role


@dataclass(frozen=True, slots=True)
class ByOpenKiosk:
    """Anybody, as long as the branch lets anybody be its kiosk."""

    branch: BranchId


Grant = ByToken | BySession | ByOpenKiosk


def of_member(member: StaffMember) -> BySession:
    """The grant of somebody who signed in."""
    return BySession(member.get_id(), member.agent.role)


class Grants:
    """The grants of this process's sockets."""

    def __init__(self) -> None:
        self._held: dict[str, Grant] = {}
        self._lock = threading.Lock()

    def keep(self, sid: str, grant: Grant | None) -> None:
        """A socket watches by this right from now on; None: what it watches needs none."""
        with self._lock:
            if grant is None:
                self._held.pop(sid, None)
            else:
                self._held[sid] = grant

    def held(self) -> dict[str, Grant]:
        """All of them, as they are now."""
        with self._lock:
            return dict(self._held)


def ended(connection: Connection, grants: Iterable[Grant]) -> set[Grant]:
    """Those that would not be given again; a few statements, however many sockets share them."""
    asked = set(grants)
    tokens = {each.token for each in asked if isinstance(each, ByToken)}
    living = credentials.living_tokens(connection, tokens)
    gone: set[Grant] = {ByToken(token) for token in tokens - living}
    for each in asked:
        if isinstance(each, BySession):
            member = present_member(connection, each.session)
            is_valid = member is not None and of_member(member) == each
        elif isinstance(each, ByOpenKiosk):
            is_valid = reads.branch(connection, each.branch).open_kiosk
        else:
            continue
        if not is_valid:
            gone.add(each)
    return gone
