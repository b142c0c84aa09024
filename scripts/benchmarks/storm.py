"""`storm`: the server is restarted, and every wall and phone of the hall comes back in the same moment.

All of them are connected. The server is told to end, something changes meanwhile, the server starts again on the same
port, and as soon as it is ready all connect at once, with no spread at all (the pages' own script spreads phones over
five seconds): the WebSocket's handshake, Socket.IO's with what is watched, and the answer with the present view. Nine
phones in ten show what is still true but for its `seq`, as after any restart, say so and hear their place alone; the
rest and all walls hear a whole view. The clock stops at the last answer, and every answer must carry the `seq` that the
database has. The floor is a `websockets` server
that is restarted too and shakes as many hands with the same audience; nothing follows there.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.building import SLUG, Building, build
from benchmarks.children import Child, running_child
from benchmarks.fanout import SERVICES
from benchmarks.figures import BenchWrong, Figure, Pairs, Wanted
from benchmarks.rows import connect, fill_lines
from benchmarks.running import free_port, running_server
from benchmarks.scratch import Size

NAME = "storm"
WANTED = Wanted(bound=2, is_least=False)
SOCKETS_A_WALL = 10
"""One socket of so many is a wall, the others are phones."""
_PATH = "/socket.io/?EIO=4&transport=websocket"
_CHANGE = "UPDATE branches SET seq = seq + 1 WHERE slug = ? RETURNING seq"
"""As if something had happened while the screens were away: what they showed is old."""


@dataclass(slots=True)
class _Restarted:
    """A server, who watches it, and how it is started."""

    running: ExitStack
    start: Callable[[], AbstractContextManager[object]]
    screens: Child
    port: int
    path: str

    def up(self) -> None:
        self.running.enter_context(self.start())

    def down(self) -> None:
        """Returns when every screen has noticed."""
        self.screens.tell(do="lose")
        self.running.close()
        self.screens.answer()

    def come_back(self) -> tuple[float, list[int]]:
        """Seconds until all are right, and what they were told."""
        told = self.screens.ask(do="return", port=self.port, path=self.path)
        return told["last"] - told["began"], told["seqs"]


def measure(folder: Path, size: Size) -> Iterator[Figure]:
    """Restart both in turn. Raises BenchWrong when a screen came back with an old view."""
    building = build(folder / "storm", SERVICES)
    watches = _watches(building, size.sockets_of_memory)
    back, whole = Pairs(), Pairs()
    with ExitStack() as stack:
        port, floor_port = free_port(), free_port()
        ours = _Restarted(
            # Entered first, so left last: a screen is gone before its server.
            running=stack.enter_context(ExitStack()),
            start=lambda: running_server(building.data, port),
            screens=stack.enter_context(running_child("audience")),
            port=port,
            path=_PATH,
        )
        floor = _Restarted(
            running=stack.enter_context(ExitStack()),
            start=lambda: _bare_server(floor_port),
            screens=stack.enter_context(running_child("audience")),
            port=floor_port,
            path="/",
        )
        for each, bodies in ((ours, watches), (floor, [None] * len(watches))):
            each.up()
            each.screens.ask(do="join", port=each.port, path=each.path, watch=bodies)
        for _ in range(size.rounds):
            _round(building, ours, floor, back, whole)
    case = f"{len(watches):,} walls and phones, all right"
    yield back.figure(NAME, case, "s", more_is_better=False, wanted=WANTED)
    yield whole.figure(NAME, f"{case}, from the order to end", "s", more_is_better=False)


def _round(
    building: Building, ours: _Restarted, floor: _Restarted, back: Pairs, whole: Pairs
) -> None:
    floor_began = time.monotonic()
    floor.down()
    floor.up()
    floor_seconds, _ = floor.come_back()
    floor_whole = time.monotonic() - floor_began
    began = time.monotonic()
    ours.down()
    with closing(connect(building.database)) as connection:
        (seq,) = connection.execute(_CHANGE, (SLUG,)).fetchone()
    ours.up()
    seconds, told = ours.come_back()
    whole.add(time.monotonic() - began, floor_whole)
    back.add(seconds, floor_seconds)
    if set(told) != {seq}:
        wrong = sum(each != seq for each in told)
        raise BenchWrong(f"{wrong} of {len(told)} screens came back to something old, not {seq}")


def _watches(building: Building, sockets: int) -> list[object]:
    """What each socket asks for, well mixed: no wall comes before all phones."""
    walls = max(1, sockets // SOCKETS_A_WALL)
    secrets = fill_lines(building, sockets - walls)
    watches: list[object] = [{"view": "ticket", "secret": secret} for secret in secrets]
    watches += [{"view": "board", "branch": SLUG, "language": ""} for _ in range(walls)]
    random.Random(SOCKETS_A_WALL).shuffle(watches)
    return watches


@contextmanager
def _bare_server(port: int) -> Iterator[None]:
    with running_child("broadcaster", str(port)) as floor:
        floor.answer()
        yield
