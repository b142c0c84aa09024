"""The tray that papers fall into: the last fifty, and a way to wait for the next."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from virtual_printer.paper import Paper

PAPERS_KEPT_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPaper:
    """A paper with its number since the printer started, from 1, and when it was finished (UTC)."""

    number: int
    printed_at: datetime
    paper: Paper


class Tray:
    """Shared by the threads of the printer and of its page."""

    def __init__(self) -> None:
        self._papers: deque[PrintedPaper] = deque(maxlen=PAPERS_KEPT_MAX)
        self._count = 0
        self._changed = threading.Condition()

    def add(self, paper: Paper, printed_at: datetime) -> None:
        with self._changed:
            self._count += 1
            self._papers.append(
                PrintedPaper(number=self._count, printed_at=printed_at, paper=paper)
            )
            self._changed.notify_all()

    @property
    def papers(self) -> list[PrintedPaper]:
        """Oldest first."""
        with self._changed:
            return list(self._papers)

    def wait_for_number(self, number: int, timeout_seconds: float) -> bool:
        """Whether a paper of this number was printed, by now or within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count >= number, timeout_seconds)
