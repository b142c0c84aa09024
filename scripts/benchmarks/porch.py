"""A virtual printer with a porch: who passes through it is timed, so that the printer's own work costs nothing.

`python -m benchmarks.porch` prints its port, then takes one JSON order a line: {"do": "first bytes", "count": N}
answers with the moments (monotonic seconds, the same clock in all processes of a machine) at which the first byte
of each ticket was here, once there are N of them; {"do": "papers", "count": N} with how many papers came out.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from contextlib import suppress

from virtual_printer import VirtualPrinter

HOST = "127.0.0.1"
CHUNK = 65_536
WAIT_SECONDS = 20
ONE_TOO_MANY_SECONDS = 0.5
"""Long enough for a paper that should not come."""
QUESTION, QUESTION_BYTES = b"\x10\x04", 3
"""`DLE EOT n` asks how the printer is: no part of a ticket."""


class Porch:
    """Listens before a printer, and notes when something to print arrives."""

    def __init__(self, printer: VirtualPrinter) -> None:
        self._printer = printer
        self._first_bytes: list[float] = []
        self._came = threading.Condition()
        self._listening = socket.create_server((HOST, 0))

    @property
    def port(self) -> int:
        """Where the kiosk finds its printer."""
        return int(self._listening.getsockname()[1])

    def serve(self) -> None:
        """One visitor after the other, as the printer takes them."""
        while True:
            visitor, _ = self._listening.accept()
            with visitor, socket.create_connection(self._printer.address) as printer:
                for each in (visitor, printer):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                back = threading.Thread(target=_carry, args=(printer, visitor), daemon=True)
                back.start()
                self._let_in(visitor, printer)
                back.join()

    def first_bytes(self, count: int) -> list[float]:
        """Of all tickets so far, once they are `count`; fewer when they do not come."""
        with self._came:
            self._came.wait_for(lambda: len(self._first_bytes) >= count, WAIT_SECONDS)
            return list(self._first_bytes)

    def papers(self, count: int) -> int:
        """How many came out, `count` of them being expected."""
        with suppress(TimeoutError):
            self._printer.wait_for_papers(count, WAIT_SECONDS)
        time.sleep(ONE_TOO_MANY_SECONDS)
        papers = self._printer.papers
        return papers[-1].number if papers else 0

    def _let_in(self, visitor: socket.socket, printer: socket.socket) -> None:
        has_begun = False
        head = b""
        while chunk := _received(visitor):
            if not has_begun:
                came_at = time.monotonic()
                head = _without_questions(head + chunk)
                has_begun = bool(head) and head != QUESTION[: len(head)]
                if has_begun:
                    with self._came:
                        self._first_bytes.append(came_at)
                        self._came.notify_all()
            printer.sendall(chunk)
        printer.shutdown(socket.SHUT_WR)


def _without_questions(head: bytes) -> bytes:
    while head.startswith(QUESTION) and len(head) >= QUESTION_BYTES:
        head = head[QUESTION_BYTES:]
    return head


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := _received(source):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # who asked has left: nobody waits for the answer


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(CHUNK)
    except ConnectionError:
        return b""


def main() -> None:
    """Serve until standard input ends."""
    with VirtualPrinter() as printer:
        porch = Porch(printer)
        threading.Thread(target=porch.serve, daemon=True).start()
        print(json.dumps({"port": porch.port}), flush=True)
        for line in sys.stdin:
            order = json.loads(line)
            do = {"first bytes": porch.first_bytes, "papers": porch.papers}[order["do"]]
            print(json.dumps(do(order["count"])), flush=True)


if __name__ == "__main__":
    main()
