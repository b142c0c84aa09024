"""Corners of a town hall: a real kiosk and its printer, with citizens who tap, and what must be true at the end."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import zxingcpp
from PIL import Image

from kiosk_client.settings import KioskSettings, Place
from tests.end_to_end.processes import free_port
from tests.end_to_end.programs import ROOT
from tests.end_to_end.town_hall import TownHall
from tests.kiosk_client.processes import Citizen, KioskProcess, running_kiosk
from virtual_printer import VirtualPrinter

SETTLE_SECONDS_MAX = 40
ONE_TOO_MANY_SECONDS = 1
"""Long enough for a paper that should not come."""
TAP_SECONDS = 0.4
BLOCKS_A_KIOSK = 4
"""Two services, today and the next open day."""
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

    def waiting_to_sync(self) -> int:
        """What its journal holds that the server does not know of, read beside the running program."""
        with closing(sqlite3.connect(self.kiosk.place.journal)) as journal:
            query = "SELECT count(*) FROM tickets WHERE sync = 'waiting'"
            return int(journal.execute(query).fetchone()[0])


@contextmanager
def corner(folder: Path, number: int, *, data: Path, url: str) -> Iterator[Corner]:
    """Paired by its command and the server's, as docs/kiosk.md says; `data` is the folder of the server at `url`."""
    with VirtualPrinter(host="127.0.0.1", port=0, page_port=0, width_dots=576) as printer:
        host, port = printer.address
        pair(folder, f"kiosk {number}", f"tcp://{host}:{port}", data=data, url=url)
        place = Place(folder=folder)
        settings = KioskSettings(printer=f"tcp://{host}:{port}", port=free_port())
        place.keep_settings(settings)
        with running_kiosk(place) as kiosk:
            yield Corner(kiosk=kiosk, printer=printer)


def pair(folder: Path, name: str, printer: str, *, data: Path, url: str) -> None:
    """`nouba-kiosk pair` here, `nouba device accept` there."""
    bin_folder = Path(sys.executable).parent
    options = ["--server", url, "--data", str(folder), "--printer", printer]
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
        subprocess.run([*accept, "--data", str(data)], check=True, capture_output=True, cwd=ROOT)
        rest, _ = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, rest


@contextmanager
def tapping(town: TownHall, corners: Sequence[Corner]) -> Iterator[None]:
    """Citizens before every kiosk while the block runs; it begins when all can give out numbers alone."""
    blocks = BLOCKS_A_KIOSK * len(corners)
    until(lambda: town.rows("SELECT count(*) FROM blocks")[0][0] == blocks, "numbers are leased")
    threads = [threading.Thread(target=each.tap_on) for each in corners]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for each in corners:
            each.stopping.set()
        for thread in threads:
            thread.join()


def taps(corners: Sequence[Corner], count: int, what: str) -> None:
    """Wait until every kiosk has promised `count` more tickets."""
    wanted = [len(each.promised) + count for each in corners]
    until(
        lambda: all(len(c.promised) >= w for c, w in zip(corners, wanted, strict=True)),
        what,
    )


def nothing_is_lost_or_doubled(town: TownHall, corners: Sequence[Corner]) -> None:
    """Every promised ticket is on the server once, and on paper once, with the secret that the server knows."""
    promised = [label for each in corners for label in each.promised.values()]
    assert len(set(promised)) == len(promised), "no number twice on any screen"

    def secrets() -> dict[str, str]:
        rows = town.rows("SELECT secret, label FROM tickets WHERE state != 'cancelled'")
        found = {str(row.secret): str(row.label) for row in rows}
        assert len(set(found.values())) == len(rows), "no number twice on the server"
        return found

    until(lambda: set(promised) <= set(secrets().values()), "every promised ticket is in the line")
    until(
        lambda: all(len(each.printer.papers) >= len(each.promised) for each in corners),
        "each ticket has its paper",
    )
    time.sleep(ONE_TOO_MANY_SECONDS)
    known = secrets()
    for each in corners:
        on_paper = [known[_secret_on(paper.paper.picture())] for paper in each.printer.papers]
        assert sorted(on_paper) == sorted(each.promised.values()), "each once, and nothing else"


def _secret_on(picture: Image.Image) -> str:
    """What an independent reader finds in the QR."""
    found = zxingcpp.read_barcodes(picture.convert("L"))
    assert len(found) == 1, "one code on the paper"
    return found[0].text.rpartition("/")[2]


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for it."""
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.1)
