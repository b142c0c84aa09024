"""Has the fragments of calls rendered in the background: when the server has started, and when something changes."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from server.voice.recordings import Recordings
from server.voice.rendering import CACHE_FOLDER, RECORDINGS_FOLDER, Order

LOOK_SECONDS = 600
"""Before the first look, for a server that has just started has other things to do, and between two."""
_COMMAND = (sys.executable, "-m", "server.voice.rendering")


class Log(Protocol):
    """Where a failure is told."""

    def warning(self, event: str, **values: object) -> object: ...


class Warmer:
    """Looks now and then whether what `wanted` gives, or the folder of recordings, is other than it was."""

    def __init__(self, data: Path, wanted: Callable[[], Order], log: Log) -> None:
        self._cache = data / CACHE_FOLDER
        self._recordings = data / RECORDINGS_FOLDER
        self._wanted = wanted
        self._log = log
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._child: subprocess.Popen[str] | None = None
        self._done: tuple[object, ...] = ()

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, with the program that renders."""
        self._ended.set()
        if self._child is not None:
            self._child.kill()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> bool:
        """Have rendered what is missing, if something has changed since the last look, and wait for it.

        Whether it was done now. Raises OSError when the program fails.
        """
        order = self._wanted()
        state = (Recordings(self._recordings).signature(), order)
        if state == self._done or self._ended.is_set():
            return False
        self._child = subprocess.Popen(  # noqa: S603 (our own module)
            [*_COMMAND, str(self._cache), str(self._recordings)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        failed = self._finished(self._child, order)
        if self._ended.is_set():
            return False
        if failed:
            raise OSError(failed)
        self._done = state
        return True

    def _finished(self, child: subprocess.Popen[str], order: Order) -> str:
        """Tell it what to do and wait; the last line of what it complains of."""
        assert child.stdin is not None
        assert child.stderr is not None
        # Its standard input stays open until it has ended: closing it is how it learns that we have.
        with child, suppress(BrokenPipeError):
            child.stdin.write(f"{order.to_json()}\n")
            child.stdin.flush()
            complaint = child.stderr.read()
            status = child.wait()
            return complaint.strip().rpartition("\n")[2] or f"status {status}" if status else ""
        return "it ended too early"

    def _run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception as error:
                # A database or an engine that fails now is asked again at the next look; calls go on without.
                self._log.warning("voice_not_rendered", error=str(error))
