"""What every device asks of the server, and how answers are judged, in the words of `server/wire_devices.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import uuid4

import msgspec

from device_client.clock import steady_seconds
from device_client.http import Away, HttpClient, Reply
from server.domain import errors
from server.domain.errors import Refusal
from server.wire_devices import (
    ClaimAnswer,
    DeviceCatalogue,
    DeviceKind,
    DeviceReport,
    PairingAnswer,
    ReportAnswer,
)

API: Final = "/api/v1"
POLL_TIMEOUT_SECONDS: Final = 4.0
TIME_HEADER: Final = "nouba-time"
_UNAUTHENTICATED: Final = 401
_UNKNOWN_TOKEN: Final = "unauthenticated"  # noqa: S105 (the code of a problem)
_PROBLEM_TYPE: Final = "application/problem+json"

T = TypeVar("T")


class Revoked(Exception):
    """The server knows this token no more: an administrator has shut this device out."""


class Heard(Protocol):
    """Is told of every answer of the server (`clock.DeviceClock` and a program's link live on it)."""

    def __call__(self, at: datetime, *, asked: float, answered: float) -> None: ...


def deaf(at: datetime, *, asked: float, answered: float) -> None:
    """A `Heard` for whoever does not care what time it is at the server."""
    del at, asked, answered


class DeviceServer:
    """The base of a program's own. `token` is sent as a bearer's; an empty one asks the public addresses only.

    Each method may raise Away (nothing is known), Revoked, or the server's own Refusal.
    """

    def __init__(self, address: str, *, token: str, agent: str, heard: Heard) -> None:
        self._http = HttpClient(address, steady_seconds, agent=agent)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._heard = heard

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()

    def catalogue(self, known: str | None) -> DeviceCatalogue | None:
        """None when the version `known` is still true."""
        reply = self.get("/device/catalogue", known)
        return None if reply.status == 304 else read(reply, DeviceCatalogue)

    def report(self, report: DeviceReport) -> ReportAnswer:
        """Tell how this device is."""
        return read(self.post("/device/reports", report), ReportAnswer)

    # ------------------------------------------------------------ before there is a token

    def open_pairing(self, *, kind: DeviceKind, name: str, version: str) -> PairingAnswer:
        """A code for an administrator, and the claim that only this machine holds."""
        body = {"kind": kind, "version": version}
        return read(self.post("/pairings", {**body, "name": name} if name else body), PairingAnswer)

    def claim(self, claim: str) -> ClaimAnswer:
        """Whether the code was accepted. Raises Refusal with the code `pairing_expired`."""
        return read(self.post("/pairings/claims", {"claim": claim}), ClaimAnswer)

    # ------------------------------------------------------------ the wire

    def get(self, path: str, etag: str | None = None) -> Reply:
        """An answer of the API that is no refusal; 304 when `etag` is still true."""
        headers = dict(self._headers)
        if etag is not None:
            headers["If-None-Match"] = f'"{etag}"'
        reply = self._http.send(
            "GET", API + path, headers=headers, timeout_seconds=POLL_TIMEOUT_SECONDS
        )
        return self._judged(reply)

    def post(
        self,
        path: str,
        body: object,
        *,
        key: str | None = None,
        timeout: float = POLL_TIMEOUT_SECONDS,
        method: str = "POST",
    ) -> Reply:
        """A change. `key` tells a repetition from another change; without one, this is a change of its own."""
        headers = {
            **self._headers,
            "Content-Type": "application/json",
            "Idempotency-Key": key or uuid4().hex,
        }
        raw = msgspec.json.encode(body)
        reply = self._http.send(
            method, API + path, headers=headers, body=raw, timeout_seconds=timeout
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


def read(reply: Reply, wanted: type[T]) -> T:
    """The answer in its own words. Raises Away when it is something else."""
    try:
        return msgspec.json.decode(reply.body, type=wanted)
    except msgspec.DecodeError as error:
        raise Away(f"an answer that is no {wanted.__name__}: {error}") from error
