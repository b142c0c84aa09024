"""Speaks sentences: splits them, finds or renders each fragment, joins them.

A recording in `recordings/<language>/<fragment_name>.wav` replaces the rendered fragment of the same words. Rendered
ones are kept in the cache folder, which may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
from array import array
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from server.voice import sound
from server.voice.espeak import Engine
from server.voice.splitting import split

PAUSE_SECONDS = 0.16
"""Between two fragments."""
CACHE_FILES_MAX = 5000
"""About 200 MB; the least recently made go first."""
CACHE_FILES_DROPPED = 500
NAME_LENGTH_MAX = 60
RECORDING_BYTES_MAX = 4_000_000


class CannotSay(Exception):
    """There is neither a voice nor a recording for these words."""


class Origin(StrEnum):
    """Where the sound of a fragment comes from."""

    RECORDING = "recording"
    SYNTHETIC = "synthetic"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """Some words of a sentence, the name of the file that would replace their sound, and its present source."""

    words: str
    name: str
    origin: Origin


class Voice:
    """One voice for every language; made once, with its two folders (either may not exist yet)."""

    def __init__(self, engine: Engine | None, cache: Path, recordings: Path) -> None:
        self._engine = engine
        self._cache = cache
        self._recordings = recordings
        # One at a time: a hall of impatient fingers must not start a hundred engines.
        self._rendering = threading.Lock()

    @property
    def languages(self) -> frozenset[str]:
        """Those in which any sentence can be said."""
        return self._engine.languages if self._engine else frozenset()

    def wav(self, language: str, text: str) -> bytes:
        """`text` as a WAV file. Raises CannotSay, ValueError (too long), OSError (the engine failed)."""
        parts = [self._sound(language, words) for words in split(language, text)]
        return sound.write(sound.joined(parts, PAUSE_SECONDS))

    def fragments(self, language: str, text: str) -> tuple[Fragment, ...]:
        """What `text` is made of. Raises ValueError when it is too long."""
        return tuple(
            Fragment(words=words, name=fragment_name(words), origin=self._origin(language, words))
            for words in split(language, text)
        )

    def _origin(self, language: str, words: str) -> Origin:
        if self._recording(language, words).is_file():
            return Origin.RECORDING
        return Origin.SYNTHETIC if language in self.languages else Origin.MISSING

    def _sound(self, language: str, words: str) -> array[int]:
        recording = self._recording(language, words)
        if recording.is_file() and recording.stat().st_size <= RECORDING_BYTES_MAX:
            # A recording that cannot be read must not silence the kiosk: the engine speaks instead.
            with suppress(ValueError):
                return sound.prepared(sound.read(recording.read_bytes()))
        if self._engine is None or language not in self._engine.languages:
            raise CannotSay(f"{language}: {fragment_name(words)}")
        return self._rendered(self._engine, language, words)

    def _rendered(self, engine: Engine, language: str, words: str) -> array[int]:
        asked = "\x1f".join((engine.name, language, words))
        file = self._cache / language / f"{hashlib.sha256(asked.encode()).hexdigest()[:32]}.wav"
        with suppress(OSError, ValueError):
            return sound.read(file.read_bytes())
        with self._rendering:
            made = sound.prepared(sound.read(engine.render(language, words)))
        with suppress(OSError):  # a full disk: spoken all the same, only not remembered
            _write_whole(file, sound.write(made))
            _keep_small(self._cache)
        return made

    def _recording(self, language: str, words: str) -> Path:
        return self._recordings / language / f"{fragment_name(words)}.wav"


def fragment_name(words: str) -> str:
    """The name of the file, without `.wav`, in which a recording of `words` is looked for."""
    name = "-".join(re.findall(r"\w+", words.casefold()))
    if len(name) <= NAME_LENGTH_MAX:
        return name
    return f"{name[:NAME_LENGTH_MAX]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@lru_cache(maxsize=1)
def chime() -> bytes:
    """The chime as a WAV file."""
    return sound.write(sound.chime())


def _write_whole(file: Path, data: bytes) -> None:
    """Under its name only once it is whole."""
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(dir=file.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
        Path(unfinished).replace(file)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _keep_small(cache: Path) -> None:
    files = list(cache.glob("*/*.wav"))
    if len(files) <= CACHE_FILES_MAX:
        return
    files.sort(key=lambda each: each.stat().st_mtime)
    for each in files[:CACHE_FILES_DROPPED]:
        each.unlink(missing_ok=True)
