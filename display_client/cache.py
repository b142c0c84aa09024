"""Files of the server on this machine's disk, so that the board opens without a network.

Bounded, whole or not there, and a full disk is harmless.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import msgspec
import structlog

MEGABYTE: Final = 1_000_000
USED_AGAIN_SECONDS: Final = 3600.0
"""What was used is noted no oftener than this: a memory card wears out."""
CHUNK_BYTES: Final = 65_536
DROPPED_SHARE: Final = 10
"""A full shelf lets go of one in so many at once: else every file after that would list the whole folder."""
_HEAD: Final = ".json"
_PART: Final = ".part"
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
    length: int = -1
    """Of the body, in bytes: a power cut may leave it short under a head that is whole."""


@dataclass(slots=True)
class _Group:
    """A head and its body; two bodies when the program ended in between."""

    head: Path | None = None
    bodies: list[Path] = field(default_factory=list)
    used: float = 0.0
    size: int = 0


@dataclass(slots=True)
class _Held:
    """What lies on a shelf: counted once, then kept up."""

    files: int
    size: int


def listed(folder: Path) -> list[Path]:
    """All files of a folder, in one go."""
    with os.scandir(folder) as entries:
        return [Path(each.path) for each in entries]


class Cache:
    """Any thread may ask. Every file is whole or not there: a head is written only once its body is."""

    def __init__(
        self,
        folder: Path,
        *,
        wall: Callable[[], float],
        listed: Callable[[Path], Iterable[Path]] = listed,
    ) -> None:
        """`wall` is the clock that stamps files: only differences of it are looked at."""
        self._folder = folder
        self._wall = wall
        self._listed = listed
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def find(self, shelf: Shelf, target: str) -> Kept | None:
        """None when it is not here, or is damaged."""
        place = self._place(shelf, target)
        try:
            head = msgspec.json.decode(place.read_bytes(), type=_Head)
            changed = place.stat().st_mtime
            body = place.parent / head.body
            if head.target != target or body.stat().st_size != head.length:
                return None
        except (OSError, msgspec.DecodeError):
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
                held = self._count(shelf)
                before = _read_head(place)
                name, length = self._write_body(place, body)
                head = _Head(target=target, headers=dict(headers), body=name, length=length)
                _write(place, msgspec.json.encode(head))
                if before is None:
                    held.files += 1
                    held.size += length
                elif before.body != name:
                    held.size += length - max(before.length, 0)
                    (place.parent / before.body).unlink(missing_ok=True)
                if held.files > shelf.files_max or held.size > shelf.bytes_max:
                    self._make_room(shelf, place)
        except OSError as error:
            self._held.pop(shelf.name, None)
            _log.warning("not_cached", target=target, problem=str(error))
            return None
        return self.find(shelf, target)

    def confirmed(self, shelf: Shelf, target: str) -> None:
        """The server said that it is still true."""
        with suppress(OSError):
            now = self._wall()
            os.utime(self._place(shelf, target), (now, now))

    def drop(self, shelf: Shelf, target: str) -> None:
        """It is not what it should be: the next who asks for it gets it from the server."""
        place = self._place(shelf, target)
        with self._lock, suppress(OSError):
            head = _read_head(place)
            place.unlink(missing_ok=True)
            if head is not None:
                (place.parent / head.body).unlink(missing_ok=True)
            self._held.pop(shelf.name, None)

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

    def _write_body(self, place: Path, body: IO[bytes]) -> tuple[str, int]:
        """Its name and length. A name for each content: who is reading the one before goes on reading it."""
        body.seek(0)
        found = hashlib.sha256()
        length = 0
        while chunk := body.read(CHUNK_BYTES):
            found.update(chunk)
            length += len(chunk)
        digest = found.hexdigest()[:16]
        body.seek(0)
        name = f"{place.stem}-{digest}"
        if _size_of(place.parent / name) != length:
            part = place.parent / f"{name}{_PART}"
            try:
                with part.open("wb") as out:
                    shutil.copyfileobj(body, out)
                    out.flush()
                    os.fsync(out.fileno())  # on the disk before there is a head that names it
                part.replace(place.parent / name)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        return name, length

    def _note_use(self, body: Path) -> None:
        with suppress(OSError):
            now = self._wall()
            if abs(now - body.stat().st_mtime) > USED_AGAIN_SECONDS:
                os.utime(body, (now, now))

    def _count(self, shelf: Shelf) -> _Held:
        """With the lock held."""
        held = self._held.get(shelf.name)
        if held is None:
            groups = self._groups(shelf)
            held = _Held(files=len(groups), size=sum(each.size for each in groups))
            self._held[shelf.name] = held
        return held

    def _make_room(self, shelf: Shelf, newest: Path) -> None:
        """Let go of what was not used for longest, and of a tenth more; `newest` stays. With the lock held."""
        groups = self._groups(shelf)
        groups.sort(key=lambda each: (each.head == newest, each.used))
        files, size = len(groups), sum(each.size for each in groups)
        files_kept = shelf.files_max - shelf.files_max // DROPPED_SHARE
        size_kept = shelf.bytes_max - shelf.bytes_max // DROPPED_SHARE
        for each in groups[:-1]:
            if files <= files_kept and size <= size_kept:
                break
            for path in (each.head, *each.bodies):
                if path is not None:
                    path.unlink(missing_ok=True)
            files -= 1
            size -= each.size
        self._held[shelf.name] = _Held(files=files, size=size)

    def _groups(self, shelf: Shelf) -> list[_Group]:
        """What belongs together, by one look at the folder; what was left half written goes. With the lock held."""
        groups: dict[str, _Group] = {}
        for path in self._listed(self._folder / shelf.name):
            if path.suffix == _PART:
                path.unlink(missing_ok=True)
                continue
            group = groups.setdefault(path.name.removesuffix(_HEAD).partition("-")[0], _Group())
            if path.suffix == _HEAD:
                group.head = path
                continue
            with suppress(FileNotFoundError):
                told = path.stat()
                group.bodies.append(path)
                group.used = max(group.used, told.st_mtime)
                group.size += told.st_size
        return list(groups.values())


def _read_head(place: Path) -> _Head | None:
    try:
        return msgspec.json.decode(place.read_bytes(), type=_Head)
    except (OSError, msgspec.DecodeError):
        return None


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(_PART)
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
