"""Renders what calls will need into the cache: at once for `nouba voice render`, gently beside a running server.

Beside the server as a program of its own, `python -m server.voice.rendering CACHE RECORDINGS`, of the lowest priority:
working on sound in the server's process would keep its pushes waiting. It gets an `Order` as one line of JSON by
standard input, and ends when that is closed: with whoever started it.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from server.voice import calls
from server.voice.calls import Phrase
from server.voice.espeak import find_espeak
from server.voice.speaking import Voice

PAUSE_SECONDS = 0.2
"""After a fragment that had to be made: a small machine has other things to do."""
LEAST_PRIORITY = 19
NUMBERS_MAX = 999
"""As many as a line can give out in a day."""


CACHE_FOLDER, RECORDINGS_FOLDER = "voice", "recordings"
"""In the data folder: what was rendered, and what people recorded."""


def open_voice(data: Path) -> Voice:
    """The voice of the installation with this data folder."""
    return Voice(find_espeak(), data / CACHE_FOLDER, data / RECORDINGS_FOLDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Whose calls are to be rendered: those of all together, and again for each of `branches` with own recordings."""

    languages: tuple[str, ...]
    letters: tuple[str, ...]
    desks: tuple[int, ...]
    numbers_max: int = NUMBERS_MAX
    branches: tuple[str, ...] = ()

    def phrases(self) -> Iterator[tuple[str, Phrase]]:
        """The most needed first, the languages in turn."""
        columns = [
            calls.rendered(language, self.letters, self.desks, self.numbers_max)
            for language in self.languages
        ]
        for row in zip(*columns, strict=True):
            yield from zip(self.languages, row, strict=True)

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))


def order_of_json(text: str) -> Order:
    """The order of `Order.to_json`."""
    read = json.loads(text)
    return Order(
        languages=tuple(read["languages"]),
        letters=tuple(read["letters"]),
        desks=tuple(read["desks"]),
        numbers_max=read["numbers_max"],
        branches=tuple(read["branches"]),
    )


def render(voice: Voice, order: Order, *, pause_seconds: float) -> int:
    """Make what is missing in the cache; how many were made. Raises OSError when the engine fails."""
    own = (voice.of(branch) for branch in order.branches)
    made = 0
    for each in (voice, *(one for one in own if one.recordings.has_own)):
        for language, phrase in order.phrases():
            if each.prepare(language, phrase):
                made += 1
                time.sleep(pause_seconds)
    return made


@contextmanager
def alone(cache: Path) -> Iterator[bool]:
    """Whether no other process renders into `cache` now. Raises OSError when it cannot be written."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".rendering").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _main() -> None:
    os.nice(LEAST_PRIORITY)
    cache, recordings = map(Path, sys.argv[1:3])
    order = order_of_json(sys.stdin.readline())
    threading.Thread(target=_end_with_starter, daemon=True).start()
    with alone(cache) as is_alone:
        if is_alone:
            voice = Voice(find_espeak(), cache, recordings)
            render(voice, order, pause_seconds=PAUSE_SECONDS)


def _end_with_starter() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    _main()
