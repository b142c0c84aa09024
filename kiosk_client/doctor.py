"""`nouba-kiosk doctor`: looks at everything a kiosk needs, and says in plain words what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from device_client.doctor import (
    Finding,
    Heard,
    Verdict,
    browser_of,
    clock_of,
    disk_of,
    pairing_of,
    server_of,
    settings_of,
)
from device_client.place import Identity
from device_client.program import is_running
from kiosk_client.catalogue import Catalogue
from kiosk_client.journal import Journal, JournalFailure
from kiosk_client.running import FONTS
from kiosk_client.settings import KioskSettings, Place
from server.clock import SystemClock
from server.delivery.channels import Paper, open_channel
from server.delivery.paper.fonts import FontBook

INPUT_DEVICES: Final = Path("/proc/bus/input/devices")
_ABSOLUTE: Final = "B: ABS="
_TOUCH_KEYS: Final = "B: KEY="
_BTN_TOUCH: Final = 0x14A
_WORD_BITS: Final = 64

_PRINTER_VERDICTS: Final[dict[str, Verdict]] = {"ok": "ok", "unknown": "note", "fault": "fault"}
_PRINTER_ADVICE: Final = {
    "unknown": "it does not answer questions, as some cheap ones: print a test page",
    "cover_open": "close its cover",
    "paper_end": "put in a new roll",
    "cutter": "switch it off, free the blade, switch it on",
    "broken": "switch it off and on; if that does not help, have it repaired",
    "overheated": "let it cool down for some minutes",
    "error": "switch it off and on",
    "offline": "press its online or feed button",
    "unreachable": "is it switched on, is its cable in, is the address right?",
    "refused": "another program uses it, or this user may not: adduser nouba-kiosk lp",
    "timed_out": "is it switched on? Try it with another cable",
    "broken_midway": "look at its cable",
}


@dataclass(slots=True)
class _Patient:
    """What one check learns and a later one needs."""

    place: Place
    identity: Identity | None = None
    settings: KioskSettings = field(default_factory=KioskSettings)
    catalogue: Catalogue | None = None
    server_ahead_seconds: float | None = None
    now: datetime = field(default_factory=SystemClock().now)


def examine(place: Place) -> list[Finding]:
    """Every check, in the order in which faults are best mended."""
    patient = _Patient(place)
    checks: tuple[Callable[[_Patient], Iterator[Finding]], ...] = (
        _pairing,
        _settings,
        _server,
        _clock,
        _journal,
        _disk,
        _printer,
        _fonts,
        _touch,
        _browser,
        _voice,
    )
    return [finding for check in checks for finding in check(patient)]


def _pairing(patient: _Patient) -> Iterator[Finding]:
    patient.identity, finding = pairing_of(patient.place)
    yield finding


def _settings(patient: _Patient) -> Iterator[Finding]:
    place = patient.place
    settings, finding = settings_of(place.settings, place.settings_file)
    patient.settings = settings or patient.settings
    yield finding


def _server(patient: _Patient) -> Iterator[Finding]:
    if patient.identity is None:
        return
    learned = Heard()
    yield from server_of(
        patient.place, patient.identity, learned, without_it="tickets go on without it"
    )
    patient.server_ahead_seconds = learned.ahead_seconds
    if learned.catalogue is not None:
        patient.catalogue = Catalogue(learned.catalogue)


def _clock(patient: _Patient) -> Iterator[Finding]:
    yield clock_of(patient.server_ahead_seconds)


def _journal(patient: _Patient) -> Iterator[Finding]:
    if patient.identity is None:
        return
    journal = Journal(patient.place.journal, device=patient.identity.device)
    try:
        journal.probe()
        waiting = journal.waiting_to_sync()
        verdict: Verdict = "note" if waiting else "ok"
        text = f"can be written, {waiting} tickets wait for the server"
        yield Finding(subject="journal", verdict=verdict, text=text)
        yield from _numbers(patient, journal)
    except JournalFailure as failure:
        advice = {
            "full": "make room on the disk: df -h",
            "broken": "nouba-kiosk pair anew: its numbers may be out already, so it gives none",
        }
        yield Finding(
            subject="journal",
            verdict="fault",
            text=str(failure),
            advice=advice.get(failure.state, ""),
        )
    finally:
        journal.close()


def _numbers(patient: _Patient, journal: Journal) -> Iterator[Finding]:
    if patient.catalogue is None:
        return
    for day in patient.catalogue.days_to_lease(patient.now):
        left = journal.numbers_left(day)
        lacking = sorted(patient.catalogue.codes - left.keys())
        if lacking:
            yield Finding(
                subject=f"numbers for {day}",
                verdict="note",
                text=f"none yet for {', '.join(lacking)}",
                advice="nouba-kiosk run fetches them within a minute",
            )
        else:
            least = min(left.values(), default=0)
            text = f"at least {least} left of each service for a time without the server"
            yield Finding(subject=f"numbers for {day}", verdict="ok", text=text)


def _disk(patient: _Patient) -> Iterator[Finding]:
    yield disk_of(patient.place, without_it="without it the kiosk gives no tickets")


def _printer(patient: _Patient) -> Iterator[Finding]:
    if not patient.settings.printer:
        yield Finding(
            subject="printer",
            verdict="note",
            text="none is set",
            advice=f"set printer in {patient.place.settings_file}; without it citizens note their number",
        )
        return
    if is_running(patient.place):
        # A printer has one pair of ears: the running kiosk asks it, and tells staff.
        yield Finding(
            subject="printer",
            verdict="note",
            text="nouba-kiosk runs and asks it itself",
            advice="see the kiosk's line on the server's page /devices, or stop it and ask again",
        )
        return
    status = open_channel(patient.settings.printer).status()
    yield Finding(
        subject="printer",
        verdict=_PRINTER_VERDICTS[status.state],
        text=status.code,
        advice=_PRINTER_ADVICE.get(status.code, ""),
    )
    paper: dict[Paper, tuple[Verdict, str]] = {
        Paper.OK: ("ok", ""),
        Paper.NEAR_END: ("note", "put in a new roll soon"),
        Paper.END: ("fault", "put in a new roll"),
        Paper.UNKNOWN: ("note", "this printer does not tell: look at the roll"),
    }
    verdict, advice = paper[status.paper]
    yield Finding(subject="paper", verdict=verdict, text=status.paper.value, advice=advice)


def _fonts(patient: _Patient) -> Iterator[Finding]:
    del patient
    try:
        FontBook(FONTS)
    except (FileNotFoundError, RuntimeError) as error:
        yield Finding(
            subject="fonts", verdict="fault", text=str(error), advice="run scripts/kiosk again"
        )
    else:
        yield Finding(subject="fonts", verdict="ok", text="Arabic, Latin and Tifinagh are there")


def _touch(patient: _Patient) -> Iterator[Finding]:
    del patient
    try:
        names = touch_devices(INPUT_DEVICES.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        text = f"{INPUT_DEVICES}: {error.strerror}"
        yield Finding(subject="touch", verdict="note", text=text)
        return
    if names:
        yield Finding(subject="touch", verdict="ok", text=", ".join(names))
    else:
        yield Finding(
            subject="touch",
            verdict="note",
            text="no touch screen is plugged in",
            advice="look at its USB cable; arrow keys and Enter work too",
        )


def _browser(patient: _Patient) -> Iterator[Finding]:
    yield browser_of(patient.settings.browser, patient.place.settings_file)


def _voice(patient: _Patient) -> Iterator[Finding]:
    del patient
    found = shutil.which("espeak-ng")
    yield Finding(
        subject="voice",
        verdict="ok" if found else "note",
        text=found or "no espeak-ng: the spoken mode has recordings and chimes only",
        advice="" if found else "apt install espeak-ng",
    )


def touch_devices(listing: str) -> list[str]:
    """The names of what has absolute axes and is touched, from the kernel's list of input devices."""
    found = []
    for block in listing.split("\n\n"):
        lines = block.splitlines()
        name = next((line for line in lines if line.startswith("N: Name=")), "")
        keys = next((line for line in lines if line.startswith(_TOUCH_KEYS)), "")
        if any(line.startswith(_ABSOLUTE) for line in lines) and _has_bit(keys, _BTN_TOUCH):
            found.append(name.removeprefix("N: Name=").strip('"'))
    return found


def _has_bit(line: str, bit: int) -> bool:
    """`B: KEY=400 0 0 0 0 0` holds words of 64 bits, the highest first."""
    words = line.partition("=")[2].split()[::-1]
    word = bit // _WORD_BITS
    return word < len(words) and bool(int(words[word], 16) >> (bit % _WORD_BITS) & 1)
