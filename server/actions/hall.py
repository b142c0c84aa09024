"""What every action needs, who asks, and the one way in which a change is made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from server.clock import Chance, Clock
from server.db.unit_of_work import RequestKey, Store, UnitOfWork
from server.domain.errors import NoShift, NotAllowed, Refusal
from server.domain.ids import AgentId, BranchId, DeskId, DeviceId
from server.domain.queue import Shift
from server.domain.roles import Right, Role, rights_of
from server.domain.ticket import Place

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """The machinery of the building: its database, its clock, its source of chance."""

    store: Store
    clock: Clock
    chance: Chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `scope` names the credential among all others; `printer` is where its paper comes out.

    `device` is the paired kiosk or screen that the token belongs to.
    """

    scope: str
    role: Role
    branch: BranchId
    agent: AgentId | None = None
    printer: int | None = None
    device: DeviceId | None = None

    def require(self, right: Right) -> None:
        """Raises NotAllowed."""
        if right not in rights_of(self.role):
            raise NotAllowed(
                f"this credential has no right to {right}", right=right, role=self.role
            )

    def require_agent(self) -> AgentId:
        """The person behind the request. Raises NotAllowed for a device."""
        if self.agent is None:
            raise NotAllowed("only an agent can do this", role=self.role)
        return self.agent

    def require_device(self) -> DeviceId:
        """The machine behind the request. Raises NotAllowed for anybody who was not paired."""
        if self.device is None:
            raise NotAllowed("only a paired device can do this", role=self.role)
        return self.device


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Generic[Answer]):
    """An answer, and whether this request wrote it now (False: a replay, or already so)."""

    value: Answer
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[Answer]):
    """What one step came to; `is_change` False means already so, nothing was written."""

    answer: Answer
    is_change: bool = True


def request_key(scope: str, key: str | None, *parts: object) -> RequestKey | None:
    """The identity of a changing request: the client's key and a digest of what it asks."""
    if key is None:
        return None
    asked = "\x1f".join(str(part) for part in parts)
    digest = hashlib.sha256(asked.encode()).hexdigest()
    return RequestKey(scope=scope, key=key, fingerprint=digest)


def perform(
    hall: Hall,
    branch: BranchId,
    request: RequestKey | None,
    answer_type: type[Answer],
    step: Callable[[UnitOfWork, datetime], Step[Answer]],
) -> Answered[Answer]:
    """The one write path: lock, decide, record, remember the answer, commit.

    A replay is noticed where it must show itself: its key is taken when the answer is to be kept, or the
    state has moved on and the step is refused. It then gets its first answer and everything of the second
    attempt is undone. (Asking before each step would cost the others a query.) "Already so" is an answer too:
    it is kept under its key, and else nothing is written, so that a late duplicate cannot act later.
    Whatever else `step` raises undoes everything.
    """
    with hall.store.change(branch) as work:
        # Read under the lock: numbers, ranks and events then agree about who came first.
        now = hall.clock.now()
        try:
            done = step(work, now)
        except Refusal:
            first = work.replayed(request, answer_type)
            if first is None:
                raise
            return Answered(value=first, is_new=False)
        if request is None and not done.is_change:
            return Answered(value=done.answer, is_new=False)
        if request is None or work.remember(request, done.answer, now):
            work.commit()
            return Answered(value=done.answer, is_new=done.is_change)
        first = work.replayed(request, answer_type)
        assert first is not None, "a key that is taken has an answer"
        return Answered(value=first, is_new=False)


def require_branch(caller: Caller, branch: BranchId) -> None:
    """Raises NotAllowed when the credential belongs to another branch."""
    if caller.branch != branch:
        raise NotAllowed("this credential belongs to another branch")


def require_shift(shift: Shift | None, desk: DeskId | None = None) -> Shift:
    """The caller's open shift, at `desk` if that is given. Raises NoShift."""
    if shift is None or (desk is not None and shift.desk != desk):
        raise NoShift("open a shift at this desk first", desk=desk)
    return shift


def place_of(shift: Shift) -> Place:
    """The desk and agent of a shift."""
    return Place(desk=shift.desk, agent=shift.agent)
