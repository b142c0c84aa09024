"""The town hall that is measured: 26 services (or fewer), eight desks with an agent each, one kiosk."""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from server.actions import settings
from server.actions.hall import Hall
from server.clock import SystemChance, SystemClock
from server.db import reads
from server.db.opening import open_store
from server.domain.hours import ALWAYS_OPEN
from server.domain.ids import BranchId, DeskId, Language, ServiceId, Texts
from server.domain.roles import Role

SLUG = "berkane"
DATABASE = "nouba.sqlite3"
DESKS = 8
_LETTERS = string.ascii_uppercase
_DOCUMENTS = {
    Language.ARABIC: ["البطاقة الوطنية للتعريف", "دفتر الحالة المدنية"],
    Language.FRENCH: ["Carte nationale d’identité", "Livret d’état civil"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """What the clients of a bench need to know."""

    data: Path
    branch: BranchId
    day: date
    codes: tuple[str, ...]
    services: tuple[ServiceId, ...]
    letters: str
    desks: tuple[DeskId, ...]
    kiosk_token: str
    agent_tokens: tuple[str, ...]

    @property
    def database(self) -> Path:
        """The file of the database."""
        return self.data / DATABASE


def build(data: Path, letters: str = _LETTERS) -> Building:
    """Set up the building in a folder, through the same actions as an operator's commands.

    One service for each of `letters`, at most one desk a service. Desk d serves the services d, d+8,
    d+16… so that every line has one desk and every desk three or four lines.
    """
    data.mkdir(parents=True, exist_ok=True)
    store = open_store(f"sqlite:///{data / DATABASE}", create=True)
    hall = Hall(store=store, clock=SystemClock(), chance=SystemChance())
    new = settings.NewBranch(
        slug=SLUG, names=_names("جماعة بركان", "Commune de Berkane"), rules=ALWAYS_OPEN
    )
    branch = settings.create_branch(hall=hall, new=new)
    codes = tuple(f"service-{letter.lower()}" for letter in letters)
    services = tuple(
        settings.create_service(hall=hall, branch=branch, new=_service(code, letter, position))
        for position, (code, letter) in enumerate(zip(codes, letters, strict=True))
    )
    desks = tuple(
        settings.create_desk(
            hall=hall,
            branch=branch,
            number=number + 1,
            lines=dict.fromkeys(codes[number::DESKS], timedelta(0)),
        )
        for number in range(min(DESKS, len(letters)))
    )
    agents = tuple(_token(hall, branch, Role.AGENT, f"agent {desk}") for desk in desks)
    kiosk = _token(hall, branch, Role.KIOSK, "kiosk")
    with store.read() as connection:
        day = reads.branch(connection, branch).hours.business_day(hall.clock.now())
    store.engine.dispose()
    return Building(
        data=data,
        branch=branch,
        day=day,
        codes=codes,
        services=services,
        letters=letters,
        desks=desks,
        kiosk_token=kiosk,
        agent_tokens=agents,
    )


def _service(code: str, letter: str, position: int) -> settings.NewService:
    return settings.NewService(
        code=code,
        letter=letter,
        names=_names(f"مصلحة الحالة المدنية {letter}", f"Service d’état civil {letter}"),
        documents=_DOCUMENTS,
        position=position,
    )


def _names(arabic: str, french: str) -> Texts:
    return {
        Language.ARABIC: arabic,
        Language.FRENCH: french,
        Language.AMAZIGH: "ⵜⴰⴳⵔⴰⵡⵜ ⵏ ⴱⵔⴽⴰⵏ",
        Language.ENGLISH: french,
    }


def _token(hall: Hall, branch: BranchId, role: Role, label: str) -> str:
    return settings.create_token(hall=hall, branch=branch, role=role, label=label)[1]
