"""The CUPS channel against commands that say what CUPS says."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from server.delivery.channels import CupsChannel, Fault, Faulty, Handed, Paper, TimedOut
from server.delivery.channels.cups import read_queue
from tests.delivery.channels.sending import Notes, send

IDLE = "printer kiosk is idle.  enabled since Mon Jun  1 08:00:00 2026\n"
LP = """#!/bin/sh
[ "$*" = "-d kiosk -o raw -t nouba-job-1" ] || { echo "lp: $*" >&2; exit 1; }
cat > {folder}/paper
[ -e {folder}/stuck ] && echo "kiosk-7 nouba 120 Mon Jun  1" > {folder}/waiting
echo "request id is kiosk-7 (0 file(s))"
"""
LPSTAT = """#!/bin/sh
case "$*" in
  "-l -p kiosk") [ -e {folder}/queue ] || { echo "lpstat: Invalid destination name" >&2; exit 1; }
    cat {folder}/queue ;;
  "-W not-completed -o kiosk") cat {folder}/waiting 2>/dev/null ; true ;;
  *) exit 2 ;;
esac
"""
CANCEL = """#!/bin/sh
echo "$1" > {folder}/cancelled
rm {folder}/waiting
"""


@pytest.fixture
def cups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the spooler; its commands come first on the path."""
    for name, script in (("lp", LP), ("lpstat", LPSTAT), ("cancel", CANCEL)):
        command = tmp_path / name
        command.write_text(script.replace("{folder}", str(tmp_path)))
        command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "queue").write_text(f"{IDLE}\tAlerts: none\n")
    return tmp_path


def test_bytes_go_through_as_they_are(cups: Path) -> None:
    job = bytes(range(256))
    notes = Notes()
    receipt = send(CupsChannel(queue="kiosk"), job, notes=notes)
    assert (cups / "paper").read_bytes() == job
    assert not receipt.is_proven, "CUPS has passed it on; nobody has seen paper"
    assert notes.last_ink_count == 1


@pytest.mark.parametrize(
    ("told", "code", "paper"),
    [
        (f"{IDLE}\tAlerts: none\n", "unknown", Paper.UNKNOWN),
        (f"{IDLE}\tAlerts: media-empty-error offline-report\n", "paper_end", Paper.END),
        (f"{IDLE}\tAlerts: cover-open\n", "cover_open", Paper.UNKNOWN),
        (f"{IDLE}\tAlerts: media-low-warning\n", "paper_near_end", Paper.NEAR_END),
        (f"{IDLE}\tAlerts: offline-report\n", "offline", Paper.UNKNOWN),
        ("printer kiosk disabled since Mon Jun  1 -\n\tPaused\n", "offline", Paper.UNKNOWN),
    ],
)
def test_what_the_queue_says(told: str, code: str, paper: Paper) -> None:
    status = read_queue(told)
    assert (status.code, status.paper) == (code, paper)


def test_a_queue_that_is_not_there_is_unreachable(cups: Path) -> None:
    (cups / "queue").unlink()
    assert CupsChannel(queue="kiosk").status().fault is Fault.UNREACHABLE


def test_a_queue_with_a_fault_gets_no_job(cups: Path) -> None:
    (cups / "queue").write_text(f"{IDLE}\tAlerts: media-empty-error\n")
    with pytest.raises(Faulty) as caught:
        send(CupsChannel(queue="kiosk"), b"x")
    assert caught.value.code == "paper_end"
    assert caught.value.handed is Handed.NOTHING
    assert not (cups / "paper").exists()


def test_a_job_that_stays_in_the_queue_is_taken_back_and_nobody_is_sure(cups: Path) -> None:
    (cups / "stuck").touch()
    with pytest.raises(TimedOut) as caught:
        send(CupsChannel(queue="kiosk", send_timeout_seconds=0.5), b"x")
    assert caught.value.may_have_printed
    assert (cups / "cancelled").read_text().strip() == "kiosk-7"


def test_a_fault_after_handing_over_is_told_and_waited_for(cups: Path) -> None:
    (cups / "stuck").touch()
    notes = Notes()

    def mend() -> None:
        while not (cups / "waiting").exists():
            time.sleep(0.02)
        (cups / "queue").write_text(f"{IDLE}\tAlerts: cover-open\n")
        while "cover_open" not in notes.codes:
            time.sleep(0.02)
        (cups / "waiting").unlink()

    thread = threading.Thread(target=mend)
    thread.start()
    channel = CupsChannel(queue="kiosk", send_timeout_seconds=0.5)
    assert not send(channel, b"x", notes=notes, patience_seconds=10).is_proven
    thread.join()
    assert "cover_open" in notes.codes


def test_without_cups_the_command_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert CupsChannel(queue="kiosk").status().fault is Fault.UNREACHABLE
