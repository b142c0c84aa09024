"""One entry of the API's table: what registers its route, checks its request and writes its part of OpenAPI."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic

import msgspec
from flask import Response, abort, request

from server.actions.hall import Answered
from server.domain.errors import Refusal
from server.domain.ids import DeskId, DeviceId, Secret, TicketId
from server.domain.roles import Right
from server.pages.forms import KEY_LENGTH_MAX
from server.web import access
from server.web.problems import Malformed
from server.web.schemas import Input, from_json, from_query

JSON = "application/json"
KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
CALLABLE_HEADER = "Nouba-Callable-At"
LOCATION_HEADER = "Location"
VERSIONED = {200: ("ETag",), 304: ("ETag",)}
"""The headers of a view."""
_KEY = re.compile(rf"[!-~]{{1,{KEY_LENGTH_MAX}}}")
_SECRET = re.compile(r"[0-9A-Z]{13}")
NO_SECRET = Secret("-")
"""Looked up in place of what cannot be a secret: the same work, the same answer."""


class Method(StrEnum):
    """The methods of the API."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"

    @property
    def is_changing(self) -> bool:
        return self is not Method.GET


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Generic[Input]):
    """A request after every check of its form. `key` is empty for reads."""

    input: Input
    key: str
    path: Mapping[str, str]

    @property
    def branch(self) -> str:
        """The slug in the address."""
        return self.path["branch"]

    @property
    def desk(self) -> DeskId:
        """The desk in the address; the route bounds it to what the database holds."""
        return DeskId(int(self.path["desk"]))

    @property
    def ticket(self) -> TicketId:
        """The ticket's id in the address."""
        return TicketId(self.path["ticket"])

    @property
    def device(self) -> DeviceId:
        """The paired device in the address."""
        return DeviceId(int(self.path["device"]))

    @property
    def secret(self) -> Secret:
        """The secret in the address, upper and lower case alike."""
        text = self.path["secret"].upper()
        return Secret(text) if _SECRET.fullmatch(text) else NO_SECRET


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[Input]):
    """One method of one address. The refusals are those that its own rules can raise."""

    name: str
    method: Method
    path: str
    summary: str
    handler: Callable[[Asked[Input]], Response]
    input: type[Input]
    answers: Mapping[int, type | None]
    """Successes: status and the type of the body, None for none."""
    headers: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """What some of them have beside the body; `openapi.HEADERS` says what each one means."""
    refusals: tuple[type[Refusal], ...] = ()
    right: Right | None = None
    """What the token's role must carry; None is any token of the branch."""
    is_public: bool = False
    """Whether it asks for no credential at all."""
    limited_by: Callable[[Callable[..., Response]], Callable[..., Response]] | None = None
    """What bounds how often one address may ask (`web.limits`)."""
    body_bytes_max: int | None = None
    """Where a request may be longer than `limits.body_bytes_max`; looked at only once the credential was."""


def view_of(operation: Operation[Any]) -> Callable[..., Response]:
    """The route of an operation: right, branch, key and body are checked here, in this order."""

    def view(**path: str) -> Response:
        if operation.right is not None:
            access.caller().require(operation.right)
        if "branch" in path and not operation.is_public:
            access.require_slug(path["branch"])
        key = idempotency_key() if operation.method.is_changing else ""
        if operation.body_bytes_max is not None:
            request.max_content_length = operation.body_bytes_max
        asked = Asked(input=_input(operation), key=key, path=path)
        return operation.handler(asked)

    # Flask-Limiter tells routes apart by the names of their functions.
    view.__name__ = view.__qualname__ = operation.name
    view.__doc__ = operation.summary
    return view


def idempotency_key() -> str:
    """The request's own id. Raises Malformed: without it a retry would be a second ticket."""
    key = request.headers.get(KEY_HEADER)
    if key is None:
        message = f"send {KEY_HEADER}: an id of your own making, the same when you try again"
        raise Malformed(400, "idempotency_key_missing", message, field=KEY_HEADER)
    if _KEY.fullmatch(key) is None:
        message = f"{KEY_HEADER} must have 1 to {KEY_LENGTH_MAX} visible ASCII characters"
        raise Malformed(400, "idempotency_key_invalid", message, field=KEY_HEADER)
    return key


def reply(value: object, status: int = 200) -> Response:
    """`value` as JSON that no cache keeps."""
    answer = Response(msgspec.json.encode(value), status, content_type=JSON)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def empty(status: int) -> Response:
    """An answer without a body, and so without a type of one."""
    answer = Response(status=status)
    del answer.headers["Content-Type"]
    return answer


def made(answered: Answered[Any]) -> Response:
    """The answer to a POST: 201 when this request did it, 200 for a replay and for "already so"."""
    return reply(answered.value, 201 if answered.is_new else 200)


def versioned(version: int | str, paint: Callable[[], object]) -> Response:
    """A view with its version as ETag; not even read when the asker has that one already."""
    is_known = request.if_none_match.contains_weak(str(version))
    answer = empty(304) if is_known else reply(paint())
    answer.set_etag(str(version))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _input(operation: Operation[Input]) -> Input:
    if not operation.method.is_changing:
        return from_query(request.args.to_dict(), operation.input)
    raw = request.get_data(cache=False)
    # A body that does not tell its length is cut at the limit: part of a request is no request.
    if request.content_length is None and len(raw) == request.max_content_length:
        abort(413)
    if (raw or request.content_type) and request.mimetype != JSON:
        message = f"send the body as Content-Type: {JSON}"
        raise Malformed(415, "unsupported_media_type", message, field="Content-Type")
    return from_json(raw, operation.input)
