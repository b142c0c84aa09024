"""`call`: eight agents call, start and finish; with few and many waiting, and with years behind them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.building import Building, build
from benchmarks.crowd import Answer, Crowd, Request, Script
from benchmarks.figures import BenchWrong, Figure, Pairs, Wanted, percentile
from benchmarks.floors import Floor
from benchmarks.rows import fill_lines, with_history
from benchmarks.running import running_server
from benchmarks.scratch import Size

NAME = "call"
FEW_WAITING = 10
CALL = "call"
MEDIAN = 0.5
WANTED = Wanted(bound=0.15, is_least=True)
WANTED_GROWTH = Wanted(bound=1.2, is_least=False)


@dataclass(slots=True)
class _Hall:
    """One server with its agents at their desks."""

    case: str
    building: Building
    crowd: Crowd
    waiting: int
    rate: Pairs = field(default_factory=Pairs)
    alone: Pairs = field(default_factory=Pairs)


def measure(folder: Path, size: Size) -> Iterator[Figure]:
    """Three halls and the floor in turn. Raises BenchWrong."""
    floor = Floor(build(folder / "call-floor"))
    with ExitStack() as stack:
        few = _open(stack, build(folder / "few"), f"{FEW_WAITING} waiting", FEW_WAITING)
        many = _open(stack, build(folder / "many"), f"{size.waiting:,} waiting", size.waiting)
        history = with_history(folder / "old", size.past)
        old = _open(stack, history, f"{size.past:,} past tickets", FEW_WAITING)
        for hall in (few, many, old):
            _serve(hall)
            _alone(hall, 1)
        for _ in range(size.rounds):
            _round([few, many, old], floor, size)
        for hall in (few, many, old):
            hall.crowd.close()
    floor.close()
    for hall in (few, many, old):
        case = f"8 agents, {hall.case}"
        yield hall.rate.figure(NAME, case, "calls/s", more_is_better=True, wanted=WANTED)
    case = f"one call, {few.case} (floor: sqlite3)"
    yield few.alone.figure(NAME, case, "ms", more_is_better=False)
    for hall in (many, old):
        case = f"one call, {hall.case} (floor: {few.case})"
        yield hall.alone.figure(NAME, case, "ms", more_is_better=False, wanted=WANTED_GROWTH)


def _open(stack: ExitStack, building: Building, case: str, waiting: int) -> _Hall:
    fill_lines(building, waiting)
    server = stack.enter_context(running_server(building.data))
    crowd = Crowd(server.port)
    for desk, token in zip(building.desks, building.agent_tokens, strict=True):
        crowd.post("shift", f"/desks/{desk}/shift", token, {})
    return _Hall(case=case, building=building, crowd=crowd, waiting=waiting)


def _round(halls: list[_Hall], floor: Floor, size: Size) -> None:
    served = size.batches * len(halls[0].building.desks)
    for hall in halls:
        _, floor_seconds = floor.serve(served)
        seconds = sum(_serve(hall) for _ in range(size.batches))
        hall.rate.add(served / seconds, served / floor_seconds)
    few, *others = halls
    # One call of each hall in turn, so that all of them meet the same neighbours on this machine.
    floor_calls, _ = floor.serve(size.single_calls)
    calls: list[list[float]] = [[] for _ in halls]
    for _ in range(size.single_calls):
        for hall, found in zip(halls, calls, strict=True):
            found += _alone(hall, 1)
    base, *grown = (percentile(found, MEDIAN) for found in calls)
    few.alone.add(base, percentile(floor_calls, MEDIAN))
    for hall, value in zip(others, grown, strict=True):
        hall.alone.add(value, base)


def _serve(hall: _Hall) -> float:
    """All agents serve one citizen each, at once; the seconds from the first request to the last answer."""
    fill_lines(hall.building, hall.waiting)
    desks = zip(hall.building.desks, hall.building.agent_tokens, strict=True)
    answers = hall.crowd.run([_visit(desk, token) for desk, token in desks])
    called = [each.body["label"] for each in answers if each.title == CALL]
    if len(set(called)) != len(hall.building.desks):
        raise BenchWrong(f"eight desks called {called}")
    return max(each.got_at for each in answers) - min(each.sent_at for each in answers)


def _alone(hall: _Hall, count: int) -> list[float]:
    """One agent at an otherwise idle server; the milliseconds of each call."""
    found: list[Answer] = []
    for _ in range(count):
        fill_lines(hall.building, hall.waiting)
        found += hall.crowd.run([_visit(hall.building.desks[0], hall.building.agent_tokens[0])])
    return [each.millis for each in found if each.title == CALL]


def _visit(desk: int, token: str) -> Script:
    called = yield Request(title=CALL, path=f"/desks/{desk}/calls", token=token, body={})
    ticket = called.body["id"]
    yield Request(title="start", path=f"/tickets/{ticket}/starts", token=token, body={})
    yield Request(title="finish", path=f"/tickets/{ticket}/finishes", token=token, body={})
