"""The server's board on this machine: network first for what changes, the disk for what does not, nothing else at all.

Only a few addresses are passed on. Nothing is kept that is not certainly the server's: a captive portal, a proxy's
error or a redirect never takes the board's place.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

import structlog

from device_client.http import Away
from display_client.cache import MEDIA, PAGES, SOUNDS, STATIC, Cache, Kept, Shelf
from display_client.fetching import Fetched, Fetcher
from display_client.player import seconds_of

PAGE_TIMEOUT_SECONDS: Final = 1.5
"""At boot without a network the cached board is there this soon."""
FILE_TIMEOUT_SECONDS: Final = 10.0
SOUND_TIMEOUT_SECONDS: Final = 4.0
"""The first sentence of a number has to be rendered by the server first."""
TRUSTED_SECONDS: Final = 600.0
"""A sound, picture or video that the server confirmed this recently is not asked for again."""
TARGET_LENGTH_MAX: Final = 1_000
PREFETCHED_MAX: Final = 150
TIME_HEADER: Final = "nouba-time"
NOT_PASSED_ON: Final = frozenset({
    "connection", "content-encoding", "content-length", "date", "keep-alive", "nouba-time", "server", "set-cookie",
    "strict-transport-security", "trailer", "transfer-encoding", "upgrade", "vary", "accept-ranges",
})  # fmt: skip
"""Headers of one connection, of the server's own site, or that would bind this machine's address to https."""
_ASSET = re.compile(r'["\'(=](/static/[^"\'\s()<>\\]{1,300}\?v=[0-9a-zA-Z]+)')
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """An answer for the browser: a file of the cache, or a body that is in memory."""

    status: int
    headers: Mapping[str, str]
    path: Path | None = None
    body: bytes = b""


class Proxy:
    """Any thread may ask."""

    def __init__(
        self,
        fetcher: Fetcher,
        cache: Cache,
        *,
        branch: str,
        is_online: Callable[[], bool],
        own_static: Path | None = None,
    ) -> None:
        """`is_online` tells whether the server answers elsewhere; `own_static` are the files of this program."""
        slug = quote(branch, safe="")
        self._fetcher = fetcher
        self._cache = cache
        self._is_online = is_online
        self._own_static = own_static
        self._page_path = f"/board/{slug}"
        self._accent_path = f"/branches/{slug}/accent.css"
        self._sound_prefix = f"/board/{slug}/say/"
        self._media_prefix = f"/board/{slug}/media/"
        self._version = ""

    @property
    def version(self) -> str:
        """Of the files that the newest page is made of; "" while no page was ever seen."""
        return self._version

    @property
    def page_path(self) -> str:
        return self._page_path

    def get(self, target: str) -> Passed | None:
        """The answer for path and query; None when it is nothing of the board's, or cannot be had."""
        shelf = self._shelf(target)
        if shelf is None:
            return None
        if shelf is PAGES:
            return self._page(target)
        kept = self._cache.find(shelf, target)
        if kept is not None and (_is_for_ever(target) or kept.age_seconds < TRUSTED_SECONDS):
            return _passed(kept)
        wait = SOUND_TIMEOUT_SECONDS if shelf is SOUNDS else FILE_TIMEOUT_SECONDS
        found = self._fetched(shelf, target, kept, wait)
        if found is not None:
            return found
        return _passed(kept) if kept is not None else self._own(target)

    def forget(self, target: str) -> None:
        """What was kept of it is no good."""
        shelf = self._shelf(target)
        if shelf is not None:
            self._cache.drop(shelf, target)

    def refresh(self, target: str) -> bool:
        """Fetch the page anew, then its files, then tell its version. Whether the server answered.

        In this order: the page must open whole when the network goes away in between.
        """
        if self._shelf(target) is not PAGES:
            return False
        found = self._fetched(PAGES, target, None, FILE_TIMEOUT_SECONDS, is_told=False)
        if found is None or found.status != 200:
            return False
        text = _text(found)
        for asset in assets_of(text)[:PREFETCHED_MAX]:
            if self._cache.find(STATIC, asset) is None:
                self.get(asset)
        self._version = version_of(text)
        return True

    def load(self, target: str) -> None:
        """The version of the page as it was kept, before any network."""
        kept = self._cache.find(PAGES, target)
        if kept is not None and not self._version:
            with suppress(OSError):
                self._version = version_of(kept.path.read_text(encoding="utf-8", errors="replace"))

    # ------------------------------------------------------------ one answer

    def _shelf(self, target: str) -> Shelf | None:
        path = urlsplit(target).path
        plain = unquote(path)
        if (
            len(target) > TARGET_LENGTH_MAX
            or ".." in plain
            or "//" in plain
            or "\\" in plain + target
        ):
            return None
        if path == self._page_path:
            return PAGES
        if path.startswith("/static/") or path == self._accent_path:
            return STATIC
        if path.startswith(self._sound_prefix):
            return SOUNDS
        return MEDIA if path.startswith(self._media_prefix) else None

    def _page(self, target: str) -> Passed | None:
        """Network first. Without one, the page of this look, else any page of this board: better than none."""
        if self._is_online() or self._cache.find(PAGES, target) is None:
            found = self._fetched(PAGES, target, None, PAGE_TIMEOUT_SECONDS)
            if found is not None:
                return found
        kept = self._cache.find(PAGES, target)
        if kept is None:
            other = self._cache.newest(PAGES)
            kept = self._cache.find(PAGES, other) if other is not None else None
        return _passed(kept) if kept is not None else None

    def _fetched(
        self, shelf: Shelf, target: str, kept: Kept | None, wait: float, *, is_told: bool = True
    ) -> Passed | None:
        """From the network; None when the server did not answer, or something else did in its place."""
        etag = kept.etag if kept is not None else None
        try:
            answer = self._fetcher.fetch(target, etag=etag, timeout_seconds=wait)
        except Away as away:
            _log.debug("not_fetched", target=target, problem=str(away))
            return None
        with answer.body:
            if not _is_servers(answer, target):
                _log.warning("not_the_server", target=target, status=answer.status)
                return None
            if answer.status == 304 and kept is not None:
                self._cache.confirmed(shelf, target)
                return _passed(kept)
            if answer.status == 404:
                return Passed(
                    status=404, headers=passed_on(answer.headers), body=answer.body.read()
                )
            if answer.status != 200:
                return None
            headers = passed_on(answer.headers)
            new = self._cache.keep(shelf, target, headers, answer.body)
            passed = _passed(new) if new is not None else _in_memory(headers, answer.body)
        if shelf is PAGES and is_told:
            self._version = version_of(_text(passed))
        return passed

    def _own(self, target: str) -> Passed | None:
        """This program's own copy of a static file: at worst a little older than the page that asks for it."""
        if self._own_static is None or not target.startswith("/static/"):
            return None
        file = self._own_static / urlsplit(target).path.removeprefix("/static/")
        kind = _KINDS.get(file.suffix)
        if kind is None or not file.is_file():
            return None
        return Passed(
            status=200, headers={"content-type": kind, "cache-control": "no-store"}, path=file
        )


class ServerWords:
    """The sentences of the server by way of the proxy (implements `speech.Words`)."""

    def __init__(self, proxy: Proxy, *, branch: str, chime: bytes) -> None:
        """`chime` is this program's own, for when there is no other."""
        self._proxy = proxy
        self._prefix = f"/board/{quote(branch, safe='')}/say"
        self._chime = chime
        self._kept_chime: bytes | None = None
        """Held: nothing is fetched between the grant and the first tone."""
        self._missing: dict[str, float] = {}
        """Until when a sentence is not asked for again, by its address."""
        self._lock = threading.Lock()

    def chime(self) -> bytes:
        """The server's; this program's own must do while that cannot be had."""
        if self._kept_chime is None:
            self._kept_chime = self._sound(f"{self._prefix}/chime.wav")
        return self._kept_chime or self._chime

    def sentence(self, language: str, number: str, desk: int) -> bytes | None:
        """None when the server has no sound of it. Raises Away."""
        query = f"number={quote(number, safe='')}&desk={desk}"
        target = f"{self._prefix}/{quote(language, safe='')}.wav?{query}"
        # One number may lack its recording while the language has the others: each is remembered by itself.
        if time.monotonic() < self._missing.get(target, 0.0):
            return None
        wav = self._sound(target, is_needed=True)
        if wav is None:
            self._miss(target)
        return wav

    def _sound(self, target: str, *, is_needed: bool = False) -> bytes | None:
        """What cannot be read is dropped and asked for once more. Raises Away when it is needed and not to be had."""
        for _ in range(2):
            found = self._proxy.get(target)
            if found is None:
                if is_needed:
                    raise Away(f"no {target}")
                return None
            if found.status != 200:
                return None
            wav = _sound_of(found)
            if wav is not None:
                return wav
            _log.warning("sound_unreadable", target=target)
            self._proxy.forget(target)
        return None

    def _miss(self, target: str) -> None:
        """Two threads ask."""
        with self._lock:
            self._missing.pop(target, None)
            self._missing[target] = time.monotonic() + MISSING_SECONDS
            while len(self._missing) > MISSING_MAX:
                del self._missing[next(iter(self._missing))]


def _sound_of(found: Passed) -> bytes | None:
    """None when it cannot be read as a sound."""
    try:
        wav = found.path.read_bytes() if found.path is not None else found.body
        return wav if seconds_of(wav) > 0 else None
    except (OSError, ValueError):
        return None


MISSING_MAX: Final = 200
"""Of sentences that the server had no sound for, as many are remembered."""
MISSING_SECONDS: Final = 20.0
"""A recording that was dropped in is heard this soon after."""


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that the browser on this machine gets, too."""
    return {name: value for name, value in headers.items() if name not in NOT_PASSED_ON}


def assets_of(page: str) -> list[str]:
    """The addresses of static files that a page names with a hash, each once, in order."""
    return list(dict.fromkeys(_ASSET.findall(page.replace("&amp;", "&"))))


def version_of(page: str) -> str:
    """The same for two pages that are made of the same files, whatever they show."""
    return hashlib.sha256("\n".join(sorted(assets_of(page))).encode()).hexdigest()[:16]


_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
}


def _is_servers(answer: Fetched, target: str) -> bool:
    """A proxy in front of the server may hand out its static files itself: those are known by what they are."""
    if TIME_HEADER in answer.headers:
        return True
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = _KINDS.get(Path(urlsplit(target).path).suffix, "").partition(";")[0]
    is_script = (
        kind in ("text/javascript", "application/javascript") and wanted == "text/javascript"
    )
    return (
        target.startswith("/static/")
        and answer.status in (200, 304)
        and (answer.status == 304 or kind == wanted or is_script)
    )


def _is_for_ever(target: str) -> bool:
    """Its address carries a hash of its content."""
    parts = urlsplit(target)
    return not parts.path.startswith("/board/") and "v" in parse_qs(parts.query)


def _passed(kept: Kept) -> Passed:
    return Passed(status=200, headers=kept.headers, path=kept.path)


def _in_memory(headers: Mapping[str, str], body: IO[bytes]) -> Passed:
    body.seek(0)
    return Passed(status=200, headers=headers, body=body.read())


def _text(passed: Passed) -> str:
    with suppress(OSError):
        raw = passed.path.read_bytes() if passed.path is not None else passed.body
        return raw.decode(errors="replace")
    return ""
