"""The real program: killed in the middle of taps, started without its server, weighed while idle."""

from __future__ import annotations

import stat
import threading
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from kiosk_client.journal import Journal
from tests.kiosk_client.builders import DEVICE
from tests.kiosk_client.fake_server import Town, fake_server
from tests.kiosk_client.processes import (
    Citizen,
    KioskProcess,
    cpu_seconds,
    memory_mebibytes,
    paired_place,
    running_kiosk,
)
from virtual_printer import VirtualPrinter

SETTLE_SECONDS_MAX = 20
MEMORY_MEBIBYTES_MAX = 120
IDLE_SECONDS = 6
IDLE_SHARE_MAX = 0.02


def test_it_opens_and_gives_tickets_with_the_server_gone(tmp_path: Path) -> None:
    with fake_server(Town(block_size=30)) as fake:
        place = paired_place(tmp_path / "kiosk", fake.url)
        with running_kiosk(place) as kiosk:
            citizen = Citizen(kiosk)
            _until(lambda: fake.town.leases, "numbers are leased")
            citizen.open()
            first = citizen.tap()
            assert (first.status, first.label) == (201, "A001")
            assert (citizen.tap().status, citizen.tap().label) == (200, "A001"), "a double tap"
        fake.stop()
        with running_kiosk(place) as kiosk:
            citizen = Citizen(kiosk)
            citizen.open()
            assert citizen.tap().label == "A970"
            fake.start()
            _until(lambda: fake.town.kept, "the ticket is brought to the server")


def test_killed_in_the_middle_of_taps_nothing_promised_is_lost(tmp_path: Path) -> None:
    promised: dict[str, str] = {}
    with fake_server(Town(block_size=400)) as fake:
        place = paired_place(tmp_path / "kiosk", fake.url)
        with running_kiosk(place):
            _until(lambda: fake.town.leases, "numbers are leased")
        fake.stop()
        for _ in range(3):
            kiosk = KioskProcess(place)
            kiosk.start()
            threads = [threading.Thread(target=_tap_on, args=(kiosk, promised)) for _ in range(3)]
            for thread in threads:
                thread.start()
            enough = len(promised) + 12
            _until(lambda enough=enough: len(promised) >= enough, "citizens tap")
            kiosk.kill()
            for thread in threads:
                thread.join()
        assert len(set(promised.values())) == len(promised), "no number twice"
        journal = Journal(place.journal, device=DEVICE)
        for key, label in promised.items():
            entry = journal.by_key(key)
            assert entry is not None, f"{label} was shown"
            assert entry.answer.label == label
        in_journal = journal.waiting_to_sync()
        journal.close()
        fake.start()
        with running_kiosk(place):
            _until(lambda: len(fake.town.kept) == in_journal, "all are brought to the server")
        assert {
            key: f"A{t.number:03d}" for key, t in fake.town.kept.items()
        }.items() >= promised.items()


def test_tickets_come_out_of_a_printer(tmp_path: Path) -> None:
    printer = VirtualPrinter(host="127.0.0.1", port=0, page_port=0, width_dots=576)
    printer.start()
    host, port = printer.address
    with fake_server(Town(block_size=30)) as fake:
        place = paired_place(tmp_path / "kiosk", fake.url, printer=f"tcp://{host}:{port}")
        with running_kiosk(place) as kiosk:
            citizen = Citizen(kiosk)
            _until(lambda: fake.town.leases, "numbers are leased")
            fake.stop()
            for _ in range(2):
                citizen.open()
                assert citizen.tap().status == 201
                citizen.tap()
            _until(lambda: len(printer.papers) == 2, "both papers are out")
            time.sleep(0.5)
            assert len(printer.papers) == 2, "and no third"
            fake.start()
            _until(lambda: len(fake.town.papers) == 2, "the server is told")
        assert set(fake.town.papers.values()) == {("printed", None)}
        assert fake.town.reports[-1].printer_state == "ok"
    printer.stop()


def test_it_is_light(tmp_path: Path) -> None:
    with fake_server(Town()) as fake:
        place = paired_place(tmp_path / "kiosk", fake.url, printer=f"file://{tmp_path}/paper.bin")
        with running_kiosk(place) as kiosk:
            citizen = Citizen(kiosk)
            _until(lambda: fake.town.reports, "it has met its server")
            for _ in range(5):
                citizen.open()
                assert citizen.tap().label is not None
            _until(lambda: len(fake.town.papers) == 5, "five papers are drawn")
            time.sleep(1)
            before, began = cpu_seconds(kiosk.pid), time.monotonic()
            time.sleep(IDLE_SECONDS)
            share = (cpu_seconds(kiosk.pid) - before) / (time.monotonic() - began)
            assert share <= IDLE_SHARE_MAX
            assert memory_mebibytes(kiosk.pid) <= MEMORY_MEBIBYTES_MAX


def test_its_files_are_for_its_owner_alone(tmp_path: Path) -> None:
    with fake_server(Town()) as fake:
        place = paired_place(tmp_path / "kiosk", fake.url)
        with running_kiosk(place) as kiosk:
            assert stat.S_IMODE(place.identity_file.stat().st_mode) == 0o600
            assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
            assert "nouba_0" not in kiosk.log(), "the token is in no log"


def _tap_on(kiosk: KioskProcess, promised: dict[str, str]) -> None:
    """Tap until the kiosk dies; what a screen has shown is a promise."""
    citizen = Citizen(kiosk)
    with suppress(OSError, HTTPException, AssertionError):
        while True:
            citizen.open()
            label = citizen.tap().label
            assert label is not None
            promised[citizen.fields["key"]] = label


def _until(condition: object, what: str) -> None:
    assert callable(condition)
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.05)
