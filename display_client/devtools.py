"""Chromium's DevTools protocol over a pipe: pictures, reloads, crashes. Never a port: only its parent can speak to it.

The browser reads commands from its descriptor 3 and writes to its descriptor 4, each message JSON and a NUL.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final

import msgspec
import structlog

PIPE_FLAG: Final = "--remote-debugging-pipe"
ANSWER_SECONDS_MAX: Final = 5.0
SCREENSHOT_WIDTH_MAX: Final = 640
SCREENSHOT_BYTES_MAX: Final = 150_000
QUALITIES: Final = (70, 50, 30, 10)
"""The first whose picture is small enough."""
_MESSAGE_BYTES_MAX: Final = 32_000_000
_READ_BYTES: Final = 65_536
_HIGH_DESCRIPTOR: Final = 10
_TO_3_AND_4: Final = """\
import os, sys
reads, writes = int(sys.argv[1]), int(sys.argv[2])
os.dup2(reads, 3)
os.dup2(writes, 4)
os.close(reads)
os.close(writes)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""Between fork and exec only a fresh program may set descriptors: this one has threads."""
_CRASHES: Final = frozenset({"Inspector.targetCrashed", "Target.targetCrashed"})
_log = structlog.get_logger(__name__)


class DevToolsFailure(Exception):
    """The browser did not do it, did not answer in time, or is gone."""


class DevTools:
    """One browser's. Any thread may call; `close` when the browser has ended."""

    def __init__(self, reads: int, writes: int) -> None:
        """Takes both descriptors: answers are read from the first, commands written to the second."""
        self._reads, self._writes = reads, writes
        os.set_blocking(writes, False)
        self._lock = threading.Lock()
        self._number = 0
        self._waiting: dict[int, SimpleQueue[Mapping[str, Any] | None]] = {}
        self._session: str | None = None
        self._page: str | None = None
        self._is_closed = False
        self.has_crashed = threading.Event()
        """The page's process died: the page is a sad face, or nothing."""
        self._thread = threading.Thread(target=self._listen, name="nouba-devtools", daemon=True)
        self._thread.start()

    @property
    def is_attached(self) -> bool:
        """Whether the page was found."""
        return self._session is not None

    def attach(self) -> None:
        """To the page, if that has not been done. Raises DevToolsFailure while there is none."""
        if self._session is not None:
            return
        found = self.call("Target.getTargets").get("targetInfos", [])
        page = next((each for each in found if each.get("type") == "page"), None)
        if page is None:
            raise DevToolsFailure("there is no page yet")
        self._page = str(page["targetId"])
        self.call("Target.setDiscoverTargets", {"discover": True})
        wanted = {"targetId": self._page, "flatten": True}
        session = self.call("Target.attachToTarget", wanted)["sessionId"]
        self._session = str(session)
        self.on_page("Inspector.enable")

    def reload(self) -> None:
        """Load the page anew, past the browser's own cache. Raises DevToolsFailure."""
        self.on_page("Page.reload", {"ignoreCache": True})

    def heap_bytes(self) -> int:
        """What the page's scripts hold. Raises DevToolsFailure."""
        return int(self.on_page("Runtime.getHeapUsage")["usedSize"])

    def screenshot(self) -> bytes:
        """What the page shows, as a small JPEG. Raises DevToolsFailure."""
        metrics = self.on_page("Page.getLayoutMetrics")
        width = float(metrics["cssLayoutViewport"]["clientWidth"])
        height = float(metrics["cssLayoutViewport"]["clientHeight"])
        if width <= 0 or height <= 0:
            raise DevToolsFailure("the page has no size")
        # The picture is in the screen's own dots, of which a CSS pixel may have several.
        asked = {"expression": "devicePixelRatio", "returnByValue": True}
        ratio = float(self.on_page("Runtime.evaluate", asked)["result"]["value"])
        scale = min(1.0, SCREENSHOT_WIDTH_MAX / (width * ratio))
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": scale}
        for quality in QUALITIES:
            wanted = {"format": "jpeg", "quality": quality, "clip": clip, "optimizeForSpeed": False}
            jpeg = _decoded(self.on_page("Page.captureScreenshot", wanted).get("data"))
            if len(jpeg) <= SCREENSHOT_BYTES_MAX:
                return jpeg
        raise DevToolsFailure("no picture is small enough")

    def on_page(self, method: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """A command to the page itself. Raises DevToolsFailure."""
        self.attach()
        return self.call(method, params, session=self._session)

    def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        session: str | None = None,
        timeout_seconds: float = ANSWER_SECONDS_MAX,
    ) -> Mapping[str, Any]:
        """The result of a command. Raises DevToolsFailure."""
        answer: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        with self._lock:
            if self._is_closed:
                raise DevToolsFailure("the browser is gone")
            self._number += 1
            number = self._number
            self._waiting[number] = answer
        message: dict[str, Any] = {"id": number, "method": method, "params": params or {}}
        if session is not None:
            message["sessionId"] = session
        try:
            self._send(msgspec.json.encode(message) + b"\0")
            found = answer.get(timeout=timeout_seconds)
        except OSError as error:
            raise DevToolsFailure(f"{method}: {error.strerror}") from error
        except Empty:
            raise DevToolsFailure(f"{method}: no answer") from None
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        if found is None:
            raise DevToolsFailure(f"{method}: the browser is gone")
        if "error" in found:
            raise DevToolsFailure(f"{method}: {found['error'].get('message')}")
        result: Mapping[str, Any] = found.get("result", {})
        return result

    def close(self) -> None:
        """After the browser's end; whoever waits is told that it is gone."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        # The end of the browser ends its side of the pipe, and with it the listener.
        os.close(self._writes)
        self._thread.join(ANSWER_SECONDS_MAX)

    def _send(self, message: bytes) -> None:
        """A browser that reads nothing fills the pipe: that is an error, never a wait. Raises OSError."""
        with self._lock:
            if self._is_closed:
                raise BrokenPipeError(0, "the browser is gone")
            while message:
                message = message[os.write(self._writes, message) :]

    def _listen(self) -> None:
        kept = bytearray()
        try:
            while part := os.read(self._reads, _READ_BYTES):
                kept += part
                if len(kept) > _MESSAGE_BYTES_MAX:
                    _log.error("devtools_message_too_long")
                    break
                if b"\0" in part:
                    *messages, rest = bytes(kept).split(b"\0")
                    kept = bytearray(rest)
                    for message in messages:
                        self._heard(message)
        except OSError as error:
            _log.warning("devtools_ended", problem=str(error))
        finally:
            os.close(self._reads)
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            for answer in waiting.values():
                answer.put(None)

    def _heard(self, raw: bytes) -> None:
        try:
            message = msgspec.json.decode(raw, type=dict[str, Any])
        except ValueError:
            _log.warning("devtools_message_unreadable")
            return
        number = message.get("id")
        if isinstance(number, int):
            with self._lock:
                answer = self._waiting.get(number)
            if answer is not None:
                answer.put(message)
        elif message.get("method") in _CRASHES and self._is_of_page(message):
            self.has_crashed.set()

    def _is_of_page(self, message: Mapping[str, Any]) -> bool:
        """A crash of a worker or of a frame that is gone is none of the page's."""
        named = message.get("params", {}).get("targetId")
        return named is None or named == self._page


def start_with_pipe(command: Sequence[str]) -> tuple[subprocess.Popen[bytes], DevTools]:
    """Start a browser, in a process group of its own, with its DevTools on a pipe. Raises OSError."""
    browser_reads, we_write = os.pipe()
    we_read, browser_writes = os.pipe()
    ends = [browser_reads, browser_writes]
    try:
        # Above 4, so that moving one to 3 does not close the other.
        high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR) for end in ends]
        ends += high
        mover = [sys.executable, "-I", "-S", "-c", _TO_3_AND_4, *map(str, high)]
        process = subprocess.Popen(  # noqa: S603 (our own command line)
            [*mover, *command, PIPE_FLAG],
            pass_fds=high,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None,
        )
    except OSError:
        os.close(we_read)
        os.close(we_write)
        raise
    finally:
        for end in ends:
            with suppress(OSError):
                os.close(end)
    return process, DevTools(we_read, we_write)


def _decoded(data: object) -> bytes:
    try:
        return base64.b64decode(str(data), validate=True)
    except binascii.Error as error:
        raise DevToolsFailure("a picture that is none") from error
