"""The furniture of a building: the branch, its services, its desks and the lines that each desk serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from server.domain.errors import UnknownService
from server.domain.hours import Hours
from server.domain.ids import AgentId, BranchId, DeskId, Language, Seq, ServiceId, Texts
from server.domain.ranking import HeadStarts
from server.domain.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One building with a waiting room, at one version (`seq`)."""

    id: BranchId
    slug: str
    names: Texts
    languages: tuple[Language, ...]
    hours: Hours
    head_starts: HeadStarts = field(default_factory=HeadStarts)
    accent: str = "#0f5c5c"
    open_kiosk: bool = False
    """Whether `/kiosk/SLUG` works without a token: for the demo and for closed networks only."""
    seq: Seq = Seq(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a citizen comes for. `documents` is what to bring, by language."""

    id: ServiceId
    code: str
    letter: str
    names: Texts
    documents: Mapping[Language, tuple[str, ...]]
    icon: str
    position: int
    is_open: bool
    expected: timedelta
    """The handling time that is assumed until the desks have taught a better one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLine:
    """A line that a desk serves; `lag` > 0 makes it secondary there."""

    service: ServiceId
    lag: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The place where an agent serves; citizens know it by its number."""

    id: DeskId
    number: int
    lines: tuple[DeskLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person of the staff."""

    id: AgentId
    login: str
    name: str
    role: Role
    language: Language
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """Where a branch's paper comes out; `address` as in `tcp://10.0.0.5:9100`."""

    id: int
    name: str
    address: str
    width_dots: int
    state: str
    """`ok`, `paper_near_end`, `unknown` (not asked yet, or silent) or the code of the present fault."""

    @property
    def shows_fault(self) -> bool:
        """Whether it is known not to print."""
        return self.state not in ("ok", "paper_near_end", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything of a branch that changes seldom, read together."""

    branch: Branch
    services: tuple[Service, ...]
    desks: tuple[Desk, ...]

    def service(self, code: str) -> Service:
        """Raises UnknownService."""
        for service in self.services:
            if service.code == code:
                return service
        raise UnknownService("this branch has no such service", service=code)
