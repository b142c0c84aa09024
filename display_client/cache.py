"""Files of the server on this machine's disk, so that the board opens without a network.

Bounded, whole or not there, and a full disk is harmless.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import msgspec
import structlog

MEGABYTE: Final = 1_000_000
USED_AGAIN_SECONDS: Final = 3600.0
"""What was used is noted no oftener than this: a memory card wears out."""
CHUNK_BYTES: Final = 65_536
_HEAD: Final = ".json"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What one kind of file may take. Each kind has its own, so that many sentences never push out the page."""

    name: str
    files_max: int
    bytes_max: int


PAGES: Final = Shelf(name="pages", files_max=24, bytes_max=10 * MEGABYTE)
STATIC: Final = Shelf(name="static", files_max=400, bytes_max=40 * MEGABYTE)
SOUNDS: Final = Shelf(name="sounds", files_max=1_000, bytes_max=150 * MEGABYTE)
MEDIA: Final = Shelf(name="media", files_max=100, bytes_max=600 * MEGABYTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One file with the headers that came with it; `age_seconds` since the server last confirmed it."""

    headers: Mapping[str, str]
    path: Path
    age_seconds: float

    @property
    def etag(self) -> str | None:
        return self.headers.get("etag")


class _Head(msgspec.Struct, frozen=True):
    target: str
    headers: dict[str, str]
    body: str
    """The name of the file beside this one."""


class Cache:
    """Any thread may ask. Every file is whole or not there: a head is written only once its body is."""

    def __init__(self, folder: Path, *, wall: Callable[[], float]) -> None:
        """`wall` is the clock that stamps files: only differences of it are looked at."""
        self._folder = folder
        self._wall = wall
        self._lock = threading.Lock()

    def find(self, shelf: Shelf, target: str) -> Kept | None:
        """None when it is not here, or is damaged."""
        place = self._place(shelf, target)
        try:
            head = msgspec.json.decode(place.read_bytes(), type=_Head)
            changed = place.stat().st_mtime
        except (OSError, msgspec.DecodeError):
            return None
        body = place.parent / head.body
        if head.target != target or not body.is_file():
            return None
        self._note_use(body)
        # A clock that was set back: it is not known how old the file is, so it is old.
        age = self._wall() - changed
        return Kept(headers=head.headers, path=body, age_seconds=age if age >= 0 else float("inf"))

    def keep(
        self, shelf: Shelf, target: str, headers: Mapping[str, str], body: IO[bytes]
    ) -> Kept | None:
        """None when there is no room: nothing is half there, and what was kept before still is."""
        place = self._place(shelf, target)
        try:
            with self._lock:
                place.parent.mkdir(parents=True, exist_ok=True)
                name = self._write_body(place, body)
                head = _Head(target=target, headers=dict(headers), body=name)
                _write(place, msgspec.json.encode(head))
                self._drop_bodies(place, name)
                self._make_room(shelf)
        except OSError as error:
            _log.warning("not_cached", target=target, problem=str(error))
            return None
        return self.find(shelf, target)

    def confirmed(self, shelf: Shelf, target: str) -> None:
        """The server said that it is still true."""
        with suppress(OSError):
            now = self._wall()
            os.utime(self._place(shelf, target), (now, now))

    def newest(self, shelf: Shelf) -> str | None:
        """The target of the file that was kept last."""
        heads = sorted(
            (self._folder / shelf.name).glob(f"*{_HEAD}"),
            key=lambda path: path.stat().st_mtime,
            reverse=True,
        )
        for each in heads:
            with suppress(OSError, msgspec.DecodeError):
                return msgspec.json.decode(each.read_bytes(), type=_Head).target
        return None

    def _place(self, shelf: Shelf, target: str) -> Path:
        digest = hashlib.sha256(target.encode()).hexdigest()[:40]
        return self._folder / shelf.name / f"{digest}{_HEAD}"

    def _write_body(self, place: Path, body: IO[bytes]) -> str:
        """A name of its own for each content: who is reading the one before goes on reading it."""
        body.seek(0)
        found = hashlib.sha256()
        while chunk := body.read(CHUNK_BYTES):
            found.update(chunk)
        digest = found.hexdigest()[:16]
        body.seek(0)
        name = f"{place.stem}-{digest}"
        if not (place.parent / name).exists():
            part = place.parent / f"{name}.part"
            try:
                with part.open("wb") as out:
                    shutil.copyfileobj(body, out)
                part.replace(place.parent / name)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        return name

    def _drop_bodies(self, place: Path, but: str) -> None:
        for each in place.parent.glob(f"{place.stem}-*"):
            if each.name != but:
                each.unlink(missing_ok=True)

    def _note_use(self, body: Path) -> None:
        with suppress(OSError):
            now = self._wall()
            if abs(now - body.stat().st_mtime) > USED_AGAIN_SECONDS:
                os.utime(body, (now, now))

    def _make_room(self, shelf: Shelf) -> None:
        """Let go of what was not used for longest, until the rest fits."""
        folder = self._folder / shelf.name
        bodies = []
        for head in folder.glob(f"*{_HEAD}"):
            for body in folder.glob(f"{head.stem}-*"):
                told = body.stat()
                bodies.append((told.st_mtime, told.st_size, head, body))
        bodies.sort(key=lambda each: each[0], reverse=True)
        total = 0
        for count, (_, size, head, body) in enumerate(bodies, start=1):
            total += size
            if count > shelf.files_max or (total > shelf.bytes_max and count > 1):
                head.unlink(missing_ok=True)
                body.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
