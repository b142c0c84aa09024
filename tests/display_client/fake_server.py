"""A server of one board that keeps the displays' contract over real HTTP and Socket.IO, and fails as it is told to."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
from flask import Flask, Response, abort, redirect, request
from flask_socketio import SocketIO, join_room
from werkzeug.serving import BaseWSGIServer, make_server

from server.domain import speech as rules
from server.domain.displays import room_of
from server.domain.ids import DeviceId
from server.domain.look import look_of_settings
from server.domain.speech import Speech
from server.voice import sound
from server.wire import BoardCall, BoardView
from server.wire_devices import DeviceReport, ReportAnswer
from server.wire_displays import DisplayOrders, DisplayState, SpeechAnswer, SpeechStep
from tests.display_client.builders import board, state

BRANCH = "berkane"
PULSE_SECONDS = 0.5
HALL = "hall"


def token_of(device: int) -> str:
    """What the display `device` is paired with."""
    return f"nouba_{device:064d}"


@dataclass(slots=True)
class Town:
    """What the server knows, and how it misbehaves."""

    seq: int = 1
    calls: list[BoardCall] = field(default_factory=list)
    notice: str = ""
    """Comes by the clock alone: no seq, no push, and the ETag is the same."""
    is_open: bool = True
    states: dict[int, DisplayState] = field(default_factory=dict)
    speech: dict[tuple[str, str], Speech] = field(default_factory=dict)
    """By room and call, as the server's table."""
    said: list[tuple[int, str]] = field(default_factory=list)
    reports: list[tuple[int, DeviceReport]] = field(default_factory=list)
    answered: dict[str, SpeechAnswer] = field(default_factory=dict)
    revoked: bool = False
    portal: bool = False
    """Something before the server answers everything with a page of its own."""
    lose_pushes: bool = False
    voices: tuple[str, ...] = ("ar", "fr")
    sentence_seconds: float = 0.3
    render_seconds: float = 0.0
    """How long each sentence takes the server."""
    clock_ahead: timedelta = timedelta(0)
    """The server's time, against this machine's."""
    page: str = "<script src='/static/js/board.js?v=1'></script>"
    lock: threading.RLock = field(default_factory=threading.RLock)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock_ahead

    def view(self) -> BoardView:
        return replace(board(self.seq, *self.calls), at=self.now(), is_open=self.is_open)

    def html(self) -> str:
        labels = " ".join(f"{each.label}:{each.state}" for each in self.calls)
        return f'<main id="view" data-seq="{self.seq}">{labels}{self.notice}</main>'

    def state(self, device: int) -> DisplayState:
        return replace(self._told(device), leader=self.leader(self.room(device)))

    def _told(self, device: int) -> DisplayState:
        return self.states.get(device, state(device))

    def room(self, device: int) -> str:
        """Where a display stands."""
        return room_of(DeviceId(device), self._told(device).settings)

    def leader(self, room: str) -> DeviceId | None:
        """Who spoke last there."""
        here = [each for (place, _), each in self.speech.items() if place == room]
        return max(here, key=lambda each: each.begun_at).device if here else None

    def speak(self, device: int, call: str, step: SpeechStep) -> SpeechAnswer:
        """As `server.actions.displays.speak`, with its rules and without its database."""
        asks, now, room = DeviceId(device), self.now(), self.room(device)
        if self._told(device).settings.is_silent:
            return rules.may_not(self.leader(room))
        before = self.speech.get((room, call))
        others = [
            each
            for (place, key), each in self.speech.items()
            if place == room and key != call and rules.is_in_the_way(each, asks, now)
        ]
        other = max(others, key=lambda each: each.until) if others else None
        after = rules.decided(before, device=asks, step=step, now=now, other=other)
        if after is not None:
            self.speech[room, call] = after
            if after.said_at is not None and (before is None or before.said_at is None):
                self.said.append((device, call))
        leader = self.leader(room)
        return rules.answer(after, device=asks, now=now, leader=leader, other=other)


class FakeServer:
    """Listens on a free port; `stop` and `start` are a server that goes away and comes back."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._app = Flask("fake_nouba", static_folder=None)
        self._io = SocketIO(self._app, async_mode="threading", cors_allowed_origins="*")
        self._routes()
        self._server: BaseWSGIServer | None = None
        self._stopped = threading.Event()
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self.port, self._app, threaded=True)
        self.port = int(self._server.port)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self._stopped = threading.Event()
        threading.Thread(target=self._pulses, args=(self._stopped,), daemon=True).start()

    def stop(self) -> None:
        """Gone: nobody listens, and every socket is hung up."""
        assert self._server is not None, "it was started"
        self._stopped.set()
        server = cast(Any, self._io).server
        for sid in [each for each, _ in server.manager.get_participants("/", None)]:
            server.disconnect(sid)
        self._server.shutdown()
        self._server.server_close()
        self._server = None

    # ------------------------------------------------------------ what happens in the hall

    def call(self, label: str, desk: int = 1, **how: Any) -> str:
        """Call a ticket now; returns the key."""
        from server.wire_displays import call_key
        from tests.display_client.builders import call as called

        with self.town.lock:
            calls = how.pop("calls", 1)
            now = self.town.now()
            fresh = replace(called(label, desk, calls=calls, **how), called_at=now)
            self.town.calls = [each for each in self.town.calls if each.label != label]
            self.town.calls = [fresh, *self.town.calls][:8]
            self.town.seq += 1
        self.push()
        return call_key(fresh)

    def answer(self, label: str, state: str = "serving") -> None:
        """The citizen has come."""
        with self.town.lock:
            self.town.calls = [
                replace(each, state=state) if each.label == label else each
                for each in self.town.calls
            ]
            self.town.seq += 1
        self.push()

    def order(self, device: int, **orders: int) -> None:
        """Staff ask a display for something."""
        known = self.town.state(device)
        self.settle(replace(known, orders=replace(DisplayOrders(), **orders)))

    def settle(self, new: DisplayState) -> None:
        """Staff change a display's settings."""
        self.town.states[new.device] = new
        self._io.emit("display", msgspec.to_builtins(new), to=f"display:{new.device}")

    def push(self) -> None:
        if not self.town.lose_pushes:
            self._io.emit("view", self._view(), to=HALL)
            self._io.emit("data", self._data(), to=HALL)

    def _view(self) -> dict[str, Any]:
        town = self.town
        return {"view": "board", "seq": town.seq, "at": _text(town.now()), "html": town.html()}

    def _data(self) -> dict[str, Any]:
        view = self.town.view()
        return {"seq": view.seq, "at": _text(view.at), "view": msgspec.to_builtins(view)}

    def _pulses(self, stopped: threading.Event) -> None:
        while not stopped.wait(PULSE_SECONDS):
            self._io.emit("pulse", {"seq": self.town.seq, "at": _text(self.town.now())}, to=HALL)

    # ------------------------------------------------------------ what it answers

    def _routes(self) -> None:
        app, town = self._app, self.town

        @app.before_request
        def captive() -> Response | None:
            if not town.portal:
                return None
            if request.path.startswith("/board"):
                return cast(Response, redirect("http://127.0.0.1/sign-in"))
            return Response("<h1>Buy an hour</h1>", content_type="text/html")

        @app.after_request
        def timed(answer: Response) -> Response:
            if not town.portal:
                answer.headers["Nouba-Time"] = _text(town.now())
            answer.headers["Strict-Transport-Security"] = "max-age=9"
            return answer

        @app.get(f"/board/{BRANCH}")
        def page() -> Response:
            etag = f'"{town.seq}-{zlib.crc32(f"{town.html()} {town.is_open}".encode())}"'
            if request.args.get("fragment") != "1":
                found = Response(town.page + town.html(), content_type="text/html")
                found.headers["Content-Security-Policy"] = "default-src 'self'"
                return found
            same = request.headers.get("If-None-Match") == etag
            found = Response(status=304) if same else Response(town.html())
            found.headers["ETag"], found.headers["X-Nouba-Seq"] = etag, str(town.seq)
            return found

        @app.get(f"/board/{BRANCH}/say/<language>.wav")
        def say(language: str) -> Response:
            if language != "chime" and language not in town.voices:
                abort(404)
            time.sleep(town.render_seconds)
            seconds = 0.1 if language == "chime" else town.sentence_seconds
            answer = Response(tone(seconds, town.voices, language), content_type="audio/wav")
            answer.headers["ETag"] = f'"{language}"'
            return answer

        @app.get("/static/<path:name>", endpoint="files")
        def files(name: str) -> Response:
            return Response(f"// {name}", content_type="text/javascript")

        @app.get(f"/api/v1/branches/{BRANCH}/views/board")
        def view() -> Response:
            if request.headers.get("If-None-Match") == f'"{town.seq}"':
                return Response(status=304)
            return _json(town.view())

        @app.get("/api/v1/branches/<name>/views/board", endpoint="unknown")
        def unknown(name: str) -> Response:
            problem = msgspec.json.encode({"code": "unknown_branch", "detail": name})
            return Response(problem, 404, content_type="application/problem+json")

        self._device_routes()
        self._io.on_event("watch", self._watch)

    def _device_routes(self) -> None:
        app, town = self._app, self.town

        @app.post("/api/v1/device/reports")
        def report() -> Response:
            device = self._device()
            town.reports.append((device, msgspec.json.decode(request.data, type=DeviceReport)))
            answer = ReportAnswer(
                seq=town.seq, at=town.now(), catalogue_version="1", display=town.state(device)
            )
            return _json(answer)

        @app.post("/api/v1/device/speech")
        def speech() -> Response:
            device, body = self._device(), request.get_json()
            key = request.headers["Idempotency-Key"]
            with town.lock:
                answer = town.answered.get(key) or town.speak(device, body["call"], body["step"])
                town.answered[key] = answer
            return _json(answer)

    def _watch(self, raw: dict[str, Any]) -> dict[str, Any]:
        device = self._device_of(raw["token"])
        if device is None:
            return {"ok": False, "code": "not_allowed"}
        join_room(HALL)
        join_room(f"display:{device}")
        told = self.town.state(device)
        assert look_of_settings(told.settings).query is not None
        return {
            "ok": True,
            "view": self._view(),
            "data": self._data(),
            "display": msgspec.to_builtins(told),
        }

    def _device_of(self, token: str) -> int | None:
        return None if self.town.revoked else int(token.removeprefix("nouba_"))

    def _device(self) -> int:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        device = self._device_of(token)
        if device is None:
            problem = msgspec.json.encode({"code": "unauthenticated"})
            abort(Response(problem, 401, content_type="application/problem+json"))
        return device


@contextmanager
def serving(town: Town | None = None) -> Iterator[FakeServer]:
    """A server that ends with the block."""
    server = FakeServer(town or Town())
    try:
        yield server
    finally:
        if server._server is not None:
            server.stop()


def tone(seconds: float, voices: tuple[str, ...], language: str) -> bytes:
    """As long as asked, and another pitch for each language: what was played can be told apart."""
    from array import array

    level = 3000 + 1000 * (voices.index(language) if language in voices else 9)
    count = round(seconds * sound.RATE)
    return sound.write(array("h", (level if n // 20 % 2 else -level for n in range(count))))


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), content_type="application/json")


def _text(moment: datetime) -> str:
    return moment.isoformat()
