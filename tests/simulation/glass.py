"""What of a board can be right or wrong, in the place of the server's template, and the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping

from display_client.news import News
from server.wire import BoardView
from server.wire_displays import call_key


def painted(view: BoardView) -> str:
    """In the place of the template: what of the board can be right or wrong."""
    return repr(facts(view))


def facts(view: BoardView) -> Mapping[str, object]:
    """All that the board says but the time at which it was read, and waits, which pass by themselves."""
    return {
        "seq": view.seq,
        "calls": [(call_key(each), each.desk, each.state) for each in view.calls],
        "waiting": [(each.code, each.waiting) for each in view.lines],
    }


class Page:
    """The page on the glass: asks its program for news as a browser does, paints them, says what it has painted."""

    def __init__(self) -> None:
        self.shown: set[int] = set()
        """Every seq that was ever on the glass."""
        self.seq: int | None = None
        self.html = ""
        self._number = -1

    def turn(self, news: News) -> None:
        """One question, and what follows from the answer."""
        told = news.for_page(
            after=self._number, painted=self.acknowledged(), wait_seconds=0.0, version=str
        )
        self._number = told["number"]
        if told["view"] is not None:
            self.seq, self.html = told["view"]["seq"], told["view"]["html"]
            self.shown.add(told["view"]["seq"])

    def acknowledged(self) -> int | None:
        """What it says that it has painted."""
        return self.seq
