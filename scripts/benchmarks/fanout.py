"""`fanout`: from an agent's call to the last of N screens that has it, on the wall and on phones.

The clock starts at the call's own time, which the server reads under the lock just before it writes: the commit
is in the figure, the way of the request is not. The second case counts from the sending of the request: what an
agent waits for. The hall has the six services of a town hall. The floor broadcasts the very bytes of the last
push to as many sockets of the same audience.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from benchmarks.building import SLUG, Building, build
from benchmarks.children import Child, running_child
from benchmarks.crowd import Crowd
from benchmarks.figures import BenchWrong, Figure, Pairs, Wanted
from benchmarks.rows import fill_lines, fill_one_line
from benchmarks.running import running_server
from benchmarks.scratch import Size

NAME = "fanout"
WANTED = Wanted(bound=1.5, is_least=False)
REST_SECONDS = 0.7
"""Between rounds: longer than pushes of one room are held back for coalescing."""
CALLS_IN_RESERVE = 60
SERVICES = "ABCDEF"
_SEQ = re.compile(r'"seq": ?\d+')


@dataclass(slots=True)
class _Crowded:
    """One case: who watches, on our server and on the floor's."""

    case: str
    message: str
    crowd: Crowd
    building: Building
    screens: Child
    floor: Child
    floor_screens: Child
    from_commit: Pairs = field(default_factory=Pairs)
    from_request: Pairs = field(default_factory=Pairs)
    turn: int = 0


def measure(folder: Path, size: Size) -> Iterator[Figure]:
    """Walls, then phones of one line, for each number of sockets. Raises BenchWrong."""
    for sockets in size.sockets:
        yield from _walls(folder / f"walls-{sockets}", sockets, size.rounds)
        yield from _phones(folder / f"phones-{sockets}", sockets, size.rounds)


def watch_boards(count: int) -> list[object]:
    """What `count` walls ask for."""
    return [{"view": "board", "branch": SLUG, "language": "ar"}] * count


def numbered(frame: str, seq: int) -> str:
    """The same push under another `seq`."""
    return _SEQ.sub(f'"seq":{seq}', frame, count=1)


def _walls(data: Path, sockets: int, rounds: int) -> Iterator[Figure]:
    building = build(data, SERVICES)
    fill_lines(building, len(SERVICES) * CALLS_IN_RESERVE)
    yield from _case(f"{sockets:,} walls", "view", building, watch_boards(sockets), rounds)


def _phones(data: Path, sockets: int, rounds: int) -> Iterator[Figure]:
    building = build(data, SERVICES)
    # All in the line of the first desk; phones follow the last ones, who are not called meanwhile.
    secrets = sorted(fill_one_line(building, 0, sockets + CALLS_IN_RESERVE))[-sockets:]
    watches: list[object] = [{"view": "ticket", "secret": secret} for secret in secrets]
    yield from _case(f"{sockets:,} phones of one line", "line", building, watches, rounds)


def _case(
    case: str, message: str, building: Building, watches: list[object], rounds: int
) -> Iterator[Figure]:
    with ExitStack() as stack:
        server = stack.enter_context(running_server(building.data))
        crowded = _Crowded(
            case=case,
            message=message,
            crowd=Crowd(server.port),
            building=building,
            screens=stack.enter_context(running_child("audience")),
            floor=stack.enter_context(running_child("broadcaster")),
            floor_screens=stack.enter_context(running_child("audience")),
        )
        token, desk = building.agent_tokens[0], building.desks[0]
        crowded.crowd.post("shift", f"/desks/{desk}/shift", token, {})
        path = "/socket.io/?EIO=4&transport=websocket"
        crowded.screens.ask(do="join", port=server.port, path=path, watch=watches)
        floor_port = crowded.floor.answer()["port"]
        bare = [None] * len(watches)
        crowded.floor_screens.ask(do="join", port=floor_port, path="/", watch=bare)
        frame = _call(crowded)[2]
        _broadcast(crowded, frame)
        for _ in range(rounds):
            floor = _broadcast(crowded, frame)
            from_commit, from_request, frame = _call(crowded)
            crowded.from_commit.add(from_commit, floor)
            crowded.from_request.add(from_request, floor)
        crowded.crowd.close()
    told = f"{case} ({len(frame.encode()) / 1000:.1f} kB)"
    yield crowded.from_commit.figure(
        NAME, f"{told}, from the commit", "ms", more_is_better=False, wanted=WANTED
    )
    yield crowded.from_request.figure(NAME, f"{told}, from the request", "ms", more_is_better=False)


def _call(crowded: _Crowded) -> tuple[float, float, str]:
    """One call; milliseconds to the last screen from its commit and from its request, and what was pushed."""
    time.sleep(REST_SECONDS)
    token, desk = crowded.building.agent_tokens[0], crowded.building.desks[0]
    called = crowded.crowd.post("call", f"/desks/{desk}/calls", token, {})
    heard = crowded.screens.ask(do="await", message=crowded.message, seq=called.body["seq"])
    if heard["last"] is None:
        raise BenchWrong("a screen did not hear of a call")
    path = f"/tickets/{called.body['id']}"
    crowded.crowd.post("start", f"{path}/starts", token, {})
    finished = crowded.crowd.post("finish", f"{path}/finishes", token, {})
    if crowded.message == "view":
        crowded.screens.ask(do="await", message="view", seq=finished.body["seq"])
    else:
        time.sleep(REST_SECONDS)
    last = heard["last"]
    return (
        (last - _monotonic(called.body["called_at"])) * 1000,
        (last - called.sent_at) * 1000,
        heard["frame"],
    )


def _monotonic(moment: str) -> float:
    """A time of the server's wall clock on the clock that the screens read; the same machine, so the same clocks."""
    return datetime.fromisoformat(moment).timestamp() - time.time() + time.monotonic()


def _broadcast(crowded: _Crowded, frame: str) -> float:
    """The same bytes under a new `seq` by the floor's server; milliseconds to the last screen."""
    time.sleep(REST_SECONDS)
    crowded.turn += 1
    seq = 10**9 + crowded.turn
    text = numbered(frame, seq)
    sent_at = time.monotonic()
    crowded.floor.tell(frame=text)
    heard = crowded.floor_screens.ask(do="await", message=crowded.message, seq=seq)
    if heard["last"] is None:
        raise BenchWrong("a screen did not hear the floor's broadcast")
    return float(heard["last"] - sent_at) * 1000
