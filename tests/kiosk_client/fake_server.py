"""A server that keeps the devices' contract over real HTTP, in memory, and fails as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from server.domain.hours import ALWAYS_OPEN, Hours, hours_values
from server.wire import BranchCard, KioskView, ServiceTile, TicketAnswer, TicketView
from server.wire_devices import (
    Block,
    BlocksAnswer,
    CatalogueService,
    ClaimAnswer,
    DeviceCatalogue,
    DeviceReport,
    KeptTicket,
    OfflineTicket,
    PairingAnswer,
    ReportAnswer,
    ScanAnswer,
    UploadAnswer,
)
from tests.builders import CASABLANCA

TOKEN = "nouba_" + "0" * 64
BRANCH = "berkane"
SERVICES = {"civil": "A", "legal": "B"}
CARD = BranchCard(
    slug=BRANCH,
    names={"ar": "جماعة بركان", "fr": "Commune de Berkane"},
    languages=("ar", "fr", "zgh", "en"),
    zone="Africa/Casablanca",
    accent="#0f5c5c",
)


class Gone(Exception):
    """Hang up without an answer."""


@dataclass(slots=True)
class Town:
    """What the server knows, and how it misbehaves."""

    block_size: int = 50
    now: datetime | None = None
    """None is the machine's clock."""
    hang_seconds: float = 0.0
    lose_replies: bool = False
    """Everything is done, and the answer lost."""
    revoked: bool = False
    portal: bool = False
    """Something before the server asks for a password of its own."""
    refuse: str = ""
    """The code with which every tap is refused."""
    refuse_uploads: bool = False
    unwanted: int = 0
    """This number is refused, each time by itself."""
    unreadable: int = 0
    """A request with this number is refused as a whole."""
    version: str = "v1"
    hours: Hours = field(default_factory=lambda: Hours(zone=CASABLANCA, rules=ALWAYS_OPEN))
    seq: int = 1
    last: Counter[str] = field(default_factory=Counter)
    issued: dict[str, TicketAnswer] = field(default_factory=dict)
    """Online tickets by key."""
    kept: dict[str, OfflineTicket] = field(default_factory=dict)
    """Offline tickets by key, in the order of their upload."""
    batches: list[tuple[str, int]] = field(default_factory=list)
    reports: list[DeviceReport] = field(default_factory=list)
    papers: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    leases: Counter[date] = field(default_factory=Counter)
    accepted: bool = False
    requests: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def time(self) -> datetime:
        return self.now or datetime.now(UTC)

    def labels(self) -> list[str]:
        """Every number that the server holds; those of one lost request count once."""
        online = [answer.label for key, answer in self.issued.items() if key not in self.kept]
        offline = [f"{SERVICES[t.service]}{t.number:03d}" for t in self.kept.values()]
        return online + offline


class FakeServer:
    """Listens on a free port while the block runs; `stop` and `start` are a cable pulled and put back."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._server = self._listen(0)
        self.port = int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = self._listen(self.port)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for handler in list(self._server.open_handlers):
            handler.hang_up()

    def _listen(self, port: int) -> _Listening:
        server = _Listening(("127.0.0.1", port), _Handler)
        server.town = self.town
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server


@contextmanager
def fake_server(town: Town | None = None) -> Iterator[FakeServer]:
    """A fake that ends with the block."""
    server = FakeServer(town or Town())
    yield server
    server.stop()


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *arguments: Any) -> None:
        self.town = Town()
        self.open_handlers: set[_Handler] = set()
        super().__init__(*arguments)

    def handle_error(self, *_: Any) -> None:
        """A kiosk that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listening

    def setup(self) -> None:
        super().setup()
        self.server.open_handlers.add(self)

    def finish(self) -> None:
        self.server.open_handlers.discard(self)
        super().finish()

    def hang_up(self) -> None:
        with suppress_os_errors():
            self.connection.shutdown(2)

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        town = self.server.town
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        path = self.path.removeprefix("/api/v1")
        town.requests[path] += 1
        if town.hang_seconds:
            time.sleep(town.hang_seconds)
        if town.portal:
            self._send(401, {"code": "unauthenticated"}, kind="text/html")
            return
        public = path.startswith("/pairings")
        is_ours = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if not public and (town.revoked or not is_ours):
            self._send(401, {"code": "unauthenticated"})
            return
        key = self.headers.get("Idempotency-Key") or ""
        assert method == "GET" or key, "a changing request has a key"
        with town.lock:
            status, value, etag = _decide(town, path, body, key, self.headers)
        if town.lose_replies:
            self.close_connection = True
            self.hang_up()
            return
        self._send(status, value, etag)

    def _send(
        self, status: int, value: object, etag: str = "", kind: str = "application/problem+json"
    ) -> None:
        raw = b"" if value is None else msgspec.json.encode(value)
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        if status >= 400:
            self.send_header("Content-Type", kind)
        self.send_header("Nouba-Time", self.server.town.time().isoformat())
        if etag:
            self.send_header("ETag", f'"{etag}"')
        self.end_headers()
        self.wfile.write(raw)


@contextmanager
def suppress_os_errors() -> Iterator[None]:
    """A connection may be gone already."""
    try:
        yield
    except OSError:
        return


def _decide(town: Town, path: str, body: Any, key: str, headers: Any) -> tuple[int, object, str]:
    known = (headers.get("If-None-Match") or "").strip('"')
    match path:
        case "/pairings":
            expires = town.time() + timedelta(minutes=10)
            return 201, PairingAnswer(code="123456", claim="claim", expires_at=expires), ""
        case "/pairings/claims":
            return _claim(town, body)
        case "/device/catalogue":
            if known == town.version:
                return 304, None, known
            return 200, catalogue(town), town.version
        case "/device/blocks":
            return 200, _blocks(town, date.fromisoformat(body["day"])), ""
        case "/device/tickets":
            return _upload(town, body, key)
        case "/device/reports":
            town.reports.append(msgspec.convert(body, DeviceReport))
            answer = ReportAnswer(seq=town.seq, at=town.time(), catalogue_version=town.version)
            return 200, answer, ""
        case "/device/scans":
            return _scan(town, body)
        case "/device/papers":
            town.papers[body["ticket"]] = (body["state"], body.get("reason"))
            return 200, {}, ""
        case _ if path == f"/branches/{BRANCH}/views/kiosk":
            if known == str(town.seq):
                return 304, None, known
            return 200, _view(town), str(town.seq)
        case _ if path == f"/branches/{BRANCH}/tickets":
            return _issue(town, body, key)
        case _:
            return 404, {"code": "not_found"}, ""


def _claim(town: Town, body: Any) -> tuple[int, object, str]:
    if body["claim"] != "claim":
        return 410, {"code": "pairing_expired"}, ""
    if not town.accepted:
        return 200, ClaimAnswer(state="waiting"), ""
    answer = ClaimAnswer(state="accepted", token=TOKEN, branch=BRANCH, device=7, name="entrance")
    return 200, answer, ""


def catalogue(town: Town) -> DeviceCatalogue:
    """The branch as a kiosk keeps it."""
    return DeviceCatalogue(
        version=town.version,
        at=town.time(),
        branch=CARD,
        hours=hours_values(town.hours),
        priority_head_start_seconds=1800,
        public_url="http://nouba.test",
        services=tuple(
            CatalogueService(
                id=index,
                code=code,
                letter=letter,
                names={"fr": f"Service {letter}", "ar": f"مصلحة {letter}"},
                documents={"fr": ("Livret de famille",)},
                icon="file-text",
                position=index,
                is_open=True,
            )
            for index, (code, letter) in enumerate(SERVICES.items())
        ),
    )


def _blocks(town: Town, day: date) -> BlocksAnswer:
    """As the server: a block for each service, and another below once three quarters were brought."""
    town.leases[day] += 1
    size, blocks = town.block_size, []
    for code in SERVICES:
        brought = sum(each.service == code and each.day == day for each in town.kept.values())
        tops = (999,) if 4 * (size - brought) >= size else (999, 999 - size)
        blocks += [Block(service=code, day=day, first=top + 1 - size, last=top) for top in tops]
    return BlocksAnswer(blocks=tuple(blocks), at=town.time())


def _upload(town: Town, body: Any, key: str) -> tuple[int, object, str]:
    town.batches.append((key, len(body["tickets"])))
    numbers = {ticket["number"] for ticket in body["tickets"]}
    if town.refuse_uploads or town.unreadable in numbers:
        return 422, {"code": "invalid", "detail": "no"}, ""
    results = []
    for ticket in msgspec.convert(body["tickets"], list[OfflineTicket]):
        if ticket.number == town.unwanted:
            results.append({"key": ticket.key, "outcome": "refused", "code": "number_taken"})
            continue
        outcome = "already" if ticket.key in town.kept else "kept"
        assert town.kept.setdefault(ticket.key, ticket) == ticket, "a key is one ticket for ever"
        results.append({"key": ticket.key, "outcome": outcome})
        town.seq += 1
    answer = UploadAnswer(
        results=tuple(msgspec.convert(results, list[KeptTicket])), seq=town.seq, at=town.time()
    )
    return 200, answer, ""


def _scan(town: Town, body: Any) -> tuple[int, object, str]:
    for answer in town.issued.values():
        if answer.secret == body["secret"]:
            seen = ScanAnswer(
                ticket=_ticket_view(town, answer), can_be_reinstated=False, was_reinstated=False
            )
            return 200, seen, ""
    return 404, {"code": "unknown_ticket", "detail": "no such ticket"}, ""


def _ticket_view(town: Town, answer: TicketAnswer) -> TicketView:
    return TicketView(
        branch=CARD,
        seq=town.seq,
        at=town.time(),
        label=answer.label,
        state=answer.state,
        language=answer.language,
        service=answer.service,
        names={},
        documents=(),
        ahead=0,
        wait=None,
        desk=None,
        calls=0,
        called_at=None,
        issued_at=answer.issued_at,
    )


def _issue(town: Town, body: Any, key: str) -> tuple[int, object, str]:
    if town.refuse:
        return 409, {"code": town.refuse, "detail": "no"}, ""
    if key in town.issued:
        return 200, town.issued[key], ""
    code = body["service"]
    town.last[code] += 1
    town.seq += 1
    number, serial = town.last[code], len(town.issued)
    answer = TicketAnswer(
        id=f"{serial:026d}",
        label=f"{SERVICES[code]}{number:03d}",
        state="waiting",
        service=code,
        ticket_class=body["class"],
        language=body["language"],
        desk=None,
        issued_at=town.time(),
        called_at=None,
        seq=town.seq,
        ahead=number - 1,
        secret=f"S{serial:012d}",
        url=f"HTTP://NOUBA.TEST/T/S{serial:012d}",
    )
    town.issued[key] = answer
    return 201, answer, ""


def _view(town: Town) -> KioskView:
    return KioskView(
        branch=CARD,
        seq=town.seq,
        at=town.time(),
        is_open=True,
        opens_at=None,
        services=tuple(
            ServiceTile(
                code=code,
                letter=letter,
                names={"fr": f"Service {letter}"},
                documents={},
                icon="file-text",
                is_open=True,
                waiting=town.last[code],
                wait=None,
            )
            for code, letter in SERVICES.items()
        ),
    )
