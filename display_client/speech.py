"""Says each call of the room once: asks the server who may, plays the sound, tells that it was said.

One thread. The grant is the server's (one row per branch, room and call); this loop only knows when to ask, what
to do while another speaks, and how to go on when the sound, the server or this program fails in mid-sentence.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from display_client.memory import Memory
from display_client.news import News
from display_client.player import Player
from server.wire_displays import (
    SpeechAnswer,
    SpeechStep,
)

GOING_SECONDS: Final = 2.0
"""The grant lives 5 s: one lost word of ours does not end it."""
FOLLOWER_SECONDS: Final = 2.0
"""How long the others leave it to the leader to begin."""
RANK_SECONDS: Final = 0.5
RANKS: Final = 4
NOBODY_LED_SECONDS: Final = 0.3
NOBODY_LED_RANKS: Final = 5
RETRY_SECONDS_MIN: Final = 0.2
RETRY_SECONDS_MAX: Final = 3.0
SHOWN_SECONDS: Final = 6.0
"""A call that nobody here says stands in the large place for this long."""
SHOWN_HURRIED_SECONDS: Final = 3.0
HURRY_FROM: Final = 3
SOUND_AGAIN_SECONDS: Final = 3.0
CHIME_PAUSE_SECONDS: Final = 0.35
LANGUAGE_PAUSE_SECONDS: Final = 0.45
TURN_SECONDS: Final = 0.1
UNTOLD_AGAIN_SECONDS: Final = 1.0
_log = structlog.get_logger(__name__)


class Words(Protocol):
    """Where finished sounds come from: the server, and what was kept of it."""

    def chime(self) -> bytes | None: ...

    def sentence(self, language: str, number: str, desk: int) -> bytes | None:
        """None when there is no voice for it, or none can be had now."""
        ...


class Granting(Protocol):
    """The server, as far as speech goes. May raise Away, Revoked or a Refusal."""

    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer: ...


class Speaker:
    """Start `run` in a thread of its own; the link tells it of views and settings."""

    def __init__(
        self,
        server: Granting,
        words: Words,
        player: Player,
        news: News,
        memory: Memory,
        *,
        device: int,
        now: Callable[[], object],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._words = words
        self._player = player
        self._news = news
        self._memory = memory
        self._device = device
        self._now = now
        self._steady = steady
