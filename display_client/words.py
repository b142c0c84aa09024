"""The sentences of a call as sound, fetched before they are needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from device_client.http import Away
from server.wire import BoardCall
from server.wire_displays import call_key

FETCHED_MAX: Final = 50
FETCH_LOOK_SECONDS: Final = 0.05
ERROR_PAUSE_SECONDS: Final = 1.0
_log = structlog.get_logger(__name__)


class Words(Protocol):
    """Where finished sounds come from: the server, and what was kept of it."""

    def chime(self) -> bytes: ...

    def sentence(self, language: str, number: str, desk: int) -> bytes | None:
        """None when there is no voice for it. Raises Away when it cannot be had now."""
        ...


def sentences(
    words: Words, call: BoardCall, languages: Sequence[str]
) -> tuple[dict[str, bytes], bool]:
    """What a call sounds like by language, and whether nothing is missing that could still come."""
    found: dict[str, bytes] = {}
    is_whole = True
    for language in languages:
        try:
            wav = words.sentence(language, call.label, call.desk)
        except Away:
            is_whole = False
        else:
            if wav is not None:
                found[language] = wav
    return found, is_whole


class FetchAhead:
    """Fetches the sentences of calls that wait while another is said: no silence between them."""

    def __init__(
        self,
        words: Words,
        waiting: Callable[[], tuple[tuple[BoardCall, ...], tuple[str, ...]]],
        stopping: threading.Event,
    ) -> None:
        """`waiting` tells the calls that wait, and the languages."""
        self._words = words
        self._waiting = waiting
        self._stopping = stopping
        self._fetched: dict[str, None] = {}

    def run(self) -> None:
        """Until `stopping`."""
        while not self._stopping.wait(FETCH_LOOK_SECONDS):
            try:
                self.turn()
            except Exception:
                # Sentences are then fetched when it is their turn; the loop must outlive a bug.
                _log.exception("words_error")
                self._stopping.wait(ERROR_PAUSE_SECONDS)

    def turn(self) -> None:
        """Each call once; what could not be had then is fetched when it is its turn."""
        waiting, languages = self._waiting()
        for call in waiting:
            key = call_key(call)
            if key not in self._fetched and not self._stopping.is_set():
                self._fetched[key] = None
                sentences(self._words, call, languages)
        for key in list(self._fetched)[: max(0, len(self._fetched) - FETCHED_MAX)]:
            del self._fetched[key]
