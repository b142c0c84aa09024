"""A running server, and as many small town halls on it as tests want: each test has its own and meets nobody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from server.actions import amendments, settings
from server.actions.hall import Hall
from server.clock import SystemChance, SystemClock
from server.db.engine import open_engine
from server.db.migrate import migrate
from server.db.unit_of_work import Store
from server.demo import read_plan
from server.domain.hours import ALWAYS_OPEN
from server.domain.ids import BranchId, DeskId, Language
from server.domain.roles import Role
from tests.databases import folder_in_memory
from tests.end_to_end.processes import Program, Reply, ServerProcess, running

PASSWORD = "a long enough password"
CIVIL, LEGAL, CERTIFICATES, CLOSED = "etat-civil", "legalisation", "certificats", "urbanisme"
SECONDARY_MINUTES = 20
DESKS: tuple[Mapping[str, int], ...] = (
    {CIVIL: 0, LEGAL: 0},
    {CIVIL: 0, LEGAL: 0},
    {CIVIL: 0, LEGAL: 0, CERTIFICATES: 0},
    {CIVIL: 0, LEGAL: SECONDARY_MINUTES},
)
"""The lines of desks 1 to 4, with their lags in minutes."""
NAMES = {
    Language.ARABIC: "فاطمة الزهراء",
    Language.FRENCH: "Fatima Zahra",
    Language.AMAZIGH: "ⴼⴰⵟⵉⵎⴰ",
    Language.ENGLISH: "Fatima Zahra",
}
LIMITS = (
    "tickets_per_minute_open_kiosk",
    "secret_lookups_per_minute",
    "sign_ins_per_minute",
    "pairings_per_minute",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Signs in by `login` and `PASSWORD`; `program` acts for the same person through the API."""

    login: str
    language: str
    program: Program

    def act(self, path: str, **body: object) -> Reply:
        """A request that must succeed."""
        reply = self.program.post(f"/api/v1{path}", body)
        assert reply.status < 300, reply
        return reply

    def sit(self, desk: DeskId) -> None:
        """Open a shift."""
        self.act(f"/desks/{desk}/shift")

    def call(self, desk: DeskId, **body: str) -> dict[str, Any]:
        """The ticket that was called."""
        called: dict[str, Any] = self.act(f"/desks/{desk}/calls", **body).body
        return called


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One branch: six services of the demo, of which one is closed, and the desks of `DESKS`."""

    slug: str
    id: BranchId
    hall: Hall
    port: int
    desks: tuple[DeskId, ...]
    kiosk: Program
    kiosk_token: str
    logins: list[str] = field(default_factory=list)

    def agent(self, language: str = "fr", role: Role = Role.AGENT) -> Agent:
        """Somebody new on the staff."""
        tongue, login = Language(language), f"{self.slug}.{len(self.logins)}"
        self.logins.append(login)
        made = settings.create_agent(
            hall=self.hall,
            branch=self.id,
            login=login,
            name=NAMES[tongue],
            role=role,
            language=tongue,
            password=PASSWORD,
        )
        _, token = settings.create_token(
            hall=self.hall, branch=self.id, role=role, label=login, agent=made
        )
        return Agent(login=login, language=language, program=Program(self.port, token))

    def seated(self, number: int = 1, language: str = "fr", role: Role = Role.AGENT) -> Agent:
        """Somebody new who sits at the desk with that number."""
        agent = self.agent(language, role)
        agent.sit(self.desks[number - 1])
        return agent

    def take(self, service: str = CIVIL, **more: str) -> dict[str, Any]:
        """A ticket: label, id, secret, seq…"""
        body = {"service": service, **more}
        reply = self.kiosk.post(f"/api/v1/branches/{self.slug}/tickets", body)
        assert reply.status == 201, reply
        taken: dict[str, Any] = reply.body
        return taken

    def tickets(self) -> list[sa.Row[*tuple[Any, ...]]]:
        """What the database holds, oldest first, read beside the running server."""
        return self.rows("SELECT * FROM tickets WHERE branch_id = :branch ORDER BY id")

    def rows(self, statement: str) -> list[sa.Row[*tuple[Any, ...]]]:
        """`statement` may name `:branch`."""
        with self.hall.store.engine.connect() as connection:
            return list(connection.execute(sa.text(statement), {"branch": self.id}).all())


@dataclass(slots=True)
class Site:
    """The server; `house()` founds a new branch on it."""

    hall: Hall
    server: ServerProcess
    houses: int = 0

    @property
    def url(self) -> str:
        return self.server.url

    def house(self, *, open_kiosk: bool = True) -> House:
        """With its own numbers, lines and desks."""
        self.houses += 1
        slug = f"h{self.houses}"
        plan = read_plan()
        new = settings.NewBranch(
            slug=slug,
            names=_texts({tag: f"{name} {self.houses}" for tag, name in plan["names"].items()}),
            rules=ALWAYS_OPEN,
            accent=plan["accent"],
            open_kiosk=open_kiosk,
        )
        branch = settings.create_branch(hall=self.hall, new=new)
        for position, each in enumerate(plan["services"]):
            _service(self.hall, branch, each, position)
        settings.set_service_open(hall=self.hall, branch=branch, code=CLOSED, is_open=False)
        _, token = settings.create_token(
            hall=self.hall, branch=branch, role=Role.KIOSK, label="kiosk"
        )
        return House(
            slug=slug,
            id=branch,
            hall=self.hall,
            port=self.server.port,
            desks=tuple(_desk(self.hall, branch, number) for number in range(1, len(DESKS) + 1)),
            kiosk=Program(self.server.port, token),
            kiosk_token=token,
        )


@contextmanager
def open_site() -> Iterator[Site]:
    """A server in memory, without the limits that keep strangers from asking too often."""
    with TemporaryDirectory(prefix="nouba-", dir=folder_in_memory()) as folder:
        data = Path(folder)
        lines = ["[limits]", *(f"{name} = 100000" for name in LIMITS), ""]
        config = data / "config.toml"
        config.write_text("\n".join(lines), encoding="utf-8")
        engine = open_engine(f"sqlite:///{data}/nouba.sqlite3")
        migrate(engine)
        hall = Hall(store=Store(engine), clock=SystemClock(), chance=SystemChance())
        with running(data, "--config", str(config)) as server:
            yield Site(hall, server)
        engine.dispose()


def open_service(house: House, code: str, *, is_open: bool) -> None:
    """By the operator, while the server runs."""
    settings.set_service_open(hall=house.hall, branch=house.id, code=code, is_open=is_open)


def new_password(house: House, agent: Agent) -> None:
    """Ends every session of the agent."""
    amendments.set_password(hall=house.hall, login=agent.login, password=PASSWORD + "!")


def _service(hall: Hall, branch: BranchId, each: Mapping[str, Any], position: int) -> None:
    new = settings.NewService(
        code=each["code"],
        letter=each["letter"],
        names=_texts(each["names"]),
        documents={Language(tag): items for tag, items in each["documents"].items()},
        icon=each["icon"],
        position=position,
        expected=timedelta(minutes=each["minutes"]),
    )
    settings.create_service(hall=hall, branch=branch, new=new)


def _desk(hall: Hall, branch: BranchId, number: int) -> DeskId:
    lines = {code: timedelta(minutes=lag) for code, lag in DESKS[number - 1].items()}
    return settings.create_desk(hall=hall, branch=branch, number=number, lines=lines)


def _texts(raw: Mapping[str, str]) -> dict[Language, str]:
    return {Language(tag): text for tag, text in raw.items()}
