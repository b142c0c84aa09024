"""A display beside its screen, with the real program's link, board, queue and speaker, on simulated time.

Its loops are greenlets: where the program would wait for a clock, a network or a loudspeaker, the day goes on. The
cable loses, repeats and delays, both what is asked and what is pushed; the machine may die in mid-sentence.
"""

from __future__ import annotations

import random
from array import array
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
from greenlet import GreenletExit, getcurrent, greenlet

from device_client.http import Away
from device_client.server import deaf
from display_client.board import Painting
from display_client.link import BEHIND_SECONDS, KNOCK_SECONDS, Ears, Knocker, Socket
from display_client.memory import Memory
from display_client.news import News
from display_client.player import PlayerFailed, seconds_of
from display_client.reports import Orders
from display_client.speech import Speaker
from server.actions import displays
from server.actions.hall import Caller, Hall
from server.db import device_views, devices, reads, views
from server.domain.errors import Refusal
from server.voice import sound
from server.wire import BoardView
from server.wire_devices import DeviceReport, ReportAnswer
from server.wire_displays import SpeechAnswer, SpeechStep
from tests.builders import MORNING, HandClock
from tests.simulation.cable import Mishap
from tests.simulation.faults import Process, SimulatedCrash
from tests.simulation.glass import facts, painted
from tests.simulation.hearing import Hearing, Sound
from tests.simulation.network import STEPS_OF_A_REQUEST

T = TypeVar("T")
PATIENCE_SECONDS = 2.0
LATE_SECONDS_MAX = 20
PUSHES_ARE_WORSE = 6.0  # few among the pulses, and what a board is made of
SILENCE_SECONDS = 5.0
TURN_SECONDS, IDLE_SECONDS = 0.5, 1.0
CURRENT_MAX = timedelta(seconds=62 + LATE_SECONDS_MAX)
"""A minute after the last message a board cannot be believed; the last may have been under way when the cable went."""
_CHIME = sound.write(array("h", bytes(2 * sound.RATE)))
_SENTENCE = sound.write(array("h", bytes(2 * 2 * sound.RATE)))
_MISHAPS = tuple(Mishap)


@dataclass(slots=True, kw_only=True)
class World:
    """What all machines share. `later` puts an act on the day's agenda."""

    process: Process
    clock: HandClock
    chance: random.Random
    later: Callable[[timedelta, Callable[[], object]], None]
    hearing: Hearing
    rate: float
    met: Counter[str]

    def sleep(self, seconds: float) -> None:
        """Of the greenlet that calls it: the day goes on meanwhile."""
        self.later(timedelta(seconds=seconds), getcurrent().switch)
        parent = getcurrent().parent
        assert parent is not None, "the day itself does not sleep"
        parent.switch()

    def mishap(self, worse: float = 1.0) -> Mishap | None:
        """What befalls a message now, `worse` times as often."""
        if self.chance.random() >= self.rate * worse:
            return None
        found = self.chance.choice(_MISHAPS)
        self.met[found.value] += 1
        return found


class Wire:
    """`display_client.server.Server` without HTTP."""

    def __init__(self, world: World, screen: Screen) -> None:
        self._world = world
        self._screen = screen
        self._html = ""

    def painting(self, look: str, known: int | None) -> Painting | None:
        view = self._ask(self._screen.true_view)
        html = painted(view)
        if view.seq == known and html == self._html:
            return None
        self._html = html
        return Painting(seq=view.seq, at=view.at.isoformat(), html=html, look=look)

    def view(self, known: int | None) -> BoardView | None:
        found = self._ask(self._screen.true_view)
        return None if found.seq == known else found

    def report(self, report: DeviceReport) -> ReportAnswer:
        raise Away("nobody reports here")

    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer:
        del key  # every step is the same when it is done twice
        caller = self._screen.caller
        return self._ask(
            lambda hall: displays.speak(hall=hall, caller=caller, call=call, step=step)
        )

    def screenshot(self, order: int, jpeg: bytes) -> None:
        raise Away("nobody looks here")

    def _ask(self, request: Callable[[Hall], T]) -> T:
        world, screen = self._world, self._screen
        world.sleep(world.chance.uniform(0.005, 0.1))
        mishap = None if screen.is_out else world.mishap()
        if mishap is None and not screen.is_out:
            return request(world.process.hall)
        screen.troubles.note(world.clock.now(), timedelta(seconds=LATE_SECONDS_MAX))
        if mishap is Mishap.DUPLICATE:
            request(world.process.hall)
            return request(world.process.hall)
        if mishap is Mishap.CRASH:
            self._die(request)
        elif mishap is Mishap.LOST_REPLY:
            self._unheard(request)
        elif mishap is Mishap.LATE:
            span = timedelta(seconds=world.chance.randint(1, LATE_SECONDS_MAX))
            world.later(span, lambda: self._unheard(request))
        world.sleep(PATIENCE_SECONDS)
        raise Away(str(mishap))

    def _die(self, request: Callable[[Hall], object]) -> None:
        process = self._world.process
        process.fuse.arm(self._world.chance.randrange(STEPS_OF_A_REQUEST))
        try:
            request(process.hall)
        except SimulatedCrash:
            process.restart()
        finally:
            process.fuse.disarm()

    def _unheard(self, request: Callable[[Hall], object]) -> None:
        with suppress(Refusal):
            request(self._world.process.hall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a worse display has another of."""

    news: type[News] = News
    wire: type[Wire] = Wire


class Screen:
    """One machine, through all its lives."""

    def __init__(
        self, world: World, path: Path, caller: Caller, room: str, parts: Parts | None = None
    ) -> None:
        assert caller.device is not None
        self.world = world
        self.caller = caller
        self.device = int(caller.device)
        self.room = room
        self.troubles = world.hearing.troubles[self.device]
        self.is_out = self.is_mute = self.is_running = False
        self.out_since: datetime | None = None
        self.is_connected = False
        self.deaths = 0
        self._parts = parts or Parts()
        self._path = path
        self._heard_at = 0.0
        self._behind_since: float | None = None
        self._knocked_at = 0.0
        self._highest = (-1, -1)
        self._loops: list[greenlet] = []
        self.news: News
        self._ears: Ears
        self._speaker: Speaker
        self._knocker: Knocker

    def start(self) -> None:
        """The program, as an init system starts it."""
        wire = self._parts.wire(self.world, self)
        self.news = self._parts.news(steady=self.steady, now=self.world.clock.now)
        self._speaker = Speaker(
            wire,
            self,
            Loudspeaker(self),
            self.news,
            Memory(self._path),
            device=self.device,
            now=self.world.clock.now,
            steady=self.steady,
        )
        self._ears = Ears(self.news, self._speaker, Orders(self.news, self._speaker, self))
        socket = Socket("", "", self.news, self._ears, steady=self.steady, server_said=deaf)
        self._knocker = Knocker(wire, socket, self.news, self._ears, steady=self.steady)
        self._highest = (-1, -1)
        self.is_running = True
        self._loops = [greenlet(self._speak), greenlet(self._link)]
        life = self.deaths

        def begin() -> None:
            if self.deaths == life:
                for loop in self._loops:
                    loop.switch()

        self.world.later(timedelta(seconds=0.1), begin)
        self._told()

    def kill(self) -> None:
        """`kill -9`, in mid-sentence or not."""
        self.is_running = self.is_connected = False
        self.deaths += 1
        self._told()
        for loop in self._loops:
            if loop:
                loop.throw(GreenletExit)

    def cut(self, *, is_out: bool) -> None:
        """The cable is pulled or put back."""
        if is_out != self.is_out:
            self.out_since = self.world.clock.now() if is_out else None
        self.is_out = is_out
        self._told()

    def mute(self, *, is_mute: bool) -> None:
        """The audio device goes or comes."""
        self.is_mute = is_mute
        self._told()

    def _told(self) -> None:
        is_troubled = self.is_out or self.is_mute or not self.is_running
        self.troubles.set(self.world.clock.now(), is_troubled=is_troubled)

    def _speak(self) -> None:
        while True:
            self._speaker.turn()
            self.world.sleep(IDLE_SECONDS if self.news.is_quiet else TURN_SECONDS)

    def _link(self) -> None:
        while True:
            self.world.sleep(2 * BEHIND_SECONDS)
            if self.is_connected and self.steady() - self._heard_at >= SILENCE_SECONDS:
                self.is_connected = False
            if not self.is_connected:
                self._connect()
            now = self.steady()
            if not self.news.is_behind:
                self._behind_since = None
            elif self._behind_since is None:
                self._behind_since = now
            is_behind = self._behind_since is not None and now - self._behind_since > BEHIND_SECONDS
            if is_behind or (not self.is_connected and now - self._knocked_at > KNOCK_SECONDS):
                self._knocked_at = now
                self._knocker.knock()
                self.look()

    def _connect(self) -> None:
        self.world.sleep(self.world.chance.uniform(0.01, 0.2))
        if self.is_out or self.world.mishap() is not None:
            return
        self.is_connected = True
        self._heard_at = self.steady()
        with self.world.process.hall.store.read() as connection:
            device = devices.device(connection, self.caller.branch, self.caller.require_device())
            state = device_views.display_state(connection, device)
        self._ears.display(msgspec.to_builtins(state))
        self.push(self.true_view(self.world.process.hall))

    def push(self, view: BoardView) -> None:
        """Both forms of the board, each on its own way."""
        painting = {"seq": view.seq, "at": view.at.isoformat(), "html": painted(view)}
        data = {"seq": view.seq, "view": msgspec.to_builtins(view)}
        self._send(lambda: self._ears.painting(painting, self.news.look), PUSHES_ARE_WORSE)
        self._send(lambda: self._ears.data(data), PUSHES_ARE_WORSE)

    def pulse(self, seq: int) -> None:
        """That the server is there."""
        self._send(lambda: self._ears.pulse(seq))

    def _send(self, arrive: Callable[[], None], worse: float = 1.0) -> None:
        if not self.is_connected or self.is_out:
            return
        life, chance = self.deaths, self.world.chance
        mishap = self.world.mishap(worse)
        spans = [chance.uniform(0.001, 0.2)]
        if mishap is Mishap.DUPLICATE:
            spans.append(chance.uniform(0.1, 5))
        elif mishap is Mishap.LATE:
            spans = [chance.uniform(1, LATE_SECONDS_MAX)]
        elif mishap is not None:
            return

        def arrived() -> None:
            if self.is_running and self.deaths == life:
                self._heard_at = self.steady()
                arrive()
                self.look()

        for span in spans:
            self.world.later(timedelta(seconds=span), arrived)

    def look(self) -> None:
        """Somebody looks at the screen. Raises AssertionError when it lies."""
        snapshot, painting = self.news.wait(-1, 0.0), self.news.painting
        shown = (
            painting.seq if painting is not None else -1,
            snapshot.view.seq if snapshot.view is not None else -1,
        )
        assert shown[0] >= self._highest[0], f"a board went back: {shown} after {self._highest}"
        assert shown[1] >= self._highest[1], f"a board went back: {shown} after {self._highest}"
        self._highest = shown
        if self.out_since is not None and self.world.clock.now() - self.out_since > CURRENT_MAX:
            assert not snapshot.is_current, "an old board is shown as if it were true"

    def check_equals(self, view: BoardView) -> None:
        """Once all is quiet."""
        snapshot, painting = self.news.wait(-1, 0.0), self.news.painting
        assert snapshot.view is not None, "a board without anything"
        assert painting is not None, "a board without anything"
        assert facts(snapshot.view) == facts(view), "a board is not the database"
        assert painting.html == painted(view), "a board is not the database"
        assert snapshot.is_current, "a board that is true says that it cannot know"

    def true_view(self, hall: Hall) -> BoardView:
        """What the database says now."""
        with hall.store.read() as connection:
            branch = reads.branch(connection, self.caller.branch)
            return views.board(connection, branch, hall.clock.now())

    def steady(self) -> float:
        return (self.world.clock.now() - MORNING).total_seconds()

    def chime(self) -> bytes:
        return _CHIME

    def sentence(self, language: str, number: str, desk: int) -> bytes | None:
        del number, desk
        return None if language == "zgh" else _SENTENCE

    def is_watched(self) -> bool:
        return False

    def reload(self) -> None:
        """No page here."""

    def screenshot(self, order: int) -> None:
        """No page here."""


class Loudspeaker:
    """`display_client.player.Player`, heard in the room."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def start(self, wav: bytes, *, volume_percent: int, title: str) -> Playing:
        del volume_percent
        self.check()
        screen = self._screen
        key, _, _ = title.partition(" ")
        heard = Sound(screen.room, key, screen.device, screen.world.clock.now())
        screen.world.hearing.sounds.append(heard)
        return Playing(screen, heard, seconds_of(wav))

    def check(self) -> None:
        if self._screen.is_mute:
            raise PlayerFailed("no audio device")


class Playing:
    """`display_client.player.Playing`."""

    def __init__(self, screen: Screen, heard: Sound, seconds: float) -> None:
        self._screen = screen
        self._heard = heard
        self._left = seconds

    def wait(self, seconds: float) -> bool:
        span = min(seconds, self._left)
        self._screen.world.sleep(span)
        if self._screen.is_mute:
            raise PlayerFailed("no audio device")
        self._left -= span
        self._heard.is_whole = self._left <= 0
        return self._heard.is_whole

    def stop(self) -> None:
        self._heard.ended = self._screen.world.clock.now()
