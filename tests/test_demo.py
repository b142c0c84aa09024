"""The demo: the same at every start, complete in four languages, and gone without a trace when it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from server import config as settings
from server import demo
from server.actions.hall import Hall
from server.clock import SystemChance, SystemClock
from server.config import Config
from server.db import credentials, listings, reads
from server.db.opening import open_store
from server.demo_printer import virtual_printer
from server.domain.errors import NotAllowed
from server.domain.ids import Language

ROOT = Path(__file__).resolve().parents[1]
ICONS = ROOT / "static" / "vendor" / "icons"
ALL = {language.value for language in Language}
START_SECONDS_MAX = 60
PLAN = demo.read_plan()
UNSTAFFED = {**PLAN, "agents": []}
"""Hashing passwords is slow on purpose, and most of these tests need none."""


@contextmanager
def opened(data: Path) -> Iterator[Hall]:
    store = open_store(f"sqlite:///{data}/nouba.sqlite3", create=True)
    yield Hall(store=store, clock=SystemClock(), chance=SystemChance())
    store.engine.dispose()


def texts() -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Every text of the plan: where it stands, and its lines by language."""
    yield "branch", {tag: [text] for tag, text in PLAN["names"].items()}
    for service in PLAN["services"]:
        yield service["code"], {tag: [text] for tag, text in service["names"].items()}
        yield f"{service['code']} documents", service["documents"]


def test_set_up_twice_is_the_same(tmp_path: Path) -> None:
    with opened(tmp_path) as hall:
        first = demo.set_up(hall, PLAN, open_kiosk=True)
        with hall.store.read() as connection:
            before = reads.catalogue(connection, first.branch)
        second = demo.set_up(hall, PLAN, open_kiosk=True)
        with hall.store.read() as connection:
            after = reads.catalogue(connection, second.branch)
            tokens = listings.tokens_of(connection, first.branch.id)
    assert before == after
    assert len(tokens) == 1
    assert all(sign_in.password for sign_in in first.sign_ins)
    assert first.kiosk_token is not None
    assert not any(sign_in.password for sign_in in second.sign_ins)
    assert second.kiosk_token is None


def test_it_is_the_town_hall_that_was_promised(tmp_path: Path) -> None:
    with opened(tmp_path) as hall:
        made = demo.set_up(hall, PLAN, open_kiosk=True)
        with hall.store.read() as connection:
            catalogue = reads.catalogue(connection, made.branch)
    assert [service.letter for service in catalogue.services] == list("ABCDEF")
    assert len(catalogue.desks) == 4
    assert len({desk.lines for desk in catalogue.desks}) == 4
    served = {line.service for desk in catalogue.desks for line in desk.lines if not line.lag}
    assert served == {service.id for service in catalogue.services}
    assert [sign_in.role for sign_in in made.sign_ins] == [*["agent"] * 4, "supervisor", "admin"]
    assert made.branch.hours.is_open(hall.clock.now())


def test_an_interrupted_set_up_goes_on(tmp_path: Path) -> None:
    half = {**PLAN, "services": PLAN["services"][:2], "desks": [], "agents": PLAN["agents"][:1]}
    with opened(tmp_path) as hall:
        demo.set_up(hall, half, open_kiosk=True)
        made = demo.set_up(hall, PLAN, open_kiosk=True)
        with hall.store.read() as connection:
            catalogue = reads.catalogue(connection, made.branch)
    assert [service.letter for service in catalogue.services] == list("ABCDEF")
    assert [sign_in.password is None for sign_in in made.sign_ins] == [True, *[False] * 5]


def test_the_kiosk_is_open_only_while_nobody_else_can_reach_it(tmp_path: Path) -> None:
    with opened(tmp_path) as hall:
        for open_kiosk in (True, False, True):
            made = demo.set_up(hall, UNSTAFFED, open_kiosk=open_kiosk)
            with hall.store.read() as connection:
                assert reads.branch_by_slug(connection, "berkane").open_kiosk is open_kiosk
            assert made.branch.open_kiosk is open_kiosk


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("kiosk.local", False),
    ],
)
def test_loopback_is_told_from_a_network(host: str, is_loopback: bool) -> None:
    assert demo.is_loopback(host) is is_loopback


def test_a_real_town_hall_gets_no_demo_agents(tmp_path: Path) -> None:
    with opened(tmp_path) as hall:
        demo.set_up(hall, {**UNSTAFFED, "slug": "oujda"}, open_kiosk=False)
        with pytest.raises(NotAllowed, match="oujda"):
            demo.set_up(hall, UNSTAFFED, open_kiosk=True)


def test_the_printer_follows_its_port(tmp_path: Path) -> None:
    with opened(tmp_path) as hall:
        made = demo.set_up(hall, UNSTAFFED, open_kiosk=True)
        for address in ("tcp://127.0.0.1:9100", "tcp://127.0.0.1:4711"):
            demo.connect_printer(hall, made.branch, UNSTAFFED, address)
            with hall.store.read() as connection:
                (printer,) = reads.printers_of(connection, made.branch.id)
            assert printer.address == address


def test_taken_ports_are_no_obstacle() -> None:
    with (
        virtual_printer(width_dots=384) as one,
        virtual_printer(width_dots=384) as other,
    ):
        assert one.address != other.address
        with urlopen(other.page, timeout=5) as page:
            assert page.status == 200
    assert not reaches(other.address)


def test_what_is_told_holds_every_address_and_each_secret_once(tmp_path: Path) -> None:
    said: list[str] = []
    config = configuration(tmp_path, 8000)

    def serve(_config: Config, paper_url: str) -> int:
        said.append(paper_url)
        return 0

    for _ in range(2):
        assert demo.run(config, say=said.append, serve=serve) == 0
    first, paper, second, _ = said
    for page in (
        "/\n",
        "/kiosk/berkane\n",
        "/board/berkane\n",
        "/desk\n",
        "/devices ",
        "/t/",
        "/openapi.json",
    ):
        assert f"http://127.0.0.1:8000{page}" in first.replace("/api/v1/", "/")
    assert paper in first
    passwords = re.findall(r"\b(?:[a-z0-9]{4}-){3}[a-z0-9]{4}\b", first)
    assert len(set(passwords)) == len(PLAN["agents"]) == 6
    assert not any(password in second for password in passwords)
    assert "nouba_" not in second
    assert "nouba agent password LOGIN" in second
    with opened(tmp_path / "var") as hall, hall.store.read() as connection:
        account = credentials.agent_by_login(connection, "fatima")
    assert account is not None


def test_every_text_is_there_in_four_languages() -> None:
    for where, by_language in texts():
        assert set(by_language) == ALL, where
        assert len({len(lines) for lines in by_language.values()}) == 1, where
        for tag, lines in by_language.items():
            assert all(line == line.strip() and line for line in lines), (where, tag)
            assert len(set(lines)) == len(lines), (where, tag)


def test_each_language_is_written_in_its_script() -> None:
    scripts = {"ar": "ARABIC", "fr": "LATIN", "zgh": "TIFINAGH", "en": "LATIN"}
    for where, by_language in texts():
        for tag, lines in by_language.items():
            strangers = {
                character
                for line in lines
                for character in line
                if not unicodedata.name(character).startswith(scripts[tag])
            }
            # ʼ aside, what is left are spaces and marks that every script shares, and no digits.
            assert strangers <= set(" ,.:;()'-،؛"), (where, tag)


def test_every_tifinagh_text_waits_for_its_reviewer() -> None:
    review = (ROOT / "docs" / "amazigh-review.md").read_text(encoding="utf-8")
    cells = {cell.strip() for line in review.splitlines() for cell in line.split("|")}
    for where, by_language in texts():
        assert set(by_language["zgh"]) <= cells, where


def test_the_icons_exist() -> None:
    icons = [service["icon"] for service in PLAN["services"]]
    assert len(set(icons)) == len(icons)
    assert [name for name in icons if not (ICONS / f"{name}.svg").is_file()] == []


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_it_serves_and_ends_with_all_that_it_started(
    tmp_path: Path, ending: signal.Signals
) -> None:
    port = free_port()
    with started(tmp_path, port) as process:
        wait_until(lambda: reaches(f"tcp://127.0.0.1:{port}"))
        children = psutil.Process(process.pid).children(recursive=True)
        printers = [child for child in children if "virtual_printer" in child.cmdline()]
        assert len(printers) == 1
        try:
            with urlopen(f"http://127.0.0.1:{port}/kiosk/berkane", timeout=20) as page:
                assert page.status == 200
            process.send_signal(ending)
            process.wait(20)
            # After kill -9 nobody tidies up, and the printer still notices.
            ended = children if ending is signal.SIGTERM else printers
            assert psutil.wait_procs(ended, timeout=10)[1] == []
            assert process.returncode == (0 if ending is signal.SIGTERM else -ending)
        finally:
            for child in children:
                with suppress(psutil.NoSuchProcess):
                    child.kill()


@contextmanager
def started(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "from server.cli import main; main()"]
    command += ["demo", "--port", str(port), "--data", str(folder / "var")]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("NOUBA_")}
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def configuration(folder: Path, port: int) -> Config:
    found = settings.load(None, folder / "var", {}, overrides={"server.port": port})
    return demo.reachable(found)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def reaches(address: str) -> bool:
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, "the demo did not start in time"
        time.sleep(0.05)
