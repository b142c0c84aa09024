"""A small town hall on a data folder, set up through the actions as an operator would through `nouba`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from server.actions import settings
from server.actions.hall import Hall
from server.clock import SystemChance, SystemClock
from server.db.engine import open_engine
from server.db.migrate import migrate
from server.db.unit_of_work import Store
from server.domain.hours import ALWAYS_OPEN
from server.domain.ids import BranchId, DeskId, Language
from server.domain.roles import Role

PASSWORD = "a long enough password"
SERVICES = {
    "civil": ("A", "الحالة المدنية", "État civil", "ⴰⴷⴷⴰⴷ ⴰⵖⵔⵎⴰⵏ", "Civil status"),
    "legal": ("B", "تصحيح الإمضاءات", "Légalisation", "ⴰⵙⵖⵣⴰⵏ", "Legalisation"),
}
NAMES = ("جماعة بركان", "Commune de Berkane", "ⵜⴰⴳⵔⴰⵡⵜ ⵏ ⴱⵔⴽⴰⵏ", "Municipality of Berkane")


@dataclass(frozen=True, slots=True, kw_only=True)
class TownHall:
    """What tests need of it: tokens and ids. Four agents sign in as agent1 … agent4 with `PASSWORD`."""

    url: str
    hall: Hall
    branch: BranchId
    desks: tuple[DeskId, ...]
    kiosk_token: str
    agent_tokens: tuple[str, ...]

    def rows(self, statement: str) -> list[sa.Row[*tuple[object, ...]]]:
        """What the database says, read beside the running server."""
        with self.hall.store.engine.connect() as connection:
            return list(connection.execute(sa.text(statement)).all())


@contextmanager
def town_hall(
    data: Path, *, url: str = "", printer: str = "", desks: int = 4
) -> Iterator[TownHall]:
    """A branch `berkane` with an open kiosk; `url` is SQLite in `data` unless given."""
    town = _build(data, url, printer, desks)
    yield town
    town.hall.store.engine.dispose()


def _build(data: Path, url: str, printer: str, desks: int) -> TownHall:
    data.mkdir(parents=True, exist_ok=True)
    url = url or f"sqlite:///{data}/nouba.sqlite3"
    engine = open_engine(url)
    migrate(engine)
    hall = Hall(store=Store(engine), clock=SystemClock(), chance=SystemChance())
    new = settings.NewBranch(
        slug="berkane", names=_texts(NAMES), rules=ALWAYS_OPEN, open_kiosk=True
    )
    branch = settings.create_branch(hall=hall, new=new)
    for code, (letter, *names) in SERVICES.items():
        documents = {language: (f"{name} 1",) for language, name in _texts(names).items()}
        service = settings.NewService(
            code=code, letter=letter, names=_texts(names), documents=documents
        )
        settings.create_service(hall=hall, branch=branch, new=service)
    if printer:
        settings.create_printer(
            hall=hall, branch=branch, name="hall", address=printer, width_dots=576
        )
    lines = {code: timedelta(0) for code in SERVICES}
    made = [
        settings.create_desk(hall=hall, branch=branch, number=number, lines=lines)
        for number in range(1, desks + 1)
    ]
    tokens = [_agent(hall, branch, number) for number in range(1, desks + 1)]
    _, kiosk = settings.create_token(hall=hall, branch=branch, role=Role.KIOSK, label="kiosk")
    return TownHall(
        url=url,
        hall=hall,
        branch=branch,
        desks=tuple(made),
        kiosk_token=kiosk,
        agent_tokens=tuple(tokens),
    )


def _agent(hall: Hall, branch: BranchId, number: int) -> str:
    agent = settings.create_agent(
        hall=hall,
        branch=branch,
        login=f"agent{number}",
        name=f"Agent {number}",
        role=Role.AGENT,
        language=Language.FRENCH,
        password=PASSWORD,
    )
    label = f"agent {number}"
    return settings.create_token(
        hall=hall, branch=branch, role=Role.AGENT, label=label, agent=agent
    )[1]


def _texts(words: tuple[str, ...] | list[str]) -> dict[Language, str]:
    return dict(zip(Language, words, strict=True))
