"""The link to the server: one socket that hears every change, and knocking by HTTP while it is away.

The socket's thread watches and listens; the knocker's thread asks whenever something newer is known to exist or
nothing was heard. Both may bring the same thing twice, or late: `News` keeps the newest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec
import socketio
import structlog

from device_client.http import Away
from device_client.server import Heard, Revoked
from display_client.board import Painting
from display_client.news import News
from display_client.server import Server
from server.domain.errors import Refusal
from server.wire import BoardView
from server.wire_displays import DisplayState

CONNECT_SECONDS_MAX: Final = 2.0
"""An attempt without an answer: made while the network was away, it would hang long after it is back."""
ACK_SECONDS_MAX: Final = 5
SILENCE_SECONDS_MAX: Final = 5.0
"""Pulses come every two: without any, the socket only seems to be open, as after a pulled cable."""
AGAIN_SECONDS_MIN: Final = 0.25
AGAIN_SECONDS_MAX: Final = 0.8
SHUT_OUT_SECONDS: Final = 60.0
"""A token that the server does not know is tried again this much later."""
LOOK_SECONDS: Final = 0.1
KNOCK_SECONDS: Final = 0.8
"""A display that hears nothing knocks this often: it must be right within a second of the network's return."""
BEHIND_SECONDS: Final = 0.4
"""A push is left this long to come by itself before what it brings is fetched."""
WHOLE_SECONDS: Final = 60.0
"""What only time changes raises no seq and is not pushed: a board that is so old is asked for, as walls do."""
SPREAD_SECONDS: Final = 30.0
"""All displays hear the same push at once: each asks up to so much earlier than a minute after it."""
_GOLDEN: Final = (5**0.5 - 1) / 2
_NOT_ALLOWED: Final = frozenset({"not_allowed", "unauthenticated"})
_log = structlog.get_logger(__name__)


class Settling(Protocol):
    """Is told what the server says of this display (`reports.Orders`)."""

    def hear(self, state: DisplayState) -> None: ...


class Listening(Protocol):
    """Is told of the calls (`speech.Speaker`)."""

    def hear(self, view: BoardView) -> None: ...
    def forget(self) -> None: ...


class Ears:
    """Takes what comes, by whichever way, and hands it on. Any thread."""

    def __init__(self, news: News, speaker: Listening, orders: Settling) -> None:
        self._news = news
        self._speaker = speaker
        self._orders = orders
        self._order = threading.Lock()
        """Views reach the speaker in the order of their seq: to an older one, a newer call would seem withdrawn."""

    def painting(self, raw: Mapping[str, Any], look: str) -> None:
        """The message `view`."""
        with _understood("view"):
            self._news.hear_painting(
                Painting(seq=int(raw["seq"]), at=str(raw["at"]), html=str(raw["html"]), look=look)
            )

    def data(self, raw: Mapping[str, Any]) -> None:
        """The message `data`."""
        with _understood("data"):
            self.view(msgspec.convert(raw["view"], BoardView))

    def view(self, view: BoardView) -> None:
        """The board as data."""
        with self._order:
            if self._news.hear_view(view):
                self._speaker.hear(view)

    def display(self, raw: object) -> None:
        """The message `display`."""
        with _understood("display"):
            self._orders.hear(msgspec.convert(raw, DisplayState))

    def pulse(self, seq: int) -> None:
        """The server is there, and this is its seq."""
        with self._order:
            if self._news.hear_pulse(seq):
                _log.warning("another_database", seq=seq)
                self._speaker.forget()


class Socket:
    """One Socket.IO connection, kept up for ever. Start `run` in a thread of its own."""

    def __init__(
        self,
        address: str,
        token: str,
        news: News,
        ears: Ears,
        *,
        steady: Callable[[], float],
        server_said: Heard,
    ) -> None:
        """`server_said` sets the clock by the server's."""
        self._address = address
        self._token = token
        self._news = news
        self._ears = ears
        self._steady = steady
        self._server_said = server_said
        self._heard_at = 0.0
        self._is_live = False
        self._is_revoked = False
        self._problem = ""
        self._woken = threading.Event()
        self._stopping = threading.Event()

    @property
    def is_live(self) -> bool:
        """Whether pushes come: the ack of `watch` did, and pulses since."""
        return self._is_live and self._steady() - self._heard_at < SILENCE_SECONDS_MAX

    @property
    def is_revoked(self) -> bool:
        """Whether the server would not let this token watch."""
        return self._is_revoked

    def run(self) -> None:
        """Connection after connection until `stop`."""
        pause = AGAIN_SECONDS_MIN
        while not self._stopping.is_set():
            began = self._steady()
            try:
                self._connection()
            except Exception:
                _log.exception("socket_error")
            self._is_live = False
            lasted = self._steady() - began > SILENCE_SECONDS_MAX
            pause = AGAIN_SECONDS_MIN if lasted else min(pause * 2, AGAIN_SECONDS_MAX)
            self._woken.clear()
            self._woken.wait(SHUT_OUT_SECONDS if self._is_revoked else pause)

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()

    def try_again(self) -> None:
        """The token is good again: do not wait."""
        if self._is_revoked:
            self._is_revoked = False
            self._woken.set()

    def _connection(self) -> None:
        """Connect, watch, listen; returns when it is over."""
        client = socketio.Client(
            reconnection=False, request_timeout=CONNECT_SECONDS_MAX, handle_sigint=False
        )
        watched: dict[str, str] = {}
        self._listen(client, watched)
        try:
            client.connect(
                self._address, transports=["websocket"], wait_timeout=CONNECT_SECONDS_MAX
            )
            while not self._stopping.is_set() and self._watch(client, watched):
                if not self._stays(client, watched):
                    return
        except (socketio.exceptions.SocketIOError, OSError, ValueError) as error:
            self._note_problem(str(error) or type(error).__name__)
        finally:
            # To close properly may wait for a network that is gone: not in this thread.
            threading.Thread(target=_closed, args=(client,), daemon=True).start()

    def _note_problem(self, problem: str) -> None:
        """Once: an attempt a second fills the log of a night without a network."""
        if problem != self._problem:
            _log.info("no_socket", problem=problem)
        self._problem = problem

    def _listen(self, client: Any, watched: dict[str, str]) -> None:
        def heard(handle: Callable[[Any], None]) -> Callable[[Any], None]:
            def told(raw: Any) -> None:
                self._heard_at = self._steady()
                handle(raw)

            return told

        def pulse(raw: Any) -> None:
            with _understood("pulse"):
                self._ears.pulse(int(raw["seq"]))

        def painting(raw: Any) -> None:
            look = watched.get("look")
            if look is not None:  # before the ack it is not known which look it is
                self._ears.painting(raw, look)

        client.on("view", heard(painting))
        client.on("data", heard(self._ears.data))
        client.on("display", heard(self._ears.display))
        client.on("pulse", heard(pulse))

    def _watch(self, client: Any, watched: dict[str, str]) -> bool:
        """Whether the server let us in; what it says at once is the present."""
        asked = self._steady()
        ack = client.call(
            "watch", {"view": "display", "token": self._token}, timeout=ACK_SECONDS_MAX
        )
        answered = self._steady()
        if not isinstance(ack, Mapping) or not ack.get("ok"):
            code = ack.get("code") if isinstance(ack, Mapping) else None
            self._is_revoked = code in _NOT_ALLOWED
            _log.error("watch_refused", code=code)
            return False
        self._is_revoked = False
        self._heard_at = answered
        with _understood("watch"):
            at = datetime.fromisoformat(ack["data"]["at"])
            self._server_said(at, asked=asked, answered=answered)
        self._ears.display(ack.get("display"))
        # The settings that came with it say which look the room is of.
        watched["look"] = self._news.look
        self._ears.painting(ack.get("view") or {}, watched["look"])
        self._ears.data(ack.get("data") or {})
        self._is_live = True
        self._problem = ""
        _log.info("watching")
        return True

    def _stays(self, client: Any, watched: dict[str, str]) -> bool:
        """Wait while all is well. True: watch again, in the same connection."""
        while client.connected and not self._stopping.wait(LOOK_SECONDS):
            if self._steady() - self._heard_at >= SILENCE_SECONDS_MAX:
                _log.warning("socket_silent")
                return False
            if self._news.look != watched["look"]:
                return True
        return False


class Knocker:
    """Asks the server by HTTP for what the socket does not bring. Start `run` in a thread of its own."""

    def __init__(
        self,
        server: Server,
        socket: Socket,
        news: News,
        ears: Ears,
        *,
        steady: Callable[[], float],
        device: int = 0,
    ) -> None:
        """`device` says where in the minute this display asks."""
        self._server = server
        self._socket = socket
        self._news = news
        self._ears = ears
        self._steady = steady
        self._behind_since: float | None = None
        self._knocked_at = float("-inf")
        self._early_seconds = SPREAD_SECONDS * (device * _GOLDEN % 1)
        self._whole_at = steady() - self._early_seconds
        self._seen: Painting | None = None
        self._fetched: Painting | None = None
        self._is_data_stale = False
        """The fragment changed since the data were fetched, or they could not be."""
        self._stopping = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                if self._is_due():
                    self.knock()
            except Exception:
                _log.exception("knock_error")

    def stop(self) -> None:
        self._stopping.set()

    def knock(self) -> None:
        """Ask for both forms of the board; nothing happens while the server is away.

        After a minute the fragment is asked for by an ETag that knows more than the seq: whether the hall has closed, a
        notice has begun. The data's ETag does not, so they are fetched when the fragment has changed.
        """
        self._knocked_at = self._steady()
        look, known = self._news.look, self._news.seq
        is_whole = self._is_whole_due()
        if is_whole:
            self._whole_at = self._knocked_at
        asked = known if known >= 0 else None
        # An ETag says whether the board is as it was fetched: nothing of one that was pushed since.
        is_fetched = self._fetched is not None and self._news.painting == self._fetched
        try:
            painting = self._server.painting(look, asked if is_fetched or not is_whole else None)
            if painting is not None:
                # Heard before anything else is asked: its ETag must not outlive it.
                self._news.hear_painting(painting)
                self._fetched, self._seen = painting, self._news.painting
                self._is_data_stale = True
            view = self._server.view(None if self._is_data_stale else asked)
        except (Away, Revoked, Refusal) as problem:
            _log.debug("not_answered", problem=str(problem))
            return
        if view is not None:
            self._is_data_stale = False
            self._ears.view(view)
            if view.seq < self._news.seq:
                # An answer to a question of now: like a pulse, it says which seq the server has.
                self._ears.pulse(view.seq)
        if painting is None and view is None and known >= 0:
            self._news.unchanged(known)

    def _is_due(self) -> bool:
        now = self._steady()
        if not self._news.is_behind:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        since = now - self._knocked_at
        if self._behind_since is not None and now - self._behind_since >= BEHIND_SECONDS:
            return since >= BEHIND_SECONDS
        is_wanted = not self._socket.is_live or self._is_whole_due()
        return is_wanted and since >= KNOCK_SECONDS

    def _is_whole_due(self) -> bool:
        painting = self._news.painting
        if painting is not self._seen:
            # Pushed: as new as an answer would be, and heard by every display at this moment.
            self._seen = painting
            self._whole_at = self._steady() - self._early_seconds
        return self._steady() - self._whole_at >= WHOLE_SECONDS


def _closed(client: Any) -> None:
    with suppress(Exception):
        client.disconnect()


class _Understood:
    """What a newer server says in other words is logged, and the rest goes on."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> bool:
        if kind is None or not issubclass(
            kind, (KeyError, TypeError, ValueError, msgspec.ValidationError)
        ):
            return False
        _log.error("not_understood", what=self._what, problem=str(error))
        return True


_understood = _Understood
