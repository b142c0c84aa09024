"""Two real kiosks, a real server and virtual printers: paired as an installer would, the server killed amid taps."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from kiosk_client.settings import KioskSettings, Place
from tests.end_to_end.processes import ROOT, ServerProcess, free_port, running
from tests.end_to_end.town_hall import TownHall, town_hall
from tests.kiosk_client.processes import Citizen, KioskProcess, running_kiosk
from virtual_printer import VirtualPrinter

SETTLE_SECONDS_MAX = 40
LEAST_TAPS = 6
TAP_SECONDS = 0.4
_CODE = re.compile(r"Code: (\d{3}) (\d{3})")


@dataclass(slots=True, kw_only=True)
class Corner:
    """A kiosk with its printer, and what its screen has promised."""

    kiosk: KioskProcess
    printer: VirtualPrinter
    promised: dict[str, str] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def tap_on(self) -> None:
        """One citizen after the other until told to end."""
        citizen = Citizen(self.kiosk)
        while not self.stopping.is_set():
            with suppress(OSError, HTTPException):
                citizen.open()
                label = citizen.tap().label
                if label is not None:
                    self.promised[citizen.fields["key"]] = label
            time.sleep(TAP_SECONDS)


@pytest.mark.timeout(240)
def test_two_kiosks_lose_nothing_when_the_server_dies_amid_taps(tmp_path: Path) -> None:
    data = tmp_path / "server"
    with town_hall(data) as town, running(data) as server, ExitStack() as stack:
        corners = [stack.enter_context(corner(tmp_path / f"kiosk{n}", server, n)) for n in (1, 2)]
        _until(lambda: _count(town, "SELECT count(*) FROM blocks") >= 8, "numbers are leased")
        threads = [threading.Thread(target=each.tap_on) for each in corners]
        for thread in threads:
            thread.start()
        _until(lambda: all(len(each.promised) >= LEAST_TAPS for each in corners), "taps")
        server.kill()
        before = [len(each.promised) for each in corners]
        _until(
            lambda: all(
                len(each.promised) >= count + LEAST_TAPS
                for each, count in zip(corners, before, strict=True)
            ),
            "taps go on without the server",
        )
        server.start()
        time.sleep(3)
        for each in corners:
            each.stopping.set()
        for thread in threads:
            thread.join()
        promised = [label for each in corners for label in each.promised.values()]
        assert len(set(promised)) == len(promised), "no number twice on any screen"

        def labels() -> list[str]:
            rows = town.rows("SELECT label FROM tickets WHERE state != 'cancelled'")
            return [str(row.label) for row in rows]

        _until(lambda: set(promised) <= set(labels()), "every promised ticket is in the line")
        assert len(set(labels())) == len(labels())
        _until(
            lambda: all(len(each.printer.papers) >= len(each.promised) for each in corners),
            "each ticket has its paper",
        )
        time.sleep(1)
        papers = [len(each.printer.papers) for each in corners]
        assert papers == [len(each.promised) for each in corners], "and no ticket has two"


@contextmanager
def corner(folder: Path, server: ServerProcess, number: int) -> Iterator[Corner]:
    """Paired by its command and the server's, as docs/kiosk.md says."""
    with VirtualPrinter(host="127.0.0.1", port=0, page_port=0, width_dots=576) as printer:
        host, port = printer.address
        pair(folder, server, f"kiosk {number}", f"tcp://{host}:{port}")
        place = Place(folder=folder)
        settings = KioskSettings(printer=f"tcp://{host}:{port}", port=free_port())
        place.keep_settings(settings)
        with running_kiosk(place) as kiosk:
            yield Corner(kiosk=kiosk, printer=printer)


def pair(folder: Path, server: ServerProcess, name: str, printer: str) -> None:
    """`nouba-kiosk pair` here, `nouba device accept` there."""
    bin_folder = Path(sys.executable).parent
    options = ["--server", server.url, "--data", str(folder), "--printer", printer]
    with subprocess.Popen(
        [str(bin_folder / "nouba-kiosk"), "pair", *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
    ) as waiting:
        assert waiting.stdout is not None
        code = ""
        while not code:
            found = _CODE.search(line := waiting.stdout.readline())
            assert line, "it ended without a code"
            code = found[1] + found[2] if found else ""
        accept = [str(bin_folder / "nouba"), "device", "accept", code, "--name", name]
        subprocess.run(
            [*accept, "--data", str(server.data)], check=True, capture_output=True, cwd=ROOT
        )
        rest, _ = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, rest


def _count(town: TownHall, statement: str) -> int:
    return int(str(town.rows(statement)[0][0]))


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.1)
