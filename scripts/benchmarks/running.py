"""The real server as a process of its own: `python -m benchmarks.running DATA PORT` becomes it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.building import DATABASE
from benchmarks.figures import BenchWrong
from benchmarks.scratch import ROOT

START_SECONDS = 60
END_SECONDS = 15
HOST = "127.0.0.1"
LOG = "server.log"
_SAID_WRONG = ("Traceback", '"level":"error"', '"level": "error"', "[error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers."""

    port: int
    process: psutil.Process

    def memory(self) -> tuple[float, float]:
        """MiB of all its processes: resident, and with shared pages divided among their users."""
        family = [self.process, *self.process.children(recursive=True)]
        infos = [each.memory_full_info() for each in family]
        mebibyte = 1024 * 1024
        return sum(each.rss for each in infos) / mebibyte, sum(
            each.pss for each in infos
        ) / mebibyte


@contextmanager
def running_server(data: Path, port: int = 0) -> Iterator[Server]:
    """The server on the database in a folder, at a port (0: any), until the block ends.

    Raises BenchWrong if its log reports errors.
    """
    port = port or free_port()
    log = data / LOG
    command = [sys.executable, "-m", "benchmarks.running", str(data), str(port)]
    with log.open("wb") as output:
        child = subprocess.Popen(command, env=environment(), cwd=ROOT, stderr=output, stdout=output)
    try:
        _wait_until_ready(child, port, log)
        yield Server(port=port, process=psutil.Process(child.pid))
    finally:
        end(child)
    said = log.read_text(encoding="utf-8", errors="replace")
    if any(word in said for word in _SAID_WRONG):
        raise BenchWrong(f"the server reported errors:\n{said[-3000:]}")


def environment() -> dict[str, str]:
    """What a child needs to find the server and these modules."""
    places = os.pathsep.join((str(ROOT), str(ROOT / "scripts")))
    return {**os.environ, "PYTHONPATH": places}


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def end(child: subprocess.Popen[bytes]) -> None:
    """End a child and all that it started, by their ids."""
    try:
        family = psutil.Process(child.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    child.terminate()
    try:
        child.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    _, alive = psutil.wait_procs(family, timeout=END_SECONDS)
    for each in alive:
        each.kill()


def _wait_until_ready(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and child.poll() is None:
        connection = http.client.HTTPConnection(HOST, port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/ready")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    end(child)
    said = log.read_text(encoding="utf-8", errors="replace")[-3000:]
    raise BenchWrong(f"the server did not come up:\n{said}")


def _main(data: Path, port: int) -> None:
    from server import config as settings
    from server.serving import serve

    overrides: dict[str, object] = {
        "server.port": port,
        "log.level": "warning",
        "database.url": f"sqlite:///{data / DATABASE}",
    }
    serve(settings.load(None, data, {}, overrides=overrides))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
