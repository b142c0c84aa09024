"""Who may do what: roles of tokens and of staff, and the rights each one carries."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a credential is for. Devices carry tokens, people sign in; both have one role."""

    KIOSK = "kiosk"
    DISPLAY = "display"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    INTEGRATION = "integration"


class Right(StrEnum):
    """One thing a credential may do in its branch."""

    ISSUE = "issue"
    SERVE = "serve"
    SUPERVISE = "supervise"
    READ_EVENTS = "read_events"
    ADMINISTER = "administer"


_SERVING = frozenset({Right.ISSUE, Right.SERVE})
_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.KIOSK: frozenset({Right.ISSUE}),
    Role.DISPLAY: frozenset(),
    Role.AGENT: _SERVING,
    Role.SUPERVISOR: _SERVING | {Right.SUPERVISE, Right.READ_EVENTS},
    Role.ADMIN: _SERVING | {Right.SUPERVISE, Right.READ_EVENTS, Right.ADMINISTER},
    Role.INTEGRATION: frozenset({Right.ISSUE, Right.READ_EVENTS}),
}


def rights_of(role: Role) -> frozenset[Right]:
    """The least that `role` needs, and nothing more."""
    return _RIGHTS[role]


STAFF_ROLES = (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
"""The roles of people who sign in with a password."""
