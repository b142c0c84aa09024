"""The municipality's pictures and short videos: one folder a branch, looked through again and again, never trusted.

What a file is, its content says, not its name. Nothing of a folder is served but what `shown` lists.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

import structlog
from PIL import Image, UnidentifiedImageError

from server.domain.ids import SLUG
from server.wire import BoardMedia, BoardView

SCAN_SECONDS = 3.0
"""A changed folder is noticed after this, whatever is asked meanwhile."""
FILES_MAX = 60
PICTURE_BYTES_MAX = 10 * 1024 * 1024
PICTURE_PIXELS_MAX = 25_000_000
"""What a small machine behind a screen can hold decoded: 100 MB."""
VIDEO_BYTES_MAX = 100 * 1024 * 1024
ENTRIES_READ_MAX = 1_000
BRANCHES_MAX = 1_000
_HEAD_BYTES = 64
_STAMP_LENGTH = 12
_NO_TIME = datetime.min.replace(tzinfo=UTC)
_NAME_LENGTH_MAX = 120
_PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_log = structlog.get_logger(__name__)


class MediaKind(StrEnum):
    """What a browser does with it."""

    PICTURE = "picture"
    VIDEO = "video"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """One file that walls may show. `stamp` is another one when the file is."""

    name: str
    path: Path
    kind: MediaKind
    content_type: str
    stamp: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """One entry that walls do not show, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A folder as it was last seen, in the order of its names."""

    shown: tuple[MediaFile, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    at: float
    listing: Listing


class MediaFolders:
    """The folders `<root>/<slug>`. Safe to ask from any thread; a scan opens only files that are new to it."""

    def __init__(
        self, root: Path, picture_seconds: int, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self.root = root
        self._picture_seconds = picture_seconds
        self._elapsed = elapsed
        self._seen: dict[str, _Seen] = {}
        self._known: dict[str, dict[str, MediaFile | Skipped]] = {}
        # Held for the turn of a scan alone, never while anything else is asked: who finds it held takes what was seen.
        self._scanning = threading.Lock()

    def listing(self, slug: str) -> Listing:
        """What the branch's folder holds, at most `SCAN_SECONDS` old."""
        if SLUG.fullmatch(slug) is None:
            return Listing()
        seen = self._seen.get(slug)
        if seen is not None and self._elapsed() - seen.at < SCAN_SECONDS:
            return seen.listing
        if not self._scanning.acquire(blocking=seen is None):
            assert seen is not None, "without anything seen it waits for its turn"
            return seen.listing
        try:
            return self._scan(slug)
        finally:
            self._scanning.release()

    def find(self, slug: str, name: str) -> MediaFile | None:
        """A file that walls show, by its name; nothing else of the folder can be asked for."""
        return next((each for each in self.listing(slug).shown if each.name == name), None)

    def with_media(self, view: BoardView) -> BoardView:
        """The board with what its branch's folder holds: called outside of any transaction, for it may read a disk."""
        slug = view.branch.slug
        media = tuple(
            BoardMedia(
                url=f"/board/{slug}/media/{quote(each.name)}?v={each.stamp}",
                kind="picture" if each.kind is MediaKind.PICTURE else "video",
                seconds=self._picture_seconds if each.kind is MediaKind.PICTURE else 0,
            )
            for each in self.listing(slug).shown
        )
        return replace(view, media=media)

    def _scan(self, slug: str) -> Listing:
        before = self._known.get(slug, {})
        known: dict[str, MediaFile | Skipped] = {}
        for name, stamp, path, status in _entries(self.root / slug):
            key = f"{name}/{stamp}"
            found = before.get(key)
            if found is None:
                found = _look(name, stamp, path, status)
                if isinstance(found, Skipped):
                    _log.warning("media_skipped", branch=slug, file=name, why=found.why)
            known[key] = found
        files = [each for each in known.values() if isinstance(each, MediaFile)]
        skipped = [each for each in known.values() if isinstance(each, Skipped)]
        extra = [
            Skipped(name=each.name, why=f"only the first {FILES_MAX} files are shown")
            for each in files[FILES_MAX:]
        ]
        listing = Listing(shown=tuple(files[:FILES_MAX]), skipped=(*skipped, *extra))
        if len(self._seen) >= BRANCHES_MAX and slug not in self._seen:
            self._seen.clear()
            self._known.clear()
        self._known[slug] = known
        self._seen[slug] = _Seen(at=self._elapsed(), listing=listing)
        return listing


def stamp_of(view: BoardView) -> str:
    """Tells apart two boards of one `seq` by what time alone changes: notices, opening, waits; not its clock."""
    timeless = replace(view, at=_NO_TIME)
    return "-" + hashlib.sha256(repr(timeless).encode()).hexdigest()[:_STAMP_LENGTH]


def _entries(folder: Path) -> Iterator[tuple[str, str, Path, os.stat_result]]:
    """Names in order with their stamps; a folder that is not there, or a link to one, is empty."""
    try:
        if folder.is_symlink():
            return
        names = sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))
    except OSError:
        return
    for name in names[:ENTRIES_READ_MAX]:
        path = folder / name
        try:
            status = path.lstat()
        except OSError:  # gone between the two looks
            continue
        told = f"{name}/{status.st_ino}/{status.st_size}/{status.st_mtime_ns}"
        stamp = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:_STAMP_LENGTH]
        yield name, stamp, path, status


def _look(name: str, stamp: str, path: Path, status: os.stat_result) -> MediaFile | Skipped:
    if not name.isprintable() or "\\" in name or len(name) > _NAME_LENGTH_MAX:
        # A name that is no Unicode would break the page that lists it.
        shown = name.encode("ascii", "backslashreplace").decode()
        return Skipped(name=shown, why=f"its name is no plain text of at most {_NAME_LENGTH_MAX}")
    if stat.S_ISLNK(status.st_mode):
        return Skipped(name=name, why="it is a link; put the file itself here")
    if not stat.S_ISREG(status.st_mode):
        return Skipped(name=name, why="it is no file")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        found = _picture(path) or _video(head)
    except (OSError, ValueError) as problem:
        return Skipped(name=name, why=str(problem) or "it cannot be read")
    if found is None:
        return Skipped(name=name, why="it is no JPEG, PNG, WebP, MP4 or WebM")
    kind, content_type = found
    most = PICTURE_BYTES_MAX if kind is MediaKind.PICTURE else VIDEO_BYTES_MAX
    if status.st_size > most:
        why = f"it has {status.st_size // 1024} KiB, a {kind} may have {most // 1024}"
        return Skipped(name=name, why=why)
    return MediaFile(name=name, path=path, kind=kind, content_type=content_type, stamp=stamp)


def _picture(path: Path) -> tuple[MediaKind, str] | None:
    """None when it is none; raises ValueError on one that must not be shown. Reads the head alone."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path, formats=tuple(_PICTURES))
    except UnidentifiedImageError:
        return None
    except (Image.DecompressionBombError, SyntaxError) as error:
        raise ValueError("it is a damaged picture") from error
    with image:
        if image.width * image.height > PICTURE_PIXELS_MAX:
            raise ValueError(f"it has more than {PICTURE_PIXELS_MAX // 1_000_000} million pixels")
        if getattr(image, "is_animated", False):
            # It could flash, and nobody can say how long it takes.
            raise ValueError("it is an animated picture; make a video of it")
        return MediaKind.PICTURE, _PICTURES[str(image.format)]


def _video(head: bytes) -> tuple[MediaKind, str] | None:
    if head[4:8] == b"ftyp" and head[8:12] not in (b"heic", b"heix", b"mif1", b"avif", b"avis"):
        return MediaKind.VIDEO, "video/mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head:
        return MediaKind.VIDEO, "video/webm"
    return None
