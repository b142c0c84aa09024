"""`nouba-kiosk` as an installer types it: pairing, the doctor, the test page, and what each failure says."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from device_client.pairing import big, terminal_qr
from device_client.place import SettingsError, server_address
from device_client.program import alone
from kiosk_client.cli import main
from kiosk_client.doctor import touch_devices
from kiosk_client.journal import Journal
from kiosk_client.settings import KioskSettings, Place, checked
from server.wire_devices import Block
from tests.kiosk_client.builders import DAY, DEVICE, a_draft, answer_for
from tests.kiosk_client.fake_server import TOKEN, Town, fake_server
from tests.kiosk_client.processes import accept_soon, paired_place
from virtual_printer import Decoder

TOUCH = """\
I: Bus=0003 Vendor=0eef Product=0001 Version=0210
N: Name="eGalax Inc. USB TouchController"
H: Handlers=mouse1 event3
B: EV=b
B: KEY=400 0 0 0 0 0
B: ABS=3

I: Bus=0003 Vendor=046d Product=c31c Version=0110
N: Name="Logitech USB Keyboard"
B: EV=120013
B: KEY=1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe

I: Bus=0003 Vendor=1234 Product=5678 Version=0110
N: Name="A graphics joystick"
B: KEY=7fff000000000000 0 0 0 0
B: ABS=3
"""


def nouba_kiosk(place: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(place)])


def test_pairing_keeps_the_token_for_its_owner_alone(tmp_path: Path) -> None:
    place = Place(folder=tmp_path / "kiosk")
    with fake_server(Town()) as fake:
        thread = accept_soon(fake)
        options = ("--server", fake.url, "--printer", "file:///dev/usb/lp0", "--paper", "58")
        done = nouba_kiosk(place.folder, "pair", *options)
        thread.join()
    assert done.exit_code == 0, done.output
    assert "123 456" in done.output
    page = done.output.index("/devices and types the code there")
    command = "nouba device accept 123456 --branch SLUG --data FOLDER"
    assert page < done.output.index(command), "the page first, and a command that works anywhere"
    assert "Paired: entrance of berkane" in done.output
    assert TOKEN not in done.output
    assert stat.S_IMODE(place.identity_file.stat().st_mode) == 0o600
    assert place.identity().token == TOKEN
    assert place.settings() == KioskSettings(printer="file:///dev/usb/lp0", paper_mm=58)
    journal = Journal(place.journal, device=DEVICE)
    assert journal.waiting_to_sync() == 0, "it was handed to this device"
    journal.close()


def test_pairing_that_cannot_be_says_why_and_keeps_nothing(tmp_path: Path) -> None:
    place = Place(folder=tmp_path / "kiosk")
    with fake_server(Town()) as fake:
        fake.stop()
        gone = nouba_kiosk(place.folder, "pair", "--server", fake.url)
        fake.start()
    assert gone.exit_code == 1
    assert "does not answer" in gone.output
    assert not place.identity_file.exists()
    assert nouba_kiosk(place.folder, "pair", "--server", "ftp://x").exit_code == 1
    wrong = nouba_kiosk(place.folder, "pair", "--server", "http://x", "--printer", "lpt1")
    assert wrong.exit_code == 1
    assert "printer" in wrong.output


def test_pairing_anew_puts_a_broken_journal_aside(tmp_path: Path) -> None:
    with fake_server(Town()) as fake:
        place = paired_place(tmp_path / "kiosk", fake.url)
        place.journal.write_bytes(b"no database at all" * 1000)
        thread = accept_soon(fake)
        done = nouba_kiosk(place.folder, "pair", "--server", fake.url)
        thread.join()
    assert done.exit_code == 0, done.output
    assert "journal.broken-1" in done.output
    assert (place.folder / "journal.broken-1").read_bytes().startswith(b"no database")
    journal = Journal(place.journal, device=DEVICE)
    assert journal.waiting_to_sync() == 0
    journal.close()


def test_pairing_anew_names_the_tickets_that_are_only_here(tmp_path: Path) -> None:
    with fake_server(Town()) as fake:
        place = paired_place(tmp_path / "kiosk", fake.url)
        journal = Journal(place.journal, device=DEVICE)
        draft = a_draft("only-here")
        journal.keep_blocks([Block(service="civil", day=DAY, first=950, last=999)])
        journal.give_out(draft, lambda number: answer_for(draft, number), with_paper=False)
        journal.close()
        thread = accept_soon(fake)
        done = nouba_kiosk(place.folder, "pair", "--server", fake.url)
        thread.join()
    assert done.exit_code == 0, done.output
    assert "A950" in done.output
    journal = Journal(place.journal, device=DEVICE)
    assert journal.waiting_to_sync() == 1, "and the new pairing tries to bring it"
    journal.close()


def test_a_running_kiosk_is_not_paired_anew(tmp_path: Path) -> None:
    with fake_server(Town()) as fake:
        place = paired_place(tmp_path / "kiosk", fake.url)
        with alone(place):
            done = nouba_kiosk(place.folder, "pair", "--server", fake.url)
    assert done.exit_code == 1
    assert "stop it" in done.output


def test_an_unpaired_kiosk_says_what_to_do(tmp_path: Path) -> None:
    done = nouba_kiosk(tmp_path / "kiosk", "run", "--no-browser")
    assert done.exit_code == 1
    assert "nouba-kiosk pair" in done.output


def test_a_token_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    place = paired_place(tmp_path / "kiosk", "http://127.0.0.1:1")
    place.identity_file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        place.identity()


def test_one_program_a_folder(tmp_path: Path) -> None:
    place = paired_place(tmp_path / "kiosk", "http://127.0.0.1:1")
    with alone(place):
        done = nouba_kiosk(place.folder, "run", "--no-browser")
    assert done.exit_code == 1
    assert "another nouba-kiosk runs" in done.output


def test_the_doctor_finds_a_healthy_kiosk_healthy(tmp_path: Path) -> None:
    with fake_server(Town()) as fake:
        paper = tmp_path / "paper.bin"
        place = paired_place(tmp_path / "kiosk", fake.url, printer=f"file://{paper}")
        done = nouba_kiosk(place.folder, "doctor")
    for subject in ("pairing", "settings", "server", "clock", "journal", "disk", "fonts"):
        assert re.search(rf"^ok +{subject}: ", done.output, re.MULTILINE), done.output
    for subject in ("printer", "touch", "browser", "voice"):
        assert f"{subject}: " in done.output
    assert "none yet for civil, legal" in done.output, "nothing was leased yet"
    assert TOKEN not in done.output


def test_the_doctor_names_faults_and_what_to_do(tmp_path: Path) -> None:
    with fake_server(Town(revoked=True)) as fake:
        place = paired_place(tmp_path / "kiosk", fake.url, printer="tcp://127.0.0.1:1")
        place.journal.unlink()
        done = nouba_kiosk(place.folder, "doctor")
        assert done.exit_code == 1
        assert "FAULT  server: it does not know this kiosk's token" in done.output
        assert "FAULT  journal: " in done.output
        assert "pair again" in done.output
        assert "FAULT  printer: refused" in done.output
        assert "→" in done.output
    away = nouba_kiosk(place.folder, "doctor")
    assert "FAULT  server: " in away.output
    assert "does not answer" in away.output
    unpaired = nouba_kiosk(tmp_path / "other", "doctor")
    assert unpaired.exit_code == 1
    assert "FAULT  pairing: " in unpaired.output


def test_a_test_page_is_printed(tmp_path: Path) -> None:
    paper = tmp_path / "paper.bin"
    place = paired_place(tmp_path / "kiosk", "http://127.0.0.1:1", printer=f"file://{paper}")
    done = nouba_kiosk(place.folder, "test-print")
    assert done.exit_code == 0, done.output
    (printed,) = Decoder(576).feed(paper.read_bytes())
    assert printed.height_dots > 400
    with alone(place):
        busy = nouba_kiosk(place.folder, "test-print")
    assert busy.exit_code == 1
    place.keep_settings(KioskSettings())
    assert "no printer" in nouba_kiosk(place.folder, "test-print").output
    place.keep_settings(KioskSettings(printer="tcp://127.0.0.1:1"))
    assert "the printer said refused" in nouba_kiosk(place.folder, "test-print").output


def test_touch_screens_are_told_from_keyboards_and_joysticks() -> None:
    assert touch_devices(TOUCH) == ["eGalax Inc. USB TouchController"]
    assert touch_devices("") == []


def test_the_code_is_large_and_the_qr_is_square() -> None:
    rows = big("0123456789")
    assert len(rows) == 5
    assert len({len(row) for row in rows}) == 1
    qr = terminal_qr("http://127.0.0.1:8000/devices")
    assert len({len(line) for line in qr}) == 1
    assert len(qr[0]) in (2 * len(qr), 2 * len(qr) - 1)


@pytest.mark.parametrize(
    "url",
    [
        "file.commune.ma",
        "ftp://x",
        "http://",
        "http://u:p@x",
        "http://x?a=1",
        "http://x:0",
        "http://[",
    ],
)
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        server_address(url)


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"paper_mm": 70}, "paper_mm"),
        ({"port": 0}, "port"),
        ({"port": "8000"}, "port"),
        ({"printer": "lpt1"}, "printer"),
        ({"pinter": ""}, "pinter"),
    ],
)
def test_a_wrong_setting_is_named(raw: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        checked(raw)


def test_settings_survive_being_written(tmp_path: Path) -> None:
    place = Place(folder=tmp_path)
    wanted = KioskSettings(
        printer='file:///tmp/"odd"', paper_mm=58, port=9000, browser="/usr/bin/x"
    )
    place.keep_settings(wanted)
    assert place.settings() == wanted
    place.settings_file.write_text("port = ", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"kiosk\.toml"):
        place.settings()
