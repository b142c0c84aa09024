"""Device files with the virtual printer behind them: what a USB driver or a serial port is to the server."""

from __future__ import annotations

import os
import select
import socket
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from virtual_printer import VirtualPrinter

READ_BYTES = 1_024
POLL_MILLISECONDS = 100


@contextmanager
def terminal_to(printer: VirtualPrinter) -> Iterator[Path]:
    """The path of a terminal that carries bytes to a printer and its answers back."""
    master, slave = os.openpty()
    tty.setraw(slave)
    stopping = threading.Event()
    with socket.create_connection(printer.address, 5) as connection:
        thread = threading.Thread(target=_carry, args=(master, connection, stopping))
        thread.start()
        try:
            yield Path(os.ttyname(slave))
        finally:
            stopping.set()
            connection.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            os.close(master)
            os.close(slave)
            assert not thread.is_alive()


def _carry(master: int, connection: socket.socket, stopping: threading.Event) -> None:
    poll = select.poll()
    poll.register(master, select.POLLIN)
    poll.register(connection, select.POLLIN)
    while not stopping.is_set():
        for ready, _ in poll.poll(POLL_MILLISECONDS):
            try:
                if ready == master:
                    connection.sendall(os.read(master, READ_BYTES))
                elif data := connection.recv(READ_BYTES):
                    os.write(master, data)
            except OSError:  # the printer was switched off
                return
