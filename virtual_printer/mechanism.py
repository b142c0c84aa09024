"""Roll, head and blade of the one device: keeps what it was sent while it cannot print, and goes on when it can."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from virtual_printer.conduct import BUFFER_BYTES, Conduct
from virtual_printer.decoder import Decoder
from virtual_printer.paper import Ending, Paper
from virtual_printer.status import Condition


class Mechanism:
    """Shared by the threads of connections, of the page and of whoever switches faults."""

    def __init__(self, width_dots: int, keep: Callable[[Paper], None]) -> None:
        self._decoder = Decoder(width_dots, mechanics=self)
        self._keep = keep
        self._lock = threading.RLock()
        self._conduct = Conduct()
        self._is_jammed = False
        self._roll_ends_at: int | None = None
        self._drain_from = (0.0, 0)
        self._is_left = False

    @property
    def conduct(self) -> Conduct:
        with self._lock:
            return self._conduct

    @property
    def condition(self) -> Condition:
        with self._lock:
            conduct = self._conduct
            return Condition(
                paper_near_end=conduct.near_end,
                paper_end=self._is_roll_empty(),
                cover_open=conduct.cover_open,
                cutter_error=self._is_jammed,
                overheated=conduct.overheated,
                offline=conduct.offline,
            )

    def behave(self, conduct: Conduct) -> None:
        """Break, or be mended, and print what was held."""
        with self._lock:
            if self._is_roll_empty() and conduct.rows_left != 0:
                self._emit(self._decoder.take_off(Ending.RAN_OUT))
            if self._is_jammed and not conduct.cutter_jammed:
                self._switch_off_and_on()
            self._conduct = conduct
            printed = self._decoder.rows_printed
            self._roll_ends_at = None if conduct.rows_left is None else printed + conduct.rows_left
            self._drain_from = (time.monotonic(), self._decoder.bytes_worked)
        self.work()

    def room(self) -> int:
        """How many bytes the buffer still takes."""
        with self._lock:
            return max(0, BUFFER_BYTES - self._decoder.bytes_held)

    def receive(self, data: bytes) -> None:
        """Put bytes behind those that wait."""
        with self._lock:
            self._is_left = False
            self._emit(self._decoder.feed(data))

    def work(self) -> None:
        """Go on with what waits, as far as the printer can just now."""
        with self._lock:
            self._emit(self._decoder.feed(b""))
            if self._is_left and not self.condition.is_stopped and not self._drains():
                self._is_left = False
                self._emit(self._decoder.hang_up())

    def leave(self) -> None:
        """The sender is gone: what hangs out uncut is torn off, once all it sent was printed."""
        with self._lock:
            self._is_left = True
        self.work()

    def take_requests(self) -> list[bytes]:
        """The requests whose turn has come since the last time."""
        with self._lock:
            return self._decoder.take_requests()

    def is_idle(self) -> bool:
        """Whether nothing waits that could be printed now."""
        with self._lock:
            return not self._drains()

    # ------------------------------------------------------------ asked by the decoder

    def may_go(self) -> bool:
        """Whether head and motor run."""
        if self.condition.is_stopped:
            return False
        rate = self._conduct.drain_bytes_a_second
        if rate is None:
            return True
        since, worked = self._drain_from
        return self._decoder.bytes_worked - worked < (time.monotonic() - since) * rate

    def cut(self) -> bool:
        """Whether the blade went through."""
        self._is_jammed = self._conduct.cutter_jammed
        return not self._is_jammed

    # ------------------------------------------------------------

    def _drains(self) -> bool:
        """A slow printer has still to print what it holds."""
        is_slow = self._conduct.drain_bytes_a_second is not None
        return is_slow and self._decoder.bytes_held > 0 and not self.condition.is_stopped

    def _is_roll_empty(self) -> bool:
        return self._roll_ends_at is not None and self._decoder.rows_printed >= self._roll_ends_at

    def _switch_off_and_on(self) -> None:
        self._is_jammed = False
        self._emit(self._decoder.hang_up())

    def _emit(self, papers: list[Paper]) -> None:
        for paper in papers:
            self._keep(paper)
