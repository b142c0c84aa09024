"""A display beside its screen, with the real program's link, board, queue and speaker, on simulated time.

Its loops are greenlets: where the program would wait for a clock, a network or a loudspeaker, the day goes on. The
cable loses, repeats and delays, both what is asked and what is pushed; the machine may die in mid-sentence.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from greenlet import GreenletExit, greenlet

from device_client.server import deaf
from display_client.keeping import Keeper
from display_client.link import (
    BEHIND_SECONDS,
    KNOCK_SECONDS,
    SILENCE_SECONDS_MAX,
    Ears,
    Knocker,
    Socket,
)
from display_client.memory import Memory
from display_client.news import News
from display_client.reports import Orders, Reporter
from display_client.speech import Speaker
from server.actions.hall import Caller, Hall
from server.db import device_views, devices, reads, views
from server.voice import sound
from server.wire import BoardView
from tests.simulation.cable import Mishap
from tests.simulation.display_wire import LATE_SECONDS_MAX, Wire
from tests.simulation.display_world import World
from tests.simulation.glass import Page, facts, painted
from tests.simulation.loudspeaker import Ambush, Loudspeaker

PUSHES_ARE_WORSE = 6.0  # few among the pulses, and what a board is made of
TURN_SECONDS, IDLE_SECONDS = 0.5, 1.0
PAGE_SECONDS, REPORT_TURN_SECONDS = 1.0, 1.0
AMBUSHED_SECONDS_MAX = 20.0
CACHE_LOST_RATE = 0.15
"""Of the starts: the kept board, and with it what the server has said of this display, is gone."""
CURRENT_MAX = timedelta(seconds=62 + LATE_SECONDS_MAX)
"""A minute after the last message a board cannot be believed; the last may have been under way when the cable went."""
_CHIME = sound.write(array("h", bytes(2 * sound.RATE)))
_SENTENCE = sound.write(array("h", bytes(2 * 2 * sound.RATE)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a worse display has another of."""

    news: type[News] = News
    wire: type[Wire] = Wire
    speaker: type[Speaker] = Speaker
    page: type[Page] = Page
    machines: int = 4
    """So many of the hall's displays are worse, the others are the real ones."""


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
        self.is_deaf = self.is_dumb = self.is_mute = self.is_running = False
        self.out_since: datetime | None = None
        self.is_connected = False
        self.deaths = 0
        self._parts = parts or Parts()
        self._path = path
        self.page = self._parts.page()
        self._has_begun = False
        """A first view is no news: from then on calls are."""
        self._heard_at = 0.0
        self._behind_since: float | None = None
        self._knocked_at = 0.0
        self._highest = (-1, -1)
        self._loops: list[greenlet] = []
        self.news: News
        self._memory: Memory
        self._ears: Ears
        self._speaker: Speaker
        self._knocker: Knocker
        self._reporter: Reporter

    def start(self) -> None:
        """The program, as an init system starts it."""
        wire = self._parts.wire(self.world, self)
        self.news = self._parts.news(steady=self.steady, now=self.world.clock.now)
        self._memory = Memory(self._path)
        self._speaker = self._parts.speaker(
            wire,
            self,
            Loudspeaker(self.world, self.room, self.device, lambda: self.is_mute, self._ambushed),
            self.news,
            self._memory,
            device=self.device,
            now=self.world.clock.now,
            steady=self.steady,
        )
        orders = Orders(self.news, self._speaker, self)
        keeper = Keeper(self._path.with_suffix(".board"))
        self._load(keeper, orders)
        self._reporter = self._reports(wire, orders, keeper)
        self._ears = Ears(self.news, self._speaker, orders)
        socket = Socket("", "", self.news, self._ears, steady=self.steady, server_said=deaf)
        self._knocker = Knocker(wire, socket, self.news, self._ears, steady=self.steady)
        self._highest = (-1, -1)
        self.is_running = True
        loops = (self._speak, self._link, self._show, self._report)
        self._loops = [greenlet(loop) for loop in loops]
        life = self.deaths

        def begin() -> None:
            if self.deaths == life:
                for loop in self._loops:
                    loop.switch()

        self.world.later(timedelta(seconds=0.1), begin)
        self._told()

    def _load(self, keeper: Keeper, orders: Orders) -> None:
        """As `display_client.running`; a disk may have lost it."""
        if self.world.rate and self.world.chance.random() < CACHE_LOST_RATE:
            return
        kept = keeper.read()
        if kept.state is not None:
            orders.load(kept.state)
        self.news.load(kept.painting, kept.view)

    def _reports(self, wire: Wire, orders: Orders, keeper: Keeper) -> Reporter:
        return Reporter(
            wire,
            self.news,
            orders,
            keeper,
            version="1",
            page=lambda: "ok",
            sound=lambda: self._speaker.sound,
            skew_seconds=lambda: 0.0,
            steady=self.steady,
        )

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
        self._part(is_deaf=is_out, is_dumb=is_out)

    @property
    def is_out(self) -> bool:
        """Nothing goes either way."""
        return self.is_deaf and self.is_dumb

    def mute(self, *, is_mute: bool) -> None:
        """The audio device goes or comes."""
        self.is_mute = is_mute
        self._told()

    def _ambushed(self, how: Ambush) -> None:
        """In mid-sentence, this machine alone; and some time later it is over."""
        if not self.is_running or not self.world.rate:
            return
        self.world.met[how.value] += 1
        match how:
            case Ambush.KILLED:
                self.kill()
            case Ambush.CUT_OFF:
                self.cut(is_out=True)
            case Ambush.DEAF:
                self._part(is_deaf=True, is_dumb=self.is_dumb)
            case Ambush.DUMB:
                self._part(is_deaf=self.is_deaf, is_dumb=True)
            case Ambush.MUTE:
                self.mute(is_mute=True)
        span = timedelta(seconds=self.world.chance.uniform(0.5, AMBUSHED_SECONDS_MAX))
        self.world.later(span, self.mend)

    def mend(self) -> None:
        """Nothing is wrong with this machine any more."""
        self.cut(is_out=False)
        self.mute(is_mute=False)
        if not self.is_running:
            self.start()

    def _part(self, *, is_deaf: bool, is_dumb: bool) -> None:
        if is_deaf and not self.is_deaf:
            now = self.world.clock.now()
            self.troubles.deaf.append((now, now + timedelta(seconds=SILENCE_SECONDS_MAX)))
        self.is_deaf, self.is_dumb = is_deaf, is_dumb
        if not self.is_out:
            self.out_since = None
        elif self.out_since is None:
            self.out_since = self.world.clock.now()
        self._told()

    def _told(self) -> None:
        is_able = self.is_running and self._has_begun and not self.is_dumb and not self.is_mute
        self.troubles.set(self.world.clock.now(), is_troubled=not is_able)

    def _speak(self) -> None:
        while True:
            self._speaker.turn()
            self.world.sleep(IDLE_SECONDS if self.news.is_quiet else TURN_SECONDS)

    def _show(self) -> None:
        while True:
            self.page.turn(self.news)
            self.world.sleep(PAGE_SECONDS)

    def _report(self) -> None:
        while True:
            self._reporter.turn()
            self.world.sleep(REPORT_TURN_SECONDS)

    def _link(self) -> None:
        while True:
            self.world.sleep(2 * BEHIND_SECONDS)
            if self.is_connected and self.steady() - self._heard_at >= SILENCE_SECONDS_MAX:
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
        if self.is_deaf or self.is_dumb or self.world.mishap() is not None:
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
        if not self.is_connected or self.is_deaf:
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
        if not self._has_begun and self._memory.kept.newest is not None:
            self._has_begun = True
            self._told()
        if self.out_since is not None and self.world.clock.now() - self.out_since > CURRENT_MAX:
            assert not snapshot.is_current, "an old board is shown as if it were true"

    def check_equals(self, view: BoardView) -> None:
        """Once all is quiet."""
        snapshot, painting = self.news.wait(-1, 0.0), self.news.painting
        assert snapshot.view is not None, "a board without anything"
        assert painting is not None, "a board without anything"
        assert facts(snapshot.view) == facts(view), "a board is not the database"
        assert painting.html == painted(view), "a board is not the database"
        assert self.page.html == painted(view), "on the glass is not the database"
        assert snapshot.is_current, "a board that is true says that it cannot know"

    def true_view(self, hall: Hall) -> BoardView:
        """What the database says now."""
        with hall.store.read() as connection:
            branch = reads.branch(connection, self.caller.branch)
            return views.board(connection, branch, hall.clock.now())

    def steady(self) -> float:
        return self.world.steady()

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
