"""The printer on its port: one sender at a time, as on paper."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from virtual_printer.decoder import Decoder
from virtual_printer.page_server import PageServer
from virtual_printer.paper import Paper
from virtual_printer.status import answer
from virtual_printer.tray import PrintedPaper, Tray

PRINTER_PORT = 9100
PAGE_PORT = 9101
IDLE_SECONDS_MAX = 30.0  # a silent sender must not keep the others waiting for ever
STOP_POLL_SECONDS = 0.1
RECEIVE_BYTES = 65_536


def utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 -- this package stands alone: it cannot use server/clock.py


class VirtualPrinter:
    """A TCP printer and, unless `page_port` is None, its page. Port 0 takes any free port."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        page_port: int | None = None,
        width_dots: int = 576,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._wanted = (host, port)
        self._page_port = page_port
        self._width_dots = width_dots
        self._now = now
        self._tray = Tray()
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._page: PageServer | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; only while it runs."""
        assert self._listener is not None, "not started"
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    @property
    def page_address(self) -> str | None:
        """The page's URL; None without a page."""
        return None if self._page is None else self._page.address

    @property
    def papers(self) -> list[PrintedPaper]:
        """The last papers, oldest first."""
        return self._tray.papers

    def wait_for_papers(self, count: int, timeout_seconds: float = 5.0) -> list[PrintedPaper]:
        """The papers once `count` were printed since the start. Raises TimeoutError."""
        if not self._tray.wait_for_number(count, timeout_seconds):
            message = f"{len(self.papers)} of {count} papers after {timeout_seconds} s"
            raise TimeoutError(message)
        return self.papers

    def start(self) -> None:
        """Listen; raises OSError when a port is taken."""
        assert self._listener is None, "already started"
        self._listener = socket.create_server(self._wanted)
        self._listener.settimeout(STOP_POLL_SECONDS)
        try:
            if self._page_port is not None:
                self._page = PageServer(self._tray, self._wanted[0], self._page_port)
                self._page.start()
        except OSError:
            self._listener.close()
            raise
        self._thread = threading.Thread(
            target=self._serve, args=(self._listener,), name="virtual-printer"
        )
        self._thread.start()

    def stop(self) -> None:
        """End every connection and thread; papers stay."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._listener is not None:
            self._listener.close()
        if self._page is not None:
            self._page.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _serve(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                self._print_from(connection)

    def _print_from(self, connection: socket.socket) -> None:
        decoder = Decoder(self._width_dots)
        connection.settimeout(STOP_POLL_SECONDS)
        idle_seconds = 0.0
        while not self._stopping.is_set() and idle_seconds < IDLE_SECONDS_MAX:
            try:
                data = connection.recv(RECEIVE_BYTES)
            except TimeoutError:
                idle_seconds += STOP_POLL_SECONDS
                continue
            except OSError:
                break
            if not data:
                break
            idle_seconds = 0.0
            self._keep(decoder.feed(data))
            with suppress(OSError):  # a sender that does not want its answer
                connection.sendall(b"".join(map(answer, decoder.take_requests())))
        self._keep(decoder.hang_up())

    def _keep(self, papers: list[Paper]) -> None:
        for paper in papers:
            self._tray.add(paper, self._now())
