"""The real `nouba-kiosk run`, and a citizen who taps on its page as a browser without scripts would."""

from __future__ import annotations

import html
import http.cookiejar
import os
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from device_client.place import Identity
from kiosk_client.journal import Journal
from kiosk_client.settings import KioskSettings, Place
from tests.end_to_end.processes import free_port
from tests.end_to_end.programs import OwnProcess
from tests.kiosk_client.builders import DEVICE
from tests.kiosk_client.fake_server import BRANCH, TOKEN, FakeServer

ANSWER_SECONDS_MAX = 10
_FIELD = re.compile(r'<input[^>]*name="(csrf_token|key)"[^>]*value="([^"]*)"')
_NUMBER = re.compile(r'class="ticket-number"[^>]*>([A-Z]\d{3})<')


def paired_place(
    folder: Path, server: str, *, token: str = TOKEN, device: int = DEVICE, printer: str = ""
) -> Place:
    """A data folder as `nouba-kiosk pair` leaves it."""
    place = Place(folder=folder)
    place.keep_identity(
        Identity(server=server, branch=BRANCH, device=device, name="entrance", token=token)
    )
    place.keep_settings(KioskSettings(printer=printer, port=free_port()))
    journal = Journal(place.journal)
    journal.hand_to(device)
    journal.close()
    return place


class KioskProcess(OwnProcess):
    """`nouba-kiosk run --no-browser` on a data folder."""

    def __init__(self, place: Place, *options: str) -> None:
        super().__init__(place.folder / "kiosk.log")
        self.place = place
        self.port = place.settings().port
        self._options = options

    def start(self) -> None:
        """Returns once its page answers."""
        place = ["--data", str(self.place.folder)]
        self.launch("nouba-kiosk", ["run", "--no-browser", *place, *self._options])

    def stop(self) -> bool:
        """Ask it to end; a kiosk ends by itself."""
        ended = super().stop()
        assert ended, f"it had to be killed: {self.log()}"
        return ended

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/alive", timeout=2):
                return True
        except OSError:
            return False


def accept_soon(fake: FakeServer) -> threading.Thread:
    """An administrator who accepts the code once the device asks for it."""

    def accept() -> None:
        while not fake.town.requests["/pairings/claims"]:
            time.sleep(0.02)
        fake.town.accepted = True

    thread = threading.Thread(target=accept)
    thread.start()
    return thread


@contextmanager
def running_kiosk(place: Place) -> Iterator[KioskProcess]:
    """A kiosk that ends with the block."""
    kiosk = KioskProcess(place)
    kiosk.start()
    try:
        yield kiosk
    finally:
        kiosk.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What the citizen sees."""

    status: int
    text: str

    @property
    def label(self) -> str | None:
        """The number on it, if there is one."""
        found = _NUMBER.search(self.text)
        return found[1] if found else None


class Citizen:
    """Opens the services, taps one, reads the number."""

    def __init__(self, kiosk: KioskProcess) -> None:
        self._base = f"http://127.0.0.1:{kiosk.port}"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(cookies)
        self.fields: dict[str, str] = {}

    def open(self) -> None:
        """The services, with a fresh key."""
        text = self._send(f"/kiosk/{BRANCH}/fr", None).text
        self.fields = {name: html.unescape(value) for name, value in _FIELD.findall(text)}
        assert {"csrf_token", "key"} <= self.fields.keys(), text

    def tap(self, service: str = "civil") -> Screen:
        """The same form again is the same ticket. Raises OSError when the kiosk dies meanwhile."""
        return self._send(f"/kiosk/{BRANCH}/fr/tickets", {**self.fields, "service": service})

    def _send(self, path: str, form: dict[str, str] | None) -> Screen:
        data = None if form is None else urlencode(form).encode()
        try:
            with self._browser.open(self._base + path, data, ANSWER_SECONDS_MAX) as answer:
                return Screen(status=answer.status, text=answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Screen(status=error.code, text=error.read().decode())


def memory_mebibytes(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
