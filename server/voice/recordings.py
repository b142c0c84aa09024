"""The folder of recordings: which there are, which can be read, and how one is put there or taken away.

`<folder>/<branch>/<language>/<fragment_name>.wav` for one branch, `<folder>/<language>/<fragment_name>.wav` for all of
them. Files may come and go at any time, by hand or by the staff's page.
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
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""What may name the folder of a branch: the rule of `server.domain.ids`, which this layer does not know."""
_VERDICTS_MAX = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A file that is there. `stamp` changes whenever its sound may have changed, and is another one in each folder.

    `is_own`: it is of the branch itself, not of all branches.
    """

    file: Path
    stamp: str
    is_broken: bool
    is_own: bool = False


class Recordings:
    """The folder, which may not exist: what is in it for all branches, or (`of`) as one branch uses it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._branch = ""
        self._broken: dict[str, bool] = {}

    def of(self, branch: str) -> Recordings:
        """As the branch with this slug uses them: its own before those of all, and it changes only its own."""
        assert _SLUG.fullmatch(branch), branch
        own = Recordings(self._folder)
        own._branch, own._broken = branch, self._broken
        return own

    @property
    def has_own(self) -> bool:
        """Whether the branch may have recordings of its own."""
        return bool(self._branch) and (self._folder / self._branch).is_dir()

    def find(self, language: str, words: str) -> Recording | None:
        """The recording of `words` that is heard; the first that there is, when none can be read."""
        found = self.all_of(language, words)
        return next((each for each in found if not each.is_broken), found[0] if found else None)

    def all_of(self, language: str, words: str) -> tuple[Recording, ...]:
        """Every recording of `words` that there is, the branch's own first; any may be broken."""
        name = f"{fragment_name(words)}.wav"
        folders = (self._branch, "") if self._branch else ("",)
        seen = (self._seen(folder, Path(folder, language, name)) for folder in folders)
        return tuple(each for each in seen if each is not None)

    def signature(self) -> str:
        """Changes whenever a file of any branch was put, replaced or taken away by its name."""
        found = [*self._folder.glob("*"), *self._folder.glob("*/*")]
        folders = sorted(each for each in found if each.is_dir())
        return " ".join(
            f"{each.relative_to(self._folder)}:{each.stat().st_mtime_ns}" for each in folders
        )

    def put(self, language: str, words: str, wav: bytes) -> None:
        """Keep a recording of `words`, whole or not at all. Raises ValueError when it cannot be spoken, OSError."""
        name = fragment_name(words)
        if not name:
            raise ValueError("these are no words")
        read(wav)
        write_whole(self._file(language, name), wav)

    def remove(self, language: str, words: str) -> bool:
        """Forget the recording of `words`, a branch only its own; whether there was one. Raises OSError."""
        try:
            self._file(language, fragment_name(words)).unlink()
        except FileNotFoundError:
            return False
        return True

    def _seen(self, branch: str, place: Path) -> Recording | None:
        """What is at this place of the folder."""
        file = self._folder / place
        try:
            found = file.stat()
        except OSError:
            return None
        stamp = f"{place} {found.st_mtime_ns} {found.st_size}"
        is_broken = self._broken.get(stamp)
        if is_broken is None:
            if len(self._broken) >= _VERDICTS_MAX:
                self._broken.clear()
            is_broken = self._broken[stamp] = _is_broken(file, found.st_size)
        return Recording(file=file, stamp=stamp, is_broken=is_broken, is_own=bool(branch))

    def _file(self, language: str, name: str) -> Path:
        return self._folder / self._branch / language / f"{name}.wav"


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
