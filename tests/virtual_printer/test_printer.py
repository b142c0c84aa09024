"""The printer on its ports: papers, status, the page and its stream, and a clean end."""

from __future__ import annotations

import io
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest
from PIL import Image

from virtual_printer import Ending, VirtualPrinter
from virtual_printer.tray import PAPERS_KEPT_MAX

ROOT = Path(__file__).resolve().parents[2]
CUT = b"\x1dV\x00"
TICKET = b"\x1b@\x1dv0\x00\x48\x00\x10\x00" + bytes([0xAA]) * (72 * 16) + CUT


@pytest.fixture
def printer() -> Iterator[VirtualPrinter]:
    with VirtualPrinter(page_port=0) as running:
        yield running


def send(printer: VirtualPrinter, data: bytes) -> None:
    with socket.create_connection(printer.address, 2) as connection:
        connection.sendall(data)


def get(printer: VirtualPrinter, path: str) -> HTTPResponse:
    assert printer.page_address is not None
    answer = urllib.request.urlopen(printer.page_address.rstrip("/") + path, timeout=3)
    assert isinstance(answer, HTTPResponse)
    return answer


def test_papers_come_out_in_order(printer: VirtualPrinter) -> None:
    send(printer, TICKET + TICKET)
    send(printer, TICKET[:-3])
    one, two, three = printer.wait_for_papers(3)
    assert [paper.number for paper in (one, two, three)] == [1, 2, 3]
    assert one.paper == two.paper
    assert three.paper.ending is Ending.TORN
    assert one.printed_at.utcoffset() is not None


def test_waiting_in_vain_says_so(printer: VirtualPrinter) -> None:
    with pytest.raises(TimeoutError, match="0 of 1 papers"):
        printer.wait_for_papers(1, timeout_seconds=0.05)


def test_status_is_answered_at_once_with_valid_bytes(printer: VirtualPrinter) -> None:
    with socket.create_connection(printer.address, 2) as connection:
        for kind in (1, 2, 3, 4):
            connection.sendall(bytes([0x10, 0x04, kind]))
            (status,) = connection.recv(16)
            assert status & 0x93 == 0x12
            assert status & ~0x93 == 0, "no fault is reported"


def test_only_the_last_papers_are_kept(printer: VirtualPrinter) -> None:
    send(printer, TICKET * (PAPERS_KEPT_MAX + 5))
    papers = printer.wait_for_papers(PAPERS_KEPT_MAX + 5)
    assert [papers[0].number, papers[-1].number] == [6, PAPERS_KEPT_MAX + 5]
    assert len(papers) == PAPERS_KEPT_MAX


def test_the_page_lists_papers_newest_first_and_shows_their_pictures(
    printer: VirtualPrinter,
) -> None:
    send(printer, TICKET * 2)
    printer.wait_for_papers(2)
    with get(printer, "/papers") as answer:
        listed = json.load(answer)["papers"]
    assert [entry["number"] for entry in listed] == [2, 1]
    assert listed[0]["width_mm"] == 72
    assert listed[0]["height_mm"] == 2
    assert listed[0]["byte_count"] == len(TICKET)
    with get(printer, listed[0]["picture"]) as answer:
        picture = Image.open(io.BytesIO(answer.read()))
    assert picture.size == (576, 16)
    assert picture.tobytes() == printer.papers[-1].paper.picture().tobytes()


@pytest.mark.parametrize("path", ["/", "/paper.css", "/paper.js", "/favicon.svg", "/papers"])
def test_every_answer_forbids_inline_script(printer: VirtualPrinter, path: str) -> None:
    with get(printer, path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        body = answer.read().decode()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in body
    assert "onclick" not in body


@pytest.mark.parametrize("path", ["/papers/1.png", "/papers/x.png", "/../printer.py", "/nothing"])
def test_what_is_not_there_is_not_found(printer: VirtualPrinter, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(printer, path)
    caught.value.close()
    assert caught.value.code == 404


def test_the_stream_brings_each_paper(printer: VirtualPrinter) -> None:
    def next_numbers(stream: HTTPResponse) -> list[int]:
        while not (line := stream.readline()).startswith(b"data: "):
            pass
        return [entry["number"] for entry in json.loads(line[6:])["papers"]]

    with get(printer, "/events") as stream:
        assert next_numbers(stream) == []
        send(printer, TICKET)
        assert next_numbers(stream) == [1]
        send(printer, TICKET)
        assert next_numbers(stream) == [2, 1]


def test_stopping_ends_threads_ports_and_open_streams() -> None:
    before = threading.active_count()
    printer = VirtualPrinter(page_port=0)
    printer.start()
    address = printer.address
    with get(printer, "/events") as stream, socket.create_connection(address, 2) as sender:
        sender.sendall(TICKET + TICKET[:20])
        printer.wait_for_papers(1)
        stream.readline()
        started = time.monotonic()
        printer.stop()
        assert time.monotonic() - started < 2
    assert threading.active_count() == before
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(address, 1)
    assert printer.papers[0].paper.complete


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_is_and_ends_when_told(
    tmp_path: Path, number: signal.Signals
) -> None:
    ready = tmp_path / "ready.json"
    arguments = ["--port", "0", "--page-port", "0", "--width", "384", "--ready-file", str(ready)]
    with subprocess.Popen(
        [sys.executable, "-m", "virtual_printer", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            deadline = time.monotonic() + 10
            while not ready.exists():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            addresses = json.loads(ready.read_text())
            process.send_signal(number)
            out, errors = process.communicate(timeout=5)
        finally:
            process.kill()
    assert process.returncode == 0
    assert errors == ""
    assert addresses["printer"] in out
    assert addresses["page"] in out


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "virtual_printer", "--port", port, "--page-port", "0"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    assert done.returncode == 1
    assert "in use" in done.stderr
    assert done.stderr.count("\n") == 1
