"""Whole displays in this process, against the fake server: everything real but the loudspeaker and the screen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from device_client.place import Identity
from display_client.player import Recorded, recorded
from display_client.running import Display, build
from display_client.settings import MachineSettings, Place
from tests.display_client.fake_server import BRANCH, token_of
from tests.end_to_end.processes import free_port

PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One display that runs."""

    display: Display
    port: int
    sounds: Path

    def news(self, after: int = -1, painted: int = -1) -> dict[str, Any]:
        """As its page asks."""
        url = f"http://127.0.0.1:{self.port}/local/news?after={after}&painted={painted}"
        with urlopen(url, timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def heard(self, event: str = "ended") -> list[str]:
        """The keys of the calls that were played, in order."""
        return [each.title.split(" ")[0] for each in self.log() if each.event == event]

    def log(self) -> list[Recorded]:
        return recorded(self.sounds)


def paired(folder: Path, url: str, device: int) -> Place:
    """A data folder as pairing leaves it."""
    place = Place(folder=folder)
    identity = Identity(
        server=url, branch=BRANCH, device=device, name=f"Hall {device}", token=token_of(device)
    )
    place.keep_identity(identity)
    return place


@contextmanager
def screen(
    folder: Path, url: str, *, device: int = 1, port: int = 0, player: str = ""
) -> Iterator[Screen]:
    """A display that ends with the block; `player` is another one than what writes down what would be heard."""
    sounds = folder / "sounds"
    place = paired(folder, url, device)
    port = port or free_port()
    settings = MachineSettings(port=port, player=player or f"file:{sounds}", screen_power="none")
    display = build(place, settings=settings, with_browser=False)
    threads = display.start()
    try:
        yield Screen(display=display, port=port, sounds=sounds)
    finally:
        display.stop(threads)


def until(true: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> float:
    """Wait for it; returns how long it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"never: {what}"
        time.sleep(0.02)
    return time.monotonic() - began
