"""`memory`: what the server's processes hold while thousands of walls are connected and are pushed to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.building import build
from benchmarks.children import running_child
from benchmarks.crowd import Crowd
from benchmarks.fanout import watch_boards
from benchmarks.figures import BenchWrong, Figure, Wanted
from benchmarks.rows import fill_lines
from benchmarks.running import running_server
from benchmarks.scratch import Size

NAME = "memory"
WANTED = Wanted(bound=256, is_least=False, of_value=True)
PUSHES = 5
WAITING = 200


def measure(folder: Path, size: Size) -> Iterator[Figure]:
    """Connect, push a few times, weigh. Raises BenchWrong."""
    building = build(folder / "memory")
    fill_lines(building, WAITING)
    sockets = size.sockets_of_memory
    with running_server(building.data) as server, running_child("audience") as screens:
        empty, _ = server.memory()
        path = "/socket.io/?EIO=4&transport=websocket"
        screens.ask(do="join", port=server.port, path=path, watch=watch_boards(sockets))
        crowd = Crowd(server.port)
        token, desk = building.agent_tokens[0], building.desks[0]
        crowd.post("shift", f"/desks/{desk}/shift", token, {})
        for _ in range(PUSHES):
            ticket = crowd.post("call", f"/desks/{desk}/calls", token, {}).body["id"]
            crowd.post("start", f"/tickets/{ticket}/starts", token, {})
            seq = crowd.post("finish", f"/tickets/{ticket}/finishes", token, {}).body["seq"]
            if screens.ask(do="await", message="view", seq=seq)["last"] is None:
                raise BenchWrong("a screen did not hear of a change")
        resident, shared = server.memory()
        crowd.close()
    yield _figure(f"{sockets:,} sockets, resident", resident, WANTED)
    yield _figure(f"{sockets:,} sockets, shared pages divided (PSS)", shared, None)
    yield _figure("no sockets, resident", empty, None)


def _figure(case: str, mebibytes: float, wanted: Wanted | None) -> Figure:
    return Figure(
        name=NAME,
        case=case,
        value=mebibytes,
        unit="MiB",
        floor=None,
        ratio=None,
        rounds=1,
        more_is_better=False,
        wanted=wanted,
    )
