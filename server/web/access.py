"""Who is asking, and the guards that stand beside the blueprints in `app`.

Programs send a bearer token. A kiosk's browser keeps its token in a cookie that no script can read. Staff sign
in and have a session.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, cast

from flask import Response, abort, g, redirect, request, url_for
from flask_login import current_user

from server.actions import devices
from server.actions.hall import Caller, Hall
from server.actions.settings import token_digest
from server.db import credentials, reads
from server.db.credentials import Account, Credential
from server.db.engine import Connection
from server.domain.branch import Agent, Branch
from server.domain.errors import NotAllowed
from server.domain.ids import AgentId, BranchId
from server.domain.roles import Right, Role, rights_of
from server.pages.answers import wants_fragment
from server.web.context import web
from server.web.problems import Unauthenticated

DEVICE_COOKIE = "nouba_device"
TOKEN_LENGTH_MAX = 200
TOKEN_BELIEVED = timedelta(seconds=1)
TOKENS_KEPT_MAX = 10_000
STAMP_LENGTH = 16


@dataclass(frozen=True, slots=True)
class StaffMember:
    """An agent as Flask-Login wants them (its UserMixin, spelled out: it has no types)."""

    account: Account
    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    @property
    def agent(self) -> Agent:
        return self.account.agent

    @property
    def branch(self) -> BranchId:
        return self.account.branch

    @property
    def is_active(self) -> bool:
        return self.agent.is_active

    def get_id(self) -> str:
        """What the session keeps: a new password ends every session that the old one opened."""
        stamp = hashlib.sha256((self.account.password_hash or "").encode()).hexdigest()
        return f"{self.agent.id}.{stamp[:STAMP_LENGTH]}"


def load_staff(session_id: str) -> StaffMember | None:
    """Flask-Login's loader: who was deactivated, or has a new password, is signed out by the next request."""
    with web().hall.store.read() as connection:
        return present_member(connection, session_id)


def present_member(connection: Connection, session_id: str) -> StaffMember | None:
    """Whose session this is; None for one that has ended."""
    agent_id = session_id.partition(".")[0]
    if not agent_id.isdecimal():
        return None
    found = credentials.account(connection, AgentId(int(agent_id)))
    if found is None or not found.agent.is_active:
        return None
    member = StaffMember(found)
    return member if member.get_id() == session_id else None


def anyone() -> None:
    """The guard of what is public."""


def program() -> None:
    """The guard of the API: a bearer token. Raises Unauthenticated."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = find_credential(token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise Unauthenticated
    g.caller, g.branch = caller_of(found), found.branch


def kiosk() -> Response | None:
    """The guard of a kiosk's pages: its token, or a branch whose kiosk is open. Else the sign-in."""
    slug = str((request.view_args or {}).get("slug", ""))
    found = kiosk_caller(slug)
    if found is None and wants_fragment():
        abort(401)
    if found is None:
        return cast(Response, redirect(url_for("kiosk_sign_in.show", slug=slug)))
    g.caller, g.branch = found
    return None


def staff() -> Response | None:
    """The guard of the desk: somebody who signed in. Else the sign-in."""
    if not current_user.is_authenticated:
        if wants_fragment():
            abort(401)  # a module would follow the redirect and take the sign-in for its fragment
        return cast(Response, redirect(url_for("sign_in.show", next=request.path)))
    g.caller = staff_caller()
    return None


def administrator() -> Response | None:
    """The guard of what only administrators set up: staff with that right. Raises NotAllowed."""
    return _staff_with(Right.ADMINISTER)


def supervisor() -> Response | None:
    """The guard of the machines' page: staff who may read what happens in their branch. Raises NotAllowed."""
    return _staff_with(Right.READ_EVENTS)


def supervised_branch() -> BranchId | None:
    """The branch of whoever is signed in here and may open the machines' page; None for everybody else."""
    if not current_user.is_authenticated:
        return None
    member = staff_member()
    return member.branch if Right.READ_EVENTS in rights_of(member.agent.role) else None


def _staff_with(right: Right) -> Response | None:
    answer = staff()
    if answer is None:
        caller().require(right)
    return answer


def caller() -> Caller:
    """Who asks, once a guard has let them in."""
    return cast(Caller, g.caller)


def guarded_branch() -> Branch:
    """The branch of a device or program, once a guard has let it in."""
    return cast(Branch, g.branch)


def staff_member() -> StaffMember:
    """The person at the desk, once the guard has let them in."""
    return cast(StaffMember, current_user)


def staff_caller() -> Caller:
    """The signed-in person as the actions see them."""
    member = staff_member()
    return Caller(
        scope=f"agent:{member.agent.id}",
        role=member.agent.role,
        branch=member.branch,
        agent=member.agent.id,
    )


def find_credential(token: str) -> Credential | None:
    """Whom a token speaks for; None when it is missing, unknown or revoked."""
    if not token or len(token) > TOKEN_LENGTH_MAX:
        return None
    return web().tokens.find(token_digest(token))


class Tokens:
    """Looks tokens up, and believes an answer for `TOKEN_BELIEVED`: a device sends its token with every request.

    What a token speaks for never changes; that it was revoked is noticed after that time at the latest.
    """

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._found: dict[str, tuple[Credential, datetime]] = {}

    def find(self, digest: str) -> Credential | None:
        """The credential with this digest; None, and never remembered, when there is none."""
        now = self._hall.clock.now()
        found, until = self._found.get(digest, (None, now))
        if found is not None and now < until:
            return found
        with self._hall.store.read() as connection:
            found = credentials.credential(connection, digest)
        if found is not None and found.is_first_use:
            devices.note_first_use(hall=self._hall, token=found.token_id)
        if len(self._found) >= TOKENS_KEPT_MAX:
            self._found.clear()
        self._found.pop(digest, None)
        if found is not None:
            self._found[digest] = (found, now + TOKEN_BELIEVED)
        return found


def caller_of(found: Credential) -> Caller:
    """A token's holder as the actions see it."""
    return Caller(
        scope=f"token:{found.token_id}",
        role=found.role,
        branch=found.branch.id,
        agent=found.agent,
        printer=found.printer,
        device=found.device,
    )


def kiosk_caller(slug: str) -> tuple[Caller, Branch] | None:
    """The kiosk that asks, with its branch; None when it must sign in. Raises UnknownBranch, NotAllowed."""
    found = find_credential(request.cookies.get(DEVICE_COOKIE, ""))
    if found is not None and found.branch.slug == slug:
        device = caller_of(found)
        device.require(Right.ISSUE)
        return device, found.branch
    with web().hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, slug)
    if not branch.open_kiosk:
        return None
    return Caller(scope=f"open-kiosk:{branch.id}", role=Role.KIOSK, branch=branch.id), branch


def require_slug(slug: str) -> Branch:
    """The token's branch, if that is what the address names.

    Raises NotAllowed for any other, whether it exists or not: a token learns nothing of other branches.
    """
    branch = guarded_branch()
    if branch.slug == slug:
        return branch
    raise NotAllowed("this credential belongs to another branch")
