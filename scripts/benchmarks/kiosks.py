"""The real `nouba-kiosk run` on a paired folder, and a citizen before it."""

from __future__ import annotations

import html
import http.client
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psutil

from benchmarks.building import SLUG, Building
from benchmarks.figures import BenchWrong
from benchmarks.rows import connect
from benchmarks.running import HOST, end, environment, free_port
from benchmarks.scratch import ROOT
from device_client.place import Identity
from kiosk_client.journal import Journal
from kiosk_client.settings import KioskSettings, Place
from server.actions import devices
from server.actions.hall import Caller, Hall
from server.clock import SystemChance, SystemClock
from server.db.opening import open_store
from server.domain.roles import Role

LANGUAGE = "ar"
READY_SECONDS = 60
LOG = "kiosk.log"
_PAGE = f"/kiosk/{SLUG}/{LANGUAGE}"
_FIELD = re.compile(r'<input[^>]*name="(csrf_token|key)"[^>]*value="([^"]*)"')
_NUMBER = re.compile(r'class="ticket-number"[^>]*>([A-Z]\d{3})<')


def pair(building: Building, server: str, folder: Path, *, printer: str = "") -> Place:
    """A data folder as `nouba-kiosk pair` leaves it, let in by an operator."""
    store = open_store(f"sqlite:///{building.database}", create=False)
    hall = Hall(store=store, clock=SystemClock(), chance=SystemChance())
    opened = devices.open_pairing(hall=hall, kind="kiosk", name=folder.name, version="bench")
    operator = Caller(scope="operator", role=Role.ADMIN, branch=building.branch)
    devices.accept_device(
        hall=hall, caller=operator, code=opened.code, name=None, printer=None, key=None
    )
    claimed = devices.claim_token(hall=hall, claim=opened.claim)
    store.engine.dispose()
    assert claimed.token is not None
    assert claimed.device is not None, "it was accepted a moment ago"
    place = Place(folder=folder)
    place.keep_identity(
        Identity(
            server=server,
            branch=SLUG,
            device=claimed.device,
            name=folder.name,
            token=claimed.token,
        )
    )
    place.keep_settings(KioskSettings(printer=printer, port=free_port()))
    journal = Journal(place.journal)
    journal.hand_to(claimed.device)
    journal.close()
    return place


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A kiosk whose page answers."""

    place: Place
    process: psutil.Process

    @property
    def port(self) -> int:
        """Of its page."""
        return self.place.settings().port


@contextmanager
def running_kiosk(place: Place) -> Iterator[Program]:
    """`nouba-kiosk run --no-browser`, until the block ends."""
    log = place.folder / LOG
    command = [str(Path(sys.executable).with_name("nouba-kiosk")), "run", "--no-browser"]
    with log.open("ab") as output:
        child = subprocess.Popen(
            [*command, "--data", str(place.folder)],
            env=environment(),
            cwd=ROOT,
            stderr=output,
            stdout=output,
        )
    try:
        program = Program(place=place, process=psutil.Process(child.pid))
        wait_until(lambda: child.poll() is not None or _answers(program.port), "the kiosk's page")
        if child.poll() is not None:
            raise BenchWrong(f"the kiosk ended:\n{log.read_text(encoding='utf-8')[-3000:]}")
        yield program
    finally:
        end(child)
    if "Traceback" in (said := log.read_text(encoding="utf-8", errors="replace")):
        raise BenchWrong(f"the kiosk reported errors:\n{said[-3000:]}")


def has_numbers(place: Place, services: int) -> bool:
    """Whether the kiosk has a block of each service, which it leases once it knows the catalogue."""
    with closing(connect(place.journal)) as connection:
        query = "SELECT count(DISTINCT service) FROM blocks"
        return bool(connection.execute(query).fetchone()[0] >= services)


class Citizen:
    """Taps on the page of a kiosk as its module does, on one kept connection."""

    def __init__(self, program: Program) -> None:
        self._connection = http.client.HTTPConnection(HOST, program.port, timeout=READY_SECONDS)
        self._cookie = ""
        self._tag = ""

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def open(self) -> dict[str, str]:
        """The services; the fields of their form, with a fresh key."""
        answer, text = self._send("GET", _PAGE, None, {})
        cookie = answer.getheader("Set-Cookie")
        if cookie:
            self._cookie = cookie.partition(";")[0]
        return {name: html.unescape(value) for name, value in _FIELD.findall(text)}

    def tap(self, fields: dict[str, str], service: str) -> tuple[str, float, float]:
        """The number on the screen, when the finger touched it, and when the answer was there (monotonic seconds)."""
        body = urlencode({**fields, "service": service, "class": "ordinary"})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        began = time.monotonic()
        answer, text = self._send("POST", f"{_PAGE}/tickets?fragment=1", body, headers)
        ended = time.monotonic()
        found = _NUMBER.search(text)
        if answer.status != http.HTTPStatus.CREATED or found is None:
            raise BenchWrong(f"a tap was answered {answer.status}: {text[:400]}")
        return found[1], began, ended

    def look(self) -> bool:
        """What the page asks every two seconds; whether the kiosk has its server."""
        headers = {"If-None-Match": self._tag} if self._tag else {}
        answer, _ = self._send("GET", f"{_PAGE}?fragment=1", None, headers)
        self._tag = answer.getheader("ETag") or ""
        return answer.getheader("X-Nouba-Online") == "1"

    def _send(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, str]:
        if self._cookie:
            headers = {**headers, "Cookie": self._cookie}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer, answer.read().decode()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Raises BenchWrong when it does not come true."""
    until = time.monotonic() + READY_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise BenchWrong(f"in vain: {what}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=READY_SECONDS)
    try:
        connection.request("GET", "/alive")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
