"""Displays of one room that ask for the same calls at the same moment, in threads and in two processes: one speaks."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass

from server.actions import displays
from server.actions.hall import Caller, Hall
from server.clock import SystemChance, SystemClock
from server.db.engine import open_engine
from server.wire_displays import DisplaySettings
from tests.builders import SeededChance, Town, build_town, open_hall
from tests.machines import operator, paired

CALLS = [f"A{number:03d}/1/1780300800" for number in range(1, 21)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """The displays of one process."""

    url: str
    displays: tuple[Caller, ...]


def work(crew: Crew) -> list[str]:
    """Every display asks for every call; the calls that were said, once for each time."""
    engine, hall = open_hall(crew.url, SystemClock(), SystemChance())
    together = threading.Barrier(len(crew.displays))
    with ThreadPoolExecutor(together.parties) as pool:
        running = [pool.submit(say_all, hall, each, together) for each in crew.displays]
        said = [call for each in running for call in each.result()]
    engine.dispose()
    return said


def say_all(hall: Hall, display: Caller, together: threading.Barrier) -> list[str]:
    """What this one was let say, to its end."""
    said = []
    for call in CALLS:
        together.wait(timeout=60)
        if displays.speak(hall=hall, caller=display, call=call, step="begin").is_granted:
            assert displays.speak(hall=hall, caller=display, call=call, step="said").is_said
            said.append(call)
    return said


def room_of(town: Town, count: int) -> tuple[Caller, ...]:
    """Displays that hear each other."""
    found = tuple(paired(town, kind="display")[0] for _ in range(count))
    for each in found:
        displays.change_display(
            hall=town.hall,
            caller=operator(town),
            device_id=each.require_device(),
            settings=DisplaySettings(room="hall"),
            key=None,
        )
    return found


def test_each_call_is_spoken_once_by_threads(database_url: str) -> None:
    engine = open_engine(database_url)
    town = build_town(database_url, engine, SeededChance())
    said = work(Crew(url=town.url, displays=room_of(town, 4)))
    assert Counter(said) == Counter(CALLS)
    engine.dispose()


def test_each_call_is_spoken_once_by_two_processes(database_url: str) -> None:
    engine = open_engine(database_url)
    town = build_town(database_url, engine, SeededChance())
    screens = room_of(town, 4)
    crews = [Crew(url=town.url, displays=screens[:2]), Crew(url=town.url, displays=screens[2:])]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        said = [call for found in pool.map(work, crews) for call in found]
    assert Counter(said) == Counter(CALLS)
    engine.dispose()
