"""What a kiosk asks of the server, in the words of `server/wire_devices.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import uuid4

import msgspec

from kiosk_client.clock import steady_seconds
from kiosk_client.http import Away, HttpClient, Reply
from server.domain import errors
from server.domain.errors import Refusal
from server.kiosk_house import Tap
from server.wire import KioskView, TicketAnswer
from server.wire_devices import (
    BlocksAnswer,
    ClaimAnswer,
    DeviceCatalogue,
    DeviceReport,
    OfflineTicket,
    PairingAnswer,
    ReportAnswer,
    ScanAnswer,
    UploadAnswer,
)

API: Final = "/api/v1"
TAP_TIMEOUT_SECONDS: Final = 1.5
"""How long a citizen waits for the server before the kiosk gives out a number by itself."""
POLL_TIMEOUT_SECONDS: Final = 4.0
UPLOAD_TIMEOUT_SECONDS: Final = 30.0
"""A batch of 100 tickets on a server that everybody comes back to at once."""
TIME_HEADER: Final = "nouba-time"
_UNAUTHENTICATED: Final = 401
_UNKNOWN_TOKEN: Final = "unauthenticated"  # noqa: S105 (the code of a problem)
_PROBLEM_TYPE: Final = "application/problem+json"

T = TypeVar("T")


class Revoked(Exception):
    """The server knows this token no more: an administrator has shut this kiosk out."""


class Heard(Protocol):
    """Is told of every answer of the server (`clock.KioskClock` and the link live on it)."""

    def __call__(self, at: datetime, *, asked: float, answered: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A ticket of the server's, and whether this request made it."""

    answer: TicketAnswer
    is_new: bool


class Server(Protocol):
    """Each method may raise Away (nothing is known), Revoked, or the server's own Refusal."""

    def issue(self, tap: Tap) -> Issued: ...
    def kiosk_view(self, known: int | None) -> KioskView | None: ...
    def catalogue(self, known: str | None) -> DeviceCatalogue | None: ...
    def blocks(self, day: date) -> BlocksAnswer: ...
    def upload(self, tickets: tuple[OfflineTicket, ...], key: str) -> UploadAnswer: ...
    def report(self, report: DeviceReport) -> ReportAnswer: ...
    def scan(self, secret: str, *, reinstate: bool) -> ScanAnswer: ...
    def paper(self, ticket: str, state: str, reason: str | None) -> None: ...


class HttpServer:
    """The real one. `token` is sent as a bearer's; an empty one asks the public addresses only."""

    def __init__(self, address: str, *, token: str, branch: str, heard: Heard) -> None:
        self._http = HttpClient(address, steady_seconds)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._branch = branch
        self._heard = heard

    def close(self) -> None:
        self._http.close()

    def issue(self, tap: Tap) -> Issued:
        """Raises ServiceClosed, BranchClosed, LineFull, UnknownService …"""
        body = {
            "service": tap.service,
            "class": tap.ticket_class.value,
            "language": tap.language.value,
        }
        reply = self._post(
            f"/branches/{self._branch}/tickets", body, key=tap.key, timeout=TAP_TIMEOUT_SECONDS
        )
        return Issued(answer=_read(reply, TicketAnswer), is_new=reply.status == 201)

    def kiosk_view(self, known: int | None) -> KioskView | None:
        """None when the version `known` is still true."""
        etag = None if known is None else str(known)
        reply = self._get(f"/branches/{self._branch}/views/kiosk", etag)
        return None if reply.status == 304 else _read(reply, KioskView)

    def catalogue(self, known: str | None) -> DeviceCatalogue | None:
        """None when the version `known` is still true."""
        reply = self._get("/device/catalogue", known)
        return None if reply.status == 304 else _read(reply, DeviceCatalogue)

    def blocks(self, day: date) -> BlocksAnswer:
        """The numbers leased to this kiosk on `day`; asked twice, they are the same."""
        return _read(self._post("/device/blocks", {"day": day}), BlocksAnswer)

    def upload(self, tickets: tuple[OfflineTicket, ...], key: str) -> UploadAnswer:
        """One transaction; each ticket is judged on its own."""
        body = {"tickets": tickets}
        reply = self._post("/device/tickets", body, key=key, timeout=UPLOAD_TIMEOUT_SECONDS)
        return _read(reply, UploadAnswer)

    def report(self, report: DeviceReport) -> ReportAnswer:
        return _read(self._post("/device/reports", report), ReportAnswer)

    def scan(self, secret: str, *, reinstate: bool) -> ScanAnswer:
        """Raises UnknownTicket, IllegalTransition."""
        body = {"secret": secret, "reinstate": reinstate}
        return _read(self._post("/device/scans", body), ScanAnswer)

    def paper(self, ticket: str, state: str, reason: str | None) -> None:
        """What became of a paper: `printed` or `not_printed`."""
        body = {"ticket": ticket, "state": state}
        self._post("/device/papers", body if reason is None else {**body, "reason": reason})

    # ------------------------------------------------------------ before there is a token

    def open_pairing(self, *, name: str, version: str) -> PairingAnswer:
        """A code for an administrator, and the claim that only this machine holds."""
        body = {"kind": "kiosk", "version": version}
        return _read(
            self._post("/pairings", {**body, "name": name} if name else body), PairingAnswer
        )

    def claim(self, claim: str) -> ClaimAnswer:
        """Whether the code was accepted. Raises Refusal with the code `pairing_expired`."""
        return _read(self._post("/pairings/claims", {"claim": claim}), ClaimAnswer)

    # ------------------------------------------------------------ the wire

    def _get(self, path: str, etag: str | None) -> Reply:
        headers = dict(self._headers)
        if etag is not None:
            headers["If-None-Match"] = f'"{etag}"'
        reply = self._http.send(
            "GET", API + path, headers=headers, timeout_seconds=POLL_TIMEOUT_SECONDS
        )
        return self._judged(reply)

    def _post(
        self,
        path: str,
        body: object,
        *,
        key: str | None = None,
        timeout: float = POLL_TIMEOUT_SECONDS,
    ) -> Reply:
        headers = {
            **self._headers,
            "Content-Type": "application/json",
            "Idempotency-Key": key or uuid4().hex,
        }
        raw = msgspec.json.encode(body)
        reply = self._http.send(
            "POST", API + path, headers=headers, body=raw, timeout_seconds=timeout
        )
        return self._judged(reply)

    def _judged(self, reply: Reply) -> Reply:
        self._note_time(reply)
        if reply.status in (200, 201, 204, 304):
            return reply
        if self._headers and _is_unknown_token(reply):
            raise Revoked
        raise _failure(reply)

    def _note_time(self, reply: Reply) -> None:
        said = reply.headers.get(TIME_HEADER)
        if said is None:
            return
        try:
            at = datetime.fromisoformat(said)
        except ValueError as error:
            raise Away(f"{TIME_HEADER}: no time") from error
        if at.tzinfo is None:
            raise Away(f"{TIME_HEADER}: without a zone")
        self._heard(at, asked=reply.asked, answered=reply.answered)


def _is_unknown_token(reply: Reply) -> bool:
    """The server's own words alone: a portal or proxy that asks for a password also says 401."""
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if reply.status != _UNAUTHENTICATED or kind != _PROBLEM_TYPE:
        return False
    try:
        return msgspec.json.decode(reply.body, type=dict[str, Any]).get("code") == _UNKNOWN_TOKEN
    except msgspec.DecodeError:
        return False


def _failure(reply: Reply) -> Exception:
    """The server's own refusal; anything else says only that it cannot be counted on now."""
    try:
        problem: Mapping[str, Any] = msgspec.json.decode(reply.body, type=dict[str, Any])
    except msgspec.DecodeError:
        return Away(f"answered {reply.status}")
    code = problem.get("code")
    # 401, 429 and 5xx are about the request or the server, not about what was asked for.
    if not isinstance(code, str) or reply.status not in (403, 404, 409, 410, 422):
        return Away(f"answered {reply.status} {code}")
    message = str(problem.get("detail", code))
    kind = _KINDS.get(code)
    return kind(message) if kind is not None else errors.Conflict(message, server_code=code)


def _plain_kinds(kind: type[Refusal]) -> dict[str, type[Refusal]]:
    found: dict[str, type[Refusal]] = {}
    for each in kind.__subclasses__():
        if not issubclass(each, errors.Invalid):  # those name a field, and share one code
            found[each.code] = each
        found |= _plain_kinds(each)
    return found


_KINDS: Final = _plain_kinds(Refusal)


def _read(reply: Reply, wanted: type[T]) -> T:
    try:
        return msgspec.json.decode(reply.body, type=wanted)
    except msgspec.DecodeError as error:
        raise Away(f"an answer that is no {wanted.__name__}: {error}") from error
