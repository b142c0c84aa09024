"""A display's loudspeaker, heard in its room as long as a real one would sound, and what may befall it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from display_client.player import PlayerFailed, seconds_of
from tests.simulation.display_world import World
from tests.simulation.hearing import Sound

AMBUSH_RATE = 0.2
"""Of the sentences, so many are not left in peace, whatever else befalls the hall."""


class Ambush(StrEnum):
    """What befalls a display in mid-sentence, and no other one of its room."""

    KILLED = "killed in mid-sentence"
    CUT_OFF = "cut off in mid-sentence"
    DEAF = "deaf in mid-sentence"
    """Nothing is pushed to it; what it asks is answered."""
    DUMB = "dumb in mid-sentence"
    """What it asks is not answered; pushes come."""
    MUTE = "mute in mid-sentence"


class Loudspeaker:
    """`display_client.player.Player`."""

    def __init__(
        self,
        world: World,
        room: str,
        device: int,
        is_mute: Callable[[], bool],
        ambushed: Callable[[Ambush], None],
    ) -> None:
        self._world = world
        self._room = room
        self._device = device
        self.is_mute = is_mute
        self._ambushed = ambushed

    def start(self, wav: bytes, *, volume_percent: int, title: str) -> Playing:
        del volume_percent
        self.check()
        world = self._world
        key, _, _ = title.partition(" ")
        heard = Sound(self._room, key, self._device, world.clock.now())
        world.hearing.sounds.append(heard)
        seconds = seconds_of(wav)
        if world.rate and world.chance.random() < AMBUSH_RATE:
            how = world.chance.choice(tuple(Ambush))
            span = timedelta(seconds=world.chance.uniform(0.0, seconds))
            world.later(span, lambda: heard.ended is None and self._ambushed(how))
        return Playing(self, world, heard, seconds)

    def check(self) -> None:
        if self.is_mute():
            raise PlayerFailed("no audio device")


class Playing:
    """`display_client.player.Playing`."""

    def __init__(
        self, loudspeaker: Loudspeaker, world: World, heard: Sound, seconds: float
    ) -> None:
        self._loudspeaker = loudspeaker
        self._world = world
        self._heard = heard
        self._ends_at = world.steady() + seconds

    def wait(self, seconds: float) -> bool:
        """It sounds on while the program does something else, and ends by itself."""
        span = min(seconds, self._ends_at - self._world.steady())
        self._world.sleep(max(span, 0.0))
        self._loudspeaker.check()
        self._heard.is_whole = self._world.steady() >= self._ends_at - _TICK
        return self._heard.is_whole

    def stop(self) -> None:
        """Not later than it ended by itself."""
        over = self._world.steady() - self._ends_at
        self._heard.ended = self._world.clock.now() - timedelta(seconds=max(over, 0.0))


_TICK = 1e-5
"""Times of the day are whole microseconds."""
