"""Every "no" as HTTP, in one place: problem+json (RFC 9457) for programs, a page for people."""

from __future__ import annotations

import structlog
from flask import Flask, Response, request
from msgspec import json
from werkzeug.exceptions import HTTPException

from server.db.engine import DatabaseUnavailable
from server.domain.errors import Invalid, Refusal
from server.pages.errors import error_page, status_of
from server.pages.forms import API_PREFIX

PROBLEM_TYPE = "application/problem+json"
_log = structlog.get_logger(__name__)

CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    414: "address_too_long",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "internal_error",
    503: "database_unavailable",
}
"""The code of a failure that is no refusal, by status."""


class Unauthenticated(Exception):
    """No credential, or one that is unknown or revoked: the same answer for each."""


class Malformed(Exception):
    """A request that cannot be read at all: `field` names the header or the part that is wrong."""

    def __init__(self, status: int, code: str, message: str, *, field: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field


def install(app: Flask) -> None:
    """Answer every error of every route."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(Malformed, _malformed)
    app.register_error_handler(Unauthenticated, _unauthenticated)
    for kind in DatabaseUnavailable:
        app.register_error_handler(kind, _unavailable)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _crashed)


def problem(status: int, code: str, message: str, **details: object) -> Response:
    """A problem document: `code` is stable and for programs, `detail` is for people."""
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": message}
    return Response(json.encode({**body, **details}), status, content_type=PROBLEM_TYPE)


def _is_api() -> bool:
    return request.path.startswith(API_PREFIX)


def _refused(refusal: Refusal) -> Response:
    status = status_of(refusal)
    if not _is_api():
        return error_page(status, refusal.code)
    details: dict[str, object] = dict(refusal.details)
    if isinstance(refusal, Invalid):
        details["errors"] = [
            {"field": field, "message": message} for field, message in refusal.errors
        ]
    return problem(status, refusal.code, refusal.message, **details)


def _malformed(error: Malformed) -> Response:
    if not _is_api():
        return error_page(error.status, error.code)
    errors = [{"field": error.field, "message": error.message}]
    return problem(error.status, error.code, error.message, errors=errors)


def _unauthenticated(_error: Unauthenticated) -> Response:
    if not _is_api():
        return error_page(401, CODES[401])
    answer = problem(401, CODES[401], "send a valid token: Authorization: Bearer …")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _unavailable(error: Exception) -> Response:
    _log.error("database_unavailable", error=str(error))
    answer = (
        problem(503, CODES[503], "the database does not answer; nothing was written")
        if _is_api()
        else error_page(503, CODES[503])
    )
    answer.headers["Retry-After"] = "2"
    return answer


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if 300 <= status < 400:  # a redirect of the router is an answer, not an error
        return Response(error.get_response().get_data(), status, error.get_response().headers)
    code = CODES.get(status, "http_error")
    answer = (
        problem(status, code, error.description or code) if _is_api() else error_page(status, code)
    )
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            answer.headers[name] = value
    return answer


def _crashed(error: Exception) -> Response:
    _log.exception("request_failed", path=request.url_rule.rule if request.url_rule else "")
    if _is_api():
        return problem(500, CODES[500], "something went wrong here; it is in the log")
    return error_page(500, CODES[500])
