"""The printer on its port: one sender at a time, as on paper."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from virtual_printer.conduct import Conduct
from virtual_printer.mechanism import Mechanism
from virtual_printer.page_server import PageServer
from virtual_printer.paper import Paper
from virtual_printer.tray import PrintedPaper, Tray
from virtual_printer.visit import Visit

PRINTER_PORT = 9100
PAGE_PORT = 9101
STOP_POLL_SECONDS = 0.1


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
        self._address = (host, port)
        self._page_port = page_port
        self._width_dots = width_dots
        self._now = now
        self._tray = Tray()
        self._mechanism = Mechanism(width_dots, self._keep)
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._page: PageServer | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; only while it runs."""
        assert self._thread is not None, "not started"
        return self._address

    @property
    def page_address(self) -> str | None:
        """The page's URL; None without a page."""
        return None if self._page is None else self._page.address

    @property
    def conduct(self) -> Conduct:
        """How it behaves."""
        return self._mechanism.conduct

    def behave(self, conduct: Conduct) -> None:
        """Fail like this from now on, until told otherwise; `behave(Conduct())` mends it."""
        self._mechanism.behave(conduct)

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
        assert self._thread is None, "already started"
        self._listener = self._listen()
        host, port = self._listener.getsockname()[:2]
        self._address = (str(host), int(port))
        try:
            if self._page_port is not None:
                self._page = PageServer(self._tray, self._mechanism, host, self._page_port)
                self._page.start()
        except OSError:
            self._listener.close()
            raise
        self._thread = threading.Thread(target=self._serve, name="virtual-printer")
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

    def _listen(self) -> socket.socket:
        listener = socket.create_server(self._address)
        listener.settimeout(STOP_POLL_SECONDS)
        return listener

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._mechanism.work()
            if self._mechanism.conduct.refuses:
                self._refuse()
            elif self._listener is None:
                self._listener = self._listen()
            else:
                self._serve_one(self._listener)

    def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._stopping.wait(STOP_POLL_SECONDS)

    def _serve_one(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            return
        with connection:
            Visit(connection, self._mechanism, self._width_dots, self._stopping).serve()

    def _keep(self, paper: Paper) -> None:
        self._tray.add(paper, self._now())
