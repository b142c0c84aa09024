"""Waiting rooms for the end-to-end tests: real displays of a town hall, and agents who call."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from device_client.place import Identity
from display_client.player import recorded
from display_client.settings import MachineSettings, Place
from server.actions import devices, displays
from server.actions.hall import Caller
from server.actions.settings import token_digest
from server.db import credentials
from server.domain.ids import DeviceId
from server.domain.roles import Role
from server.wire_displays import DisplaySettings
from tests.end_to_end.processes import Program, free_port
from tests.end_to_end.programs import OwnProcess
from tests.end_to_end.town_hall import TownHall

PATIENCE_SECONDS = 30.0


class Screen(OwnProcess):
    """`nouba-display run --no-browser` on a data folder, its sound written into a folder."""

    def __init__(self, folder: Path, device: int, port: int) -> None:
        super().__init__(folder / "display.log")
        self.folder = folder
        self.device = device
        self.port = port
        self.sounds = folder / "sounds"

    def start(self) -> None:
        """Returns once its page answers."""
        self.launch("nouba-display", ["run", "--no-browser", "--data", str(self.folder)])

    def news(self, after: int = -1) -> dict[str, Any]:
        """As its page asks."""
        url = f"http://127.0.0.1:{self.port}/local/news?after={after}&painted=-1"
        with urlopen(url, timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def seq(self) -> int:
        """What it would paint; -1 for nothing that can be believed."""
        news = self.news()
        return int(news["view"]["seq"]) if news["view"] and news["is_current"] else -1

    def heard(self, event: str = "ended") -> list[str]:
        """The numbers of the calls that were played, in order."""
        return [each.title.split("/")[0] for each in recorded(self.sounds) if each.event == event]

    def times(self, event: str) -> list[float]:
        """When, in steady seconds."""
        return [each.at for each in recorded(self.sounds) if each.event == event]

    def _answers(self) -> bool:
        try:
            return bool(self.news())
        except OSError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """Who calls: one at each desk."""

    programs: tuple[Program, ...]
    kiosk: Program
    desks: tuple[int, ...]

    def call(self, desk: int) -> str:
        """A citizen comes, and is called to the desk with this place in the list; returns the number."""
        made = self.kiosk.post("/api/v1/branches/berkane/tickets", {"service": "civil"})
        assert made.status == 201, made
        called = self.programs[desk].post(f"/api/v1/desks/{self.desks[desk]}/calls", {})
        assert called.status == 201, called
        return str(called.body["label"])


@contextmanager
def agents(town: TownHall, port: int) -> Iterator[Agents]:
    """An agent at every desk."""
    programs = tuple(Program(port, token) for token in town.agent_tokens)
    for program, desk in zip(programs, town.desks, strict=True):
        opened = program.post(f"/api/v1/desks/{int(desk)}/shift", {})
        assert opened.status in {200, 201}, opened
    yield Agents(
        programs=programs,
        kiosk=Program(port, town.kiosk_token),
        desks=tuple(int(desk) for desk in town.desks),
    )


@contextmanager
def screens(
    town: TownHall, folder: Path, urls: Sequence[str], *, room: str = ""
) -> Iterator[list[Screen]]:
    """A display for each address of the server, all in one room."""
    made = []
    for number, url in enumerate(urls, start=1):
        place = Place(folder=folder / f"display{number}")
        identity = _paired(town, url, f"Hall {number}", room)
        port = free_port()
        place.keep_identity(identity)
        sounds = place.folder / "sounds"
        place.keep_settings(
            MachineSettings(port=port, player=f"file:{sounds}", screen_power="none")
        )
        made.append(Screen(place.folder, identity.device, port))
    try:
        for each in made:
            each.start()
        yield made
    finally:
        for each in made:
            each.stop()


def until(true: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> float:
    """Wait for it; returns how long it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"never: {what}"
        time.sleep(0.02)
    return time.monotonic() - began


def _paired(town: TownHall, url: str, name: str, room: str) -> Identity:
    operator = Caller(scope="operator", role=Role.ADMIN, branch=town.branch)
    shown = devices.open_pairing(hall=town.hall, kind="display", name=None, version="1.0")
    devices.accept_device(
        hall=town.hall, caller=operator, code=shown.code, name=name, printer=None, key=None
    )
    token = devices.claim_token(hall=town.hall, claim=shown.claim).token
    assert token is not None
    with town.hall.store.read() as connection:
        found = credentials.credential(connection, token_digest(token))
    assert found is not None
    assert found.device is not None
    displays.change_display(
        hall=town.hall,
        caller=operator,
        device_id=DeviceId(found.device),
        settings=DisplaySettings(room=room),
        key=None,
    )
    return Identity(server=url, branch="berkane", device=found.device, name=name, token=token)
