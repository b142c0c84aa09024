"""Runs the virtual printer beside the demo: a process of its own, and gone with the server."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.family import end_with_parent

HOST = "127.0.0.1"
PORT = 9100
PAGE_PORT = 9101
"""Where it is looked for first; any free ports where these are taken."""
START_SECONDS_MAX = 15
STOP_SECONDS_MAX = 5
POLL_SECONDS = 0.02
READY_FILE = "ready.json"
ERRORS_FILE = "errors.txt"
_FOLDER = Path(__file__).resolve().parent.parent


class PrinterUnusable(Exception):
    """The virtual printer did not start; the message holds its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPrinter:
    """Where it listens: `tcp://…` for tickets, `http://…` for people."""

    address: str
    page: str


@contextmanager
def virtual_printer(*, width_dots: int) -> Iterator[RunningPrinter]:
    """A virtual printer for as long as the body runs. Raises PrinterUnusable."""
    try:
        process, printer = _started((_free_or_any(PORT), _free_or_any(PAGE_PORT)), width_dots)
    except PrinterUnusable:
        # Somebody else took a port between our look and the printer's.
        process, printer = _started((0, 0), width_dots)
    try:
        yield printer
    finally:
        _stop(process)


def _free_or_any(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return 0
    return port


def _started(
    ports: tuple[int, int], width_dots: int
) -> tuple[subprocess.Popen[bytes], RunningPrinter]:
    with tempfile.TemporaryDirectory(prefix="nouba-printer-") as folder:
        process = _start(ports, width_dots, Path(folder))
        try:
            return process, _wait_until_ready(process, Path(folder))
        except BaseException:
            _stop(process)
            raise


def _start(ports: tuple[int, int], width_dots: int, folder: Path) -> subprocess.Popen[bytes]:
    port, page_port = ports
    command = [sys.executable, "-m", "virtual_printer", "--host", HOST, "--port", str(port)]
    command += ["--page-port", str(page_port), "--width", str(width_dots)]
    command += ["--ready-file", str(folder / READY_FILE)]
    with (folder / ERRORS_FILE).open("wb") as errors:
        return subprocess.Popen(  # noqa: S603 (our own words and numbers)
            command,
            cwd=_FOLDER,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            # Ctrl-C is for the server: it still prints what was issued, then ends the printer.
            start_new_session=True,
            # Safe here: the demo has no threads yet when it starts its printer.
            preexec_fn=end_with_parent(),  # noqa: PLW1509
        )


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> RunningPrinter:
    ready = folder / READY_FILE
    deadline = time.monotonic() + START_SECONDS_MAX
    while not ready.exists():
        if process.poll() is not None:
            said = (folder / ERRORS_FILE).read_text(errors="replace").strip().splitlines()
            last_words = said[-1] if said else f"it ended with code {process.returncode}"
            raise PrinterUnusable(f"the virtual printer did not start: {last_words}")
        if time.monotonic() > deadline:
            raise PrinterUnusable(f"the virtual printer was not ready in {START_SECONDS_MAX} s")
        time.sleep(POLL_SECONDS)
    words = json.loads(ready.read_text(encoding="utf-8"))
    return RunningPrinter(address=words["printer"], page=words["page"])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
