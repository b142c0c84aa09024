"""Boards and calls for the tests of the display's program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.wire import BoardCall, BoardView, BranchCard, ServiceTile
from server.wire_displays import DisplayOrders, DisplaySettings, DisplayState

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CARD = BranchCard(
    slug="berkane",
    names={"ar": "جماعة بركان", "fr": "Commune de Berkane"},
    languages=("ar", "fr", "zgh", "en"),
    zone="Africa/Casablanca",
    accent="#0f5c5c",
)


def call(
    label: str,
    desk: int = 1,
    *,
    at: float = 0.0,
    calls: int = 1,
    state: str = "called",
    service: str = "civil",
    noon: datetime = NOON,
) -> BoardCall:
    """Called `at` seconds after noon."""
    return BoardCall(
        label=label,
        desk=desk,
        service=service,
        letter=label[:1],
        names={"ar": "الحالة المدنية", "fr": "État civil"},
        calls=calls,
        called_at=noon + timedelta(seconds=at),
        state=state,
    )


def board(seq: int, *calls: BoardCall, at: float = 0.0, waiting: int = 2) -> BoardView:
    """As the server sends it: the newest call first."""
    newest_first = sorted(calls, key=lambda each: each.called_at, reverse=True)
    line = ServiceTile(
        code="civil",
        letter="A",
        names={"ar": "الحالة المدنية", "fr": "État civil"},
        documents={},
        icon="users",
        is_open=True,
        waiting=waiting,
        wait=None,
    )
    return BoardView(
        branch=CARD,
        seq=seq,
        at=NOON + timedelta(seconds=at),
        is_open=True,
        opens_at=None,
        calls=tuple(newest_first[:8]),
        lines=(line,),
    )


def state(
    device: int = 1,
    *,
    settings: DisplaySettings | None = None,
    orders: DisplayOrders | None = None,
    leader: int | None = None,
) -> DisplayState:
    """What the server says of a display."""
    return DisplayState(
        device=device,
        name=f"Hall {device}",
        settings=settings or DisplaySettings(),
        orders=orders or DisplayOrders(),
        leader=leader,
    )


class Moving:
    """A clock that a test moves: steady seconds, and the server's time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def steady(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
