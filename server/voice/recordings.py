"""The folder of recordings: which there are, which can be read, and how one is put there or taken away.

`<folder>/<language>/<fragment_name>.wav`. Files may come and go at any time, by hand or by the staff's page.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from array import array
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from server.voice import sound

NAME_LENGTH_MAX = 60
RECORDING_BYTES_MAX = 4_000_000
RECORDING_SECONDS_MAX = 15
"""Nobody says a fragment for longer; and reading it keeps others waiting."""
_VERDICTS_MAX = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A file that is there. `stamp` changes whenever its sound may have changed."""

    file: Path
    stamp: str
    is_broken: bool


class Recordings:
    """The folder, which may not exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._broken: dict[str, bool] = {}

    def find(self, language: str, words: str) -> Recording | None:
        """The recording of `words`, if there is one; it may be broken."""
        file = self._file(language, fragment_name(words))
        try:
            found = file.stat()
        except OSError:
            return None
        stamp = f"{language}/{file.name} {found.st_mtime_ns} {found.st_size}"
        if stamp not in self._broken:
            if len(self._broken) >= _VERDICTS_MAX:
                self._broken.clear()
            self._broken[stamp] = _is_broken(file, found.st_size)
        return Recording(file=file, stamp=stamp, is_broken=self._broken[stamp])

    def signature(self) -> str:
        """Changes whenever a file was put, replaced or taken away by its name."""
        folders = sorted(each for each in self._folder.glob("*") if each.is_dir())
        return " ".join(f"{each.name}:{each.stat().st_mtime_ns}" for each in folders)

    def put(self, language: str, words: str, wav: bytes) -> None:
        """Keep a recording of `words`, whole or not at all. Raises ValueError when it cannot be spoken, OSError."""
        name = fragment_name(words)
        if not name:
            raise ValueError("these are no words")
        read(wav)
        write_whole(self._file(language, name), wav)

    def remove(self, language: str, words: str) -> bool:
        """Forget the recording of `words`; whether there was one. Raises OSError."""
        try:
            self._file(language, fragment_name(words)).unlink()
        except FileNotFoundError:
            return False
        return True

    def _file(self, language: str, name: str) -> Path:
        return self._folder / language / f"{name}.wav"


def read(wav: bytes) -> array[int]:
    """A recording ready to be joined. Raises ValueError when there is nothing to hear, or too much."""
    if len(wav) > RECORDING_BYTES_MAX:
        raise ValueError(f"more than {RECORDING_BYTES_MAX:,} bytes")
    samples = sound.read(wav)
    if len(samples) > RECORDING_SECONDS_MAX * sound.RATE:
        raise ValueError(f"longer than {RECORDING_SECONDS_MAX} seconds")
    heard = sound.prepared(samples)
    if not heard:
        raise ValueError("there is nothing to hear")
    return heard


def fragment_name(words: str) -> str:
    """The name of the file, without `.wav`, in which a recording of `words` is looked for."""
    name = "-".join(re.findall(r"\w+", words.casefold()))
    if len(name) <= NAME_LENGTH_MAX:
        return name
    return f"{name[:NAME_LENGTH_MAX]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def write_whole(file: Path, data: bytes) -> None:
    """Under its name only once it is whole. Raises OSError."""
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(dir=file.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(file)
    except OSError:
        with suppress(OSError):
            Path(unfinished).unlink(missing_ok=True)
        raise


def _is_broken(file: Path, size: int) -> bool:
    if size > RECORDING_BYTES_MAX:
        return True
    try:
        read(file.read_bytes())
    except (ValueError, OSError):
        return True
    return False
