"""Says each call of the room once: asks the server who may, plays the sound, tells that it was said.

One thread. The grant is the server's (one row per branch, room and call); this loop only knows when to ask, what
to do while another speaks, and how to go on when the sound, the server or this program fails in mid-sentence.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from math import inf
from typing import Final
from uuid import uuid4

import structlog

from device_client.http import Away
from device_client.server import Revoked
from display_client.announcing import (
    CHIME_SECONDS,
    FRESH_FOR,
    SENTENCE_SECONDS,
    Head,
    Queue,
    languages_in_time,
)
from display_client.memory import Memory, Remembered
from display_client.news import News
from display_client.player import Player, PlayerFailed, Playing, one_stream, seconds_of
from display_client.server import GOING_TIMEOUT_SECONDS, Granting
from display_client.words import FetchAhead, Words, sentences
from server.domain.errors import Refusal
from server.domain.look import look_of_settings
from server.domain.speech import GRANT
from server.wire import BoardCall, BoardView
from server.wire_displays import (
    DisplaySettings,
    DisplayState,
    SoundState,
    call_key,
)

GOING_SECONDS: Final = 1.5
"""From one sending to the next. The grant lives 5 s: a lost word, which takes 1 s, does not end it."""
GRANT_SECONDS: Final = GRANT.total_seconds() - 0.5
"""After the sending of the last word that was answered, another may begin: the grant less a margin."""
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
WORDS_LATE_SECONDS: Final = 4.0
"""A language that is only late is waited for so long, while another is here."""
WORDS_SECONDS_MAX: Final = 15.0
"""A call whose sentences cannot be had for so long is announced by its chime alone."""
_log = structlog.get_logger(__name__)


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
        now: Callable[[], datetime],
        steady: Callable[[], float],
    ) -> None:
        """`now` is the server's time; `steady` counts seconds."""
        self._server = server
        self._words = words
        self._player = player
        self._news = news
        self._memory = memory
        self._device = device
        self._now = now
        self._steady = steady
        self._lock = threading.Lock()
        kept = memory.kept
        self._queue = Queue(known=kept.settled, newest=kept.newest, unsaid=kept.waiting)
        self._untold = dict(kept.untold)
        self._untold_at = 0.0
        self._settings = DisplaySettings()
        self._is_alone = False  # until the server has said so: there may be others in the room
        self._leader: int | None = None
        self._languages: tuple[str, ...] = ()
        self._lasted: dict[str, float] = {}  # seconds of a sentence by language, as last heard
        self._head: Head | None = None
        self._free_at = 0.0  # when another, whose call is off our queue, will have ended
        self._fault: str | None = None  # not tried yet; "": none
        self._sound_again_at = 0.0
        self._woken = threading.Event()
        self._stopping = threading.Event()

    def hear(self, view: BoardView) -> None:
        """Another state of the board."""
        with self._lock:
            self._languages = view.branch.languages
            self._queue.learn(view, self._now())
            self._keep()
        self._woken.set()

    def settle(self, state: DisplayState) -> None:
        """What this display says from now on, and who spoke last in its room."""
        with self._lock:
            self._settings, self._leader = state.settings, state.leader
            self._is_alone = not state.settings.room
        self._woken.set()

    def forget(self) -> None:
        """The server's database is another one."""
        with self._lock:
            self._queue.forget()

    @property
    def sound(self) -> SoundState:
        """For reports."""
        if self._fault:
            return "fault"
        if self._settings.is_silent:
            return "off"
        return "unknown" if self._fault is None else "ok"

    def run(self) -> None:
        """Turn after turn until `stop`."""
        ahead = FetchAhead(self._words, self._to_fetch, self._stopping)
        threading.Thread(target=ahead.run, name="nouba-words", daemon=True).start()
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self.turn()
            except Exception:
                # The loop must outlive a bug: log it whole, breathe, go on.
                _log.exception("speech_error")
            self._woken.wait(TURN_SECONDS if self._head is not None else UNTOLD_AGAIN_SECONDS)

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()

    def turn(self) -> None:
        """What is due now. Returns when there is nothing to do but wait; a sentence is played to its end in here."""
        self._try_sound()
        self._tell_untold()
        head = self._next_head()
        if head is None:
            return
        if not self._is_ours(head.call):
            self._show_silently(head)
        elif self._is_ready(head) and self._steady() >= head.ask_at:
            self._ask(head)

    def _next_head(self) -> Head | None:
        with self._lock:
            call = self._queue.next(self._now())
            while call is not None and not (self._is_shown(call) or self._is_spoken(call)):
                self._queue.done(call_key(call))
                call = self._queue.next(self._now())
            self._keep()
        before = self._head
        if before is not None and (call is None or before.key != call_key(call)):
            self._head = None
            is_answered = self._now() < before.call.called_at + FRESH_FOR  # and not only too old
            if is_answered and not before.is_settled and self._leader != self._device:
                # Answered while the leader was still saying it: nobody talks over them.
                self._free_at = max(self._free_at, before.ends_at)
        if call is not None and self._head is None:
            self._head = self._headed(call)
        if self._head is not before:
            shown = call if call is not None and self._is_shown(call) else None
            self._news.announce(shown)
        return self._head

    def _headed(self, call: BoardCall) -> Head:
        since = self._steady()
        seconds = CHIME_SECONDS + sum(
            self._lasted.get(language, SENTENCE_SECONDS) for language in self._languages
        )
        ask_at = max(since + self._patience(), self._free_at)
        return Head(call, since, ask_at, seconds)

    def _patience(self) -> float:
        """How long this display leaves a call to others."""
        if not self._settings.room or self._leader == self._device:
            return 0.0
        if self._leader is None:
            return NOBODY_LED_SECONDS * (self._device % NOBODY_LED_RANKS)
        return FOLLOWER_SECONDS + RANK_SECONDS * (self._device % RANKS)

    def _is_shown(self, call: BoardCall) -> bool:
        return look_of_settings(self._settings).has(call.service, call.desk)

    def _is_spoken(self, call: BoardCall) -> bool:
        if self._settings.is_silent:
            return False
        speaks = self._settings.speaks
        return call.service in speaks if speaks else self._is_shown(call)

    def _is_ours(self, call: BoardCall) -> bool:
        return self._is_spoken(call) and not self._fault

    def _show_silently(self, head: Head) -> None:
        with self._lock:
            is_hurried = len(self._queue.waiting) > HURRY_FROM
            if self._steady() - head.since < (
                SHOWN_HURRIED_SECONDS if is_hurried else SHOWN_SECONDS
            ):
                return
            head.is_settled = True
            if self._is_spoken(head.call):
                self._queue.missed(head.key)
            else:
                self._queue.done(head.key)
            self._keep()
        self._woken.set()

    def _ask(self, head: Head) -> None:
        sent = self._steady()
        try:
            answer = self._server.speech(head.key, "begin", key=uuid4().hex)
        except Away:
            if not self._is_alone:
                head.ask_at = self._steady() + RETRY_SECONDS_MIN
                return
            # Alone in its room there is nobody to say it twice; the server is told when it is back.
            self._say(head, granted=None)
            return
        except (Revoked, Refusal) as problem:
            _log.warning("speech_refused", problem=str(problem))
            head.ask_at = self._steady() + RETRY_SECONDS_MAX
            return
        self._leader = answer.leader
        if answer.is_granted:
            self._say(head, granted=sent)
        elif answer.is_said:
            self._settled(head)
        else:
            wait = min(max(answer.retry_seconds, RETRY_SECONDS_MIN), RETRY_SECONDS_MAX)
            head.ask_at = self._steady() + wait

    def _is_ready(self, head: Head) -> bool:
        """Whether its sounds are here: they are fetched before the grant is asked for, which lives 5 s only."""
        if head.found is not None:
            return True
        found, is_whole = sentences(self._words, head.call, self._languages)
        for language in self._languages:
            pause = LANGUAGE_PAUSE_SECONDS if language in found else 0.0
            self._lasted[language] = seconds_of(found[language]) + pause if pause else 0.0
        limit = WORDS_LATE_SECONDS if found else WORDS_SECONDS_MAX
        if is_whole or self._steady() - head.since > limit:
            head.found, head.chime = found, self._words.chime()
        return head.found is not None

    def _to_fetch(self) -> tuple[tuple[BoardCall, ...], tuple[str, ...]]:
        with self._lock:
            waiting = tuple(call for call in self._queue.waiting if self._is_spoken(call))
            return waiting, self._languages

    def _say(self, head: Head, *, granted: float | None) -> None:
        """From the chime to the last language. A sound that fails leaves it unsaid. `granted`: when that was asked."""
        wav, spoken = self._composed(head)
        title = f"{head.key} {','.join(spoken)}".rstrip()
        try:
            playing = self._player.start(
                wav, volume_percent=self._settings.volume_percent, title=title
            )
            try:
                is_whole = self._played(playing, head.key, granted)
            finally:
                playing.stop()
        except PlayerFailed as failure:
            self._sound_failed(str(failure))
            head.ask_at = self._steady() + SOUND_AGAIN_SECONDS
            return
        if not is_whole:
            head.ask_at = self._steady() + RETRY_SECONDS_MIN
            return
        _log.info("call_said", call=head.key, languages=spoken)
        self._leader = self._device
        with self._lock:
            self._untold[head.key] = uuid4().hex
            self._untold_at = 0.0
        self._settled(head)
        self._tell_untold()

    def _composed(self, head: Head) -> tuple[bytes, tuple[str, ...]]:
        """The whole sound, and the languages in it: those that have a voice, as far as there is time."""
        found = head.found or {}
        if not found:
            return head.chime, ()
        voiced = tuple(language for language in self._languages if language in found)
        with self._lock:
            waiting = tuple(self._queue.waiting)
        spoken = languages_in_time(waiting, voiced, self._now(), self._lasted)
        sentence = one_stream([found[language] for language in spoken], LANGUAGE_PAUSE_SECONDS)
        return one_stream((head.chime, sentence), CHIME_PAUSE_SECONDS), spoken

    def _played(self, playing: Playing, key: str, granted: float | None) -> bool:
        """Whether it was played to its end; False when the room may be another's meanwhile. Raises PlayerFailed."""
        sent = self._steady() if granted is None else granted
        while not playing.wait(max(self._next_word(sent, granted) - self._steady(), 0.0)):
            if self._stopping.is_set():
                return False
            sent = self._steady()
            if granted is None:
                continue
            left = inf if self._is_alone else granted + GRANT_SECONDS - sent
            if left <= 0:
                _log.warning("speech_cut_off", call=key)
                return False
            if left < GOING_TIMEOUT_SECONDS:
                continue  # its answer could come when another sounds already
            try:
                answer = self._server.speech(key, "going", key=uuid4().hex)
            except (Away, Revoked, Refusal):
                continue  # alone in its room, it says to its end what was begun
            if not answer.is_granted:
                _log.warning("speech_taken_over", call=key)
                return False
            granted = sent
        return True

    def _next_word(self, sent: float, granted: float | None) -> float:
        """When to say "going", or to stop, whichever is due."""
        due = sent + GOING_SECONDS
        return due if self._is_alone or granted is None else min(due, granted + GRANT_SECONDS)

    def _settled(self, head: Head) -> None:
        head.is_settled = True
        with self._lock:
            self._queue.done(head.key)
            self._keep()
        self._woken.set()

    def _tell_untold(self) -> None:
        """Calls that were said: the server hears of each, however late, and acts once by its key."""
        if not self._untold or self._steady() < self._untold_at:
            return
        for call, key in tuple(self._untold.items()):
            try:
                self._server.speech(call, "said", key=key)
            except Away:
                self._untold_at = self._steady() + UNTOLD_AGAIN_SECONDS
                break
            except (Revoked, Refusal) as problem:
                _log.warning("speech_not_told", call=call, problem=str(problem))
            with self._lock:
                del self._untold[call]
        with self._lock:
            self._keep()

    def _sound_failed(self, problem: str) -> None:
        if not self._fault:
            _log.error("sound_failed", problem=problem)
        self._fault = problem or "unknown"
        self._sound_again_at = self._steady() + SOUND_AGAIN_SECONDS

    def _try_sound(self) -> None:
        """At the start, too: who cannot speak leaves the first call to another, and staff know before it."""
        if self._fault == "" or self._steady() < self._sound_again_at:
            return
        try:
            self._player.check()
        except PlayerFailed as failure:
            self._sound_failed(str(failure))
            return
        if self._fault:
            _log.info("sound_is_back")
        self._fault = ""
        with self._lock:
            self._queue.sound_is_back(self._now())

    def _keep(self) -> None:
        """With the lock held."""
        self._memory.keep(
            Remembered(
                settled=self._queue.settled,
                newest=self._queue.newest,
                untold=tuple(self._untold.items()),
                waiting=self._queue.wanted,
            )
        )
