"""The printer fails as it is told: what comes out, what it answers, what it keeps, and who may tell it."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from virtual_printer import Conduct, Ending, VirtualPrinter
from virtual_printer.conduct import NAMES, SWITCHES, conduct_from

ROOT = Path(__file__).resolve().parents[2]
ROWS = 64
TICKET = b"\x1b@\x1dv0\x00\x48\x00\x40\x00" + bytes([0xAA]) * (72 * ROWS) + b"\x1dV\x00"
FENCE = b"\x1dr\x01"


@pytest.fixture
def printer() -> Iterator[VirtualPrinter]:
    with VirtualPrinter(page_port=0) as running:
        yield running


class Sender:
    """A connection that is kept."""

    def __init__(self, printer: VirtualPrinter) -> None:
        self.socket = socket.create_connection(printer.address, 2)

    def ask(self, number: int) -> bytes:
        self.socket.sendall(bytes([0x10, 0x04, number]))
        return self.hear()

    def hear(self, seconds: float = 0.5) -> bytes:
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(16)
        except TimeoutError:
            return b""


@pytest.fixture
def sender(printer: VirtualPrinter) -> Iterator[Sender]:
    made = Sender(printer)
    with made.socket:
        yield made


@pytest.mark.parametrize(
    ("conduct", "answers"),
    [
        (Conduct(), "12 12 12 12"),
        (Conduct(near_end=True), "12 12 12 1e"),
        (Conduct(rows_left=0), "1a 32 12 7e"),
        (Conduct(cover_open=True), "1a 16 12 12"),
        (Conduct(overheated=True), "1a 52 52 12"),
        (Conduct(offline=True), "1a 12 12 12"),
        (Conduct(garbage=True), "ff ff ff ff"),
    ],
)
def test_questions_are_answered_in_real_time(
    printer: VirtualPrinter, sender: Sender, conduct: Conduct, answers: str
) -> None:
    printer.behave(conduct)
    assert b"".join(sender.ask(number) for number in (1, 2, 3, 4)).hex(" ") == answers


def test_a_clone_is_silent_and_prints(printer: VirtualPrinter, sender: Sender) -> None:
    printer.behave(Conduct(silent=True))
    sender.socket.sendall(TICKET)
    printer.wait_for_papers(1)
    assert sender.ask(1) == b""


@pytest.mark.parametrize(
    "conduct",
    [
        Conduct(cover_open=True),
        Conduct(overheated=True),
        Conduct(offline=True),
        Conduct(rows_left=0),
    ],
)
def test_what_is_held_comes_out_after_the_repair_and_only_then_is_the_fence_answered(
    printer: VirtualPrinter, sender: Sender, conduct: Conduct
) -> None:
    printer.behave(conduct)
    sender.socket.sendall(TICKET[:1_000])
    assert printer.papers == []
    printer.behave(Conduct())
    sender.socket.sendall(TICKET[1_000:] + FENCE)
    assert sender.hear() == b"\x00"
    assert [each.paper.height_dots for each in printer.papers] == [ROWS]


def test_paper_ends_at_its_row_and_the_rest_is_on_the_new_roll(
    printer: VirtualPrinter, sender: Sender
) -> None:
    printer.behave(Conduct(rows_left=40))
    sender.socket.sendall(TICKET)
    _wait(lambda: sender.ask(4) == b"\x7e")
    assert printer.papers == []
    printer.behave(Conduct())
    old, new = printer.wait_for_papers(2)
    assert (old.paper.height_dots, old.paper.ending) == (40, Ending.RAN_OUT)
    assert (new.paper.height_dots, new.paper.ending) == (ROWS - 40, Ending.CUT)


def test_a_jammed_blade_keeps_the_paper_and_the_switch_loses_the_rest(
    printer: VirtualPrinter, sender: Sender
) -> None:
    printer.behave(Conduct(cutter_jammed=True))
    sender.socket.sendall(TICKET + b"the next ticket\n")
    _wait(lambda: sender.ask(3) == b"\x1a")
    assert printer.papers == []
    printer.behave(Conduct())
    (paper,) = printer.wait_for_papers(1)
    assert (paper.paper.height_dots, paper.paper.ending) == (ROWS, Ending.TORN)


def test_a_pulled_cable_resets_after_so_many_bytes(printer: VirtualPrinter, sender: Sender) -> None:
    printer.behave(Conduct(reset_after_bytes=8 + 72 * 10 + 2))
    sender.socket.sendall(TICKET)
    with pytest.raises(ConnectionResetError):
        _wait(lambda: sender.hear() != b"")
    (paper,) = printer.wait_for_papers(1)
    assert (paper.paper.height_dots, paper.paper.ending) == (10, Ending.TORN)


def test_a_refusing_printer_listens_again_on_the_same_port(printer: VirtualPrinter) -> None:
    printer.behave(Conduct(refuses=True))
    _wait(lambda: not _can_connect(printer))
    printer.behave(Conduct())
    _wait(lambda: _can_connect(printer))


def test_it_prints_as_slowly_as_it_is_told(printer: VirtualPrinter, sender: Sender) -> None:
    printer.behave(Conduct(drain_bytes_a_second=10_000))
    started = time.monotonic()
    sender.socket.sendall(TICKET)
    printer.wait_for_papers(1)
    assert time.monotonic() - started > 0.4


def test_bytes_are_taken_one_by_one(printer: VirtualPrinter, sender: Sender) -> None:
    printer.behave(Conduct(byte_delay_milliseconds=2))
    started = time.monotonic()
    sender.socket.sendall(bytes(100) + TICKET[-3:])
    sender.ask(1)
    assert time.monotonic() - started > 0.2


def test_a_sender_that_leaves_while_the_printer_is_stopped_leaves_its_bytes(
    printer: VirtualPrinter,
) -> None:
    printer.behave(Conduct(overheated=True))
    with socket.create_connection(printer.address, 2) as connection:
        connection.sendall(TICKET[:1_000])
        linger = struct.pack("ii", 1, 0)
        time.sleep(0.3)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    time.sleep(0.3)
    assert printer.papers == []
    printer.behave(Conduct())
    (paper,) = printer.wait_for_papers(1)
    assert paper.paper.ending is Ending.TORN


# ------------------------------------------------------------ who tells it


def put(printer: VirtualPrinter, body: bytes) -> dict[str, object]:
    assert printer.page_address is not None
    url = f"{printer.page_address}conduct"
    request = urllib.request.Request(url, data=body, method="PUT")
    with urllib.request.urlopen(request, timeout=3) as answer:
        told = json.load(answer)
    assert isinstance(told, dict)
    return told


def test_the_page_switches_faults(printer: VirtualPrinter) -> None:
    told = put(printer, b'{"cover_open": true, "rows_left": 12}')
    assert printer.conduct == Conduct(cover_open=True, rows_left=12)
    assert told["conduct"] == printer.conduct.words()
    put(printer, b"{}")
    assert printer.conduct == Conduct()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"on_fire": true}',
        b'{"silent": 1}',
        b'{"rows_left": true}',
        b'{"rows_left": -1}',
        b'{"drain_bytes_a_second": 0}',
        b" " * 5_000,
    ],
)
def test_what_is_not_understood_changes_nothing(printer: VirtualPrinter, body: bytes) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        put(printer, body)
    caught.value.close()
    assert caught.value.code == 400
    assert printer.conduct == Conduct()


def test_every_switch_has_words_on_the_page() -> None:
    script = (ROOT / "virtual_printer" / "page" / "faults.js").read_text(encoding="utf-8")
    assert [name for name in NAMES if f'["{name}", ' not in script] == []
    assert set(SWITCHES) < set(NAMES)


def test_words_make_a_conduct() -> None:
    assert conduct_from({}) == Conduct()
    assert conduct_from(Conduct(silent=True, rows_left=3).words()).rows_left == 3


def test_the_command_starts_with_faults(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    arguments = ["--port", "0", "--page-port", "0", "--ready-file", str(ready)]
    arguments += ["--fault", "cover_open", "--fault", "near_end", "--rows-left", "5"]
    with subprocess.Popen([sys.executable, "-m", "virtual_printer", *arguments], cwd=ROOT) as ran:
        try:
            _wait(ready.exists, seconds=10)
            page = json.loads(ready.read_text())["page"]
            with urllib.request.urlopen(f"{page}conduct", timeout=3) as answer:
                words = json.load(answer)["conduct"]
        finally:
            ran.terminate()
    assert words == Conduct(cover_open=True, near_end=True, rows_left=5).words()


def _can_connect(printer: VirtualPrinter) -> bool:
    try:
        socket.create_connection(printer.address, 1).close()
    except OSError:
        return False
    return True


def _wait(is_so: Callable[[], bool], seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
