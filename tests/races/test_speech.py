"""Displays of one room that ask for the same calls at the same moment, in threads and in two processes: one speaks."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A display of a process of its own, and the calls that only it says."""

    url: str
    display: Caller
    calls: tuple[str, ...]


def overlap(voice: Voice) -> list[tuple[float, float]]:
    """When it had the room, for each of its calls: within these moments the grant was its own."""
    engine, hall = open_hall(voice.url, SystemClock(), SystemChance())
    held = []
    for call in voice.calls:
        while not displays.speak(
            hall=hall, caller=voice.display, call=call, step="begin"
        ).is_granted:
            time.sleep(0.002)
        begun = time.time()
        time.sleep(0.01)
        held.append((begun, time.time()))
        assert displays.speak(hall=hall, caller=voice.display, call=call, step="said").is_said
    engine.dispose()
    return held


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


def test_two_processes_never_say_two_calls_of_one_room_at_once(database_url: str) -> None:
    engine = open_engine(database_url)
    town = build_town(database_url, engine, SeededChance())
    one, two = room_of(town, 2)
    voices = [
        Voice(url=town.url, display=one, calls=tuple(CALLS[::2])),
        Voice(url=town.url, display=two, calls=tuple(CALLS[1::2])),
    ]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        held = sorted(span for found in pool.map(overlap, voices) for span in found)
    assert len(held) == len(CALLS)
    assert all(end <= begun for (_, end), (begun, _) in pairwise(held))
    engine.dispose()
