"""`kiosk`: finger to printer with the server gone, a day brought home, what waiting and a first visit cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks.building import Building, build
from benchmarks.children import Child, running_child
from benchmarks.figures import BenchWrong, Figure, Pairs, Wanted, percentile
from benchmarks.first_visit import visit
from benchmarks.kiosks import Citizen, Program, has_numbers, pair, running_kiosk, wait_until
from benchmarks.offline_day import bring_home
from benchmarks.running import HOST, running_server
from benchmarks.scratch import Size
from kiosk_client.catalogue import Catalogue
from kiosk_client.journal import Journal
from kiosk_client.printer import words_for
from kiosk_client.running import FONTS
from kiosk_client.settings import Place
from server.delivery.paper import PaperPress
from server.wire_devices import DeviceCatalogue

NAME = "kiosk"
OVER_BASELINE = Wanted(bound=50, is_least=False, of_value=True)
SYNC = Wanted(bound=0.5, is_least=True)
IDLE = Wanted(bound=2, is_least=False, of_value=True)
MEMORY = Wanted(bound=120, is_least=False, of_value=True)
MEDIAN, WORST = 0.5, 0.99
SERVICES = "ABCDEF"
"""As many as a town hall has: each in its four languages is drawn before the first citizen comes."""
WARM_UP = 3
POLL_SECONDS = 2.0
"""How often the page asks."""
SETTLE_SECONDS = 5.0
"""In which the samples of every service are drawn."""


@dataclass(slots=True)
class _Taps:
    """Milliseconds, tap by tap."""

    printed: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def measure(folder: Path, size: Size) -> Iterator[Figure]:
    """Two kiosks of one town hall, one that spends a day alone, one that a browser sees first. Raises BenchWrong."""
    building = build(folder / "hall", SERVICES)
    with running_child("porch") as porch, ExitStack() as stack:
        printer = f"tcp://{HOST}:{porch.answer()['port']}"
        with running_server(building.data) as server:
            url = f"http://{HOST}:{server.port}"
            places = (
                pair(building, url, folder / "printing", printer=printer),
                pair(building, url, folder / "silent"),
            )
            kiosks = [stack.enter_context(running_kiosk(each)) for each in places]
            for each in places:
                wait_until(lambda: has_numbers(each, len(SERVICES)), "numbers are leased")  # noqa: B023 -- called at once
            time.sleep(min(SETTLE_SECONDS, size.idle_seconds))
            idle = _idle_share(kiosks[0], size)
        taps = _tap(building, kiosks, porch, size)
        resident = kiosks[0].process.memory_info().rss / 1024 / 1024
        papers = porch.ask(do="papers", count=len(taps.keys))
        if papers != len(taps.keys):
            raise BenchWrong(f"{len(taps.keys)} tickets, {papers} papers")
    yield from _of_taps(taps, size)
    yield from _of_days(folder, size)
    yield _alone("idle, its page asking every 2 s", idle, "%", IDLE)
    yield _alone("resident, without the browser", resident, "MiB", MEMORY)
    yield from visit(building, folder / "visited", len(SERVICES), size, NAME)


def _tap(building: Building, kiosks: list[Program], porch: Child, size: Size) -> _Taps:
    """One ticket a second on each kiosk, in turn, with the server gone."""
    printing, silent = citizens = [Citizen(each) for each in kiosks]
    for each in citizens:
        wait_until(lambda: not each.look(), "the kiosk works alone")  # noqa: B023 -- called at once
    taps, drawing = _Taps(), _Drawing(kiosks[0].place)
    count = size.rounds * size.kiosk_taps
    for number in range(-WARM_UP, count):
        began = time.monotonic()
        code = building.codes[number % len(building.codes)]
        fields = printing.open()
        _, touched, _ = printing.tap(fields, code)
        taps.keys.append(fields["key"])
        moments = porch.ask(do="first bytes", count=len(taps.keys))
        if len(moments) != len(taps.keys):
            raise BenchWrong("a ticket did not reach the printer")
        time.sleep(max(0.0, 0.5 - (time.monotonic() - began)))
        _, asked, answered = silent.tap(silent.open(), code)
        drawn = drawing.millis(fields["key"])
        if number >= 0:
            taps.drawn.append(drawn)
            taps.printed.append((moments[-1] - touched) * 1000)
            taps.answered.append((answered - asked) * 1000)
        time.sleep(max(0.0, 1.0 - (time.monotonic() - began)))
    drawing.close()
    for each in citizens:
        each.close()
    return taps


class _Drawing:
    """The very tickets once more, drawn and encoded by a press in this process and nothing else."""

    def __init__(self, place: Place) -> None:
        self._journal = Journal(place.journal, device=place.identity().device)
        raw = self._journal.fact("catalogue")
        assert raw is not None, "it gave out tickets"
        self._catalogue = Catalogue(msgspec.json.decode(raw, type=DeviceCatalogue))
        self._width_dots = place.settings().width_dots
        self._press = PaperPress(FONTS)

    def millis(self, key: str) -> float:
        """Of the ticket of one tap; a press keeps what it has drawn, so each is drawn once before."""
        entry = self._journal.by_key(key)
        if entry is None:
            raise BenchWrong("a ticket that was shown is not in the journal")
        paper = words_for(entry, self._catalogue, self._width_dots)
        self._press.escpos(paper)
        began = time.perf_counter()
        self._press.escpos(paper)
        return (time.perf_counter() - began) * 1000

    def close(self) -> None:
        """Give the journal back."""
        self._journal.close()


def _idle_share(kiosk: Program, size: Size) -> float:
    """Percent of a core while nobody taps, the server there and the page asking as in a browser."""
    citizen = Citizen(kiosk)
    citizen.open()
    before, began = _processor_seconds(kiosk), time.monotonic()
    while time.monotonic() - began < size.idle_seconds:
        citizen.look()
        time.sleep(POLL_SECONDS)
    share = (_processor_seconds(kiosk) - before) / (time.monotonic() - began)
    citizen.close()
    return share * 100


def _processor_seconds(kiosk: Program) -> float:
    times = kiosk.process.cpu_times()
    return times.user + times.system


def _of_taps(taps: _Taps, size: Size) -> Iterator[Figure]:
    for case, share in (("p50", MEDIAN), ("p99", WORST)):
        printed, drawn = percentile(taps.printed, share), percentile(taps.drawn, share)
        answered = percentile(taps.answered, share)
        yield _figure(f"tap to the first byte, {case} (floor: drawing)", printed, "ms", drawn, size)
        yield _figure(f"tap to the answer, no printer, {case}", answered, "ms", None, size)
    # Against the median of the baseline: its own worst excuses nothing.
    over = percentile(taps.printed, WORST) - percentile(taps.answered, MEDIAN)
    drawn = percentile(taps.drawn, MEDIAN)
    case = "first byte, p99, over the baseline (floor: drawing)"
    yield _figure(case, max(over, 0.0), "ms", drawn, size, OVER_BASELINE)


def _of_days(folder: Path, size: Size) -> Iterator[Figure]:
    days = Pairs()
    for number in range(size.rounds):
        days.add(*bring_home(folder / f"day-{number}", size))
    case = f"{size.offline_tickets:,} tickets brought home (floor: issue)"
    yield days.figure(NAME, case, "tickets/s", more_is_better=True, wanted=SYNC)


def _alone(case: str, value: float, unit: str, wanted: Wanted) -> Figure:
    return Figure(
        name=NAME,
        case=case,
        value=value,
        unit=unit,
        floor=None,
        ratio=None,
        rounds=1,
        more_is_better=False,
        wanted=wanted,
    )


def _figure(
    case: str,
    value: float,
    unit: str,
    floor: float | None,
    size: Size,
    wanted: Wanted | None = None,
) -> Figure:
    return Figure(
        name=NAME,
        case=case,
        value=value,
        unit=unit,
        floor=floor,
        ratio=None if floor is None else value / floor,
        rounds=size.rounds,
        more_is_better=False,
        wanted=wanted,
    )
