"""The speech engine: espeak-ng as a program of its own, bounded in time and in what it is told."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

PROGRAM = "espeak-ng"
VOICES: Mapping[str, str] = {"ar": "ar", "fr": "fr-fr", "en": "en-gb"}
"""espeak-ng has no voice for Amazigh."""
WORDS_A_MINUTE = 135
"""Slower than its default of 175: this is for people who hear it once, in a hall."""
RENDER_SECONDS_MAX = 5


class Engine(Protocol):
    """Turns the words of one fragment into sound."""

    @property
    def name(self) -> str:
        """Changes whenever the same words would sound different: part of the cache's key."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """The tags it has a voice for."""
        ...

    def render(self, language: str, words: str) -> bytes:
        """A WAV file. Raises OSError when the engine fails."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Espeak:
    """The program at `path`."""

    path: Path
    languages: frozenset[str] = frozenset(VOICES)

    @property
    def name(self) -> str:
        return f"{PROGRAM} {WORDS_A_MINUTE}"

    def render(self, language: str, words: str) -> bytes:
        """The words go in by stdin: none of them can be taken for an option."""
        command = [str(self.path), "-v", VOICES[language], "-s", str(WORDS_A_MINUTE)]
        try:
            done = subprocess.run(  # noqa: S603 (no shell, our own options, the words by stdin)
                [*command, "--stdin", "--stdout"],
                input=words.encode(),
                capture_output=True,
                timeout=RENDER_SECONDS_MAX,
                check=True,
            )
        except subprocess.SubprocessError as error:
            raise OSError(f"{PROGRAM} failed: {error}") from error
        return done.stdout


def find_espeak() -> Espeak | None:
    """The engine of this machine, if it has one."""
    found = shutil.which(PROGRAM)
    return Espeak(path=Path(found)) if found else None
