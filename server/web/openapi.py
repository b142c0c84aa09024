"""The OpenAPI 3.1 document, written from the table that registers the routes and from the typed schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from server.domain.errors import NotAllowed
from server.pages.errors import status_of_kind
from server.pages.forms import KEY_LENGTH_MAX
from server.web.problems import CODES, PROBLEM_TYPE
from server.web.schemas import Nothing, Problem

if TYPE_CHECKING:
    from server.web.api.operation import Operation

PREFIX = "/api/v1"
API_VERSION = "1.0.0"
PICTURE = "image/jpeg"
"""What an answer of the type `bytes` is."""
_JSON = "application/json"
_REFERENCE = "#/components/schemas/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A part of an address: what the route lets in, and what the document says of it."""

    pattern: str
    description: str
    type: str = "string"


PARAMETERS: Mapping[str, Parameter] = {
    "branch": Parameter(pattern="[a-z0-9-]{1,40}", description="The branch's slug."),
    # 18 digits: what a BIGINT certainly holds.
    "desk": Parameter(pattern="[1-9][0-9]{0,17}", description="The desk's id, not its number."),
    "device": Parameter(pattern="[1-9][0-9]{0,17}", description="The device's id."),
    "ticket": Parameter(
        pattern="[0-9A-HJKMNP-TV-Z]{26}", description="The ticket's id, 26 characters."
    ),
    "secret": Parameter(
        pattern="[^/]{1,64}",
        description="The ticket's secret, 13 letters and digits; upper and lower case alike.",
    ),
}
_WORDS: Mapping[int, str] = {
    200: "Done, or already so: the first answer again, or the present state.",
    201: "Done now.",
    204: "Nobody can be called.",
    304: "You have this version already (If-None-Match).",
}
HEADERS: Mapping[str, str] = {
    "ETag": "The version in quotes (a view's is its seq); send it back as If-None-Match.",
    "Location": "The ticket in this API, by its secret.",
    "Idempotency-Replayed": "`true`: the first answer to this key again.",
    "Nouba-Callable-At": "From when on a held ticket can be called (ISO 8601), if there is one.",
}
_BEARER = "token"


def document(operations: Sequence[Operation[Any]]) -> dict[str, Any]:
    """The whole document as JSON's own types."""
    types = sorted(_types(operations), key=lambda each: each.__name__)
    _, components = msgspec.json.schema_components([*types, Problem], ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Nouba",
            "version": API_VERSION,
            "summary": "The queue of a town hall: tickets, desks, screens, events.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": PREFIX}],
        "security": [{_BEARER: []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                _BEARER: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made by `nouba token create`; revoked by `nouba token revoke`.",
                }
            },
        },
    }


def _types(operations: Iterable[Operation[Any]]) -> set[type]:
    """Every type of ours that a body has."""
    found: set[type] = set()
    for operation in operations:
        if operation.method.is_changing:
            found.add(operation.input)
        found |= {each for each in operation.answers.values() if each and _is_ours(each)}
    return found


def _is_ours(body: type) -> bool:
    return body.__module__.startswith("server.")


def _operation(operation: Operation[Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation.path), *_other_parameters(operation)],
        "responses": _responses(operation),
    }
    if operation.right is not None:
        described["description"] = f"Needs the right `{operation.right}`."
    if operation.is_public:
        described["security"] = []
    if operation.method in {"POST", "PUT"}:  # a DELETE has nothing to say beyond its address
        described["requestBody"] = {
            "required": _is_required(operation.input),
            "content": {_JSON: {"schema": _schema(operation.input)}},
        }
    return described


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS[name].description,
            "schema": {"type": "string", "pattern": f"^{PARAMETERS[name].pattern}$"},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _other_parameters(operation: Operation[Any]) -> list[dict[str, Any]]:
    if operation.method.is_changing:
        return [_key_parameter()]
    found = [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in _properties(operation.input).items()
    ]
    if 304 in operation.answers:
        found.append(
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "The ETag that you have, in quotes.",
                "schema": {"type": "string"},
            }
        )
    return found


def _key_parameter() -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "An id that you make for this request, the same when you send it again.",
        "schema": {
            "type": "string",
            "pattern": "^[!-~]+$",
            "minLength": 1,
            "maxLength": KEY_LENGTH_MAX,
        },
    }


def _responses(operation: Operation[Any]) -> dict[str, Any]:
    answers = {
        str(status): _answer(operation, status, body) for status, body in operation.answers.items()
    }
    refused = {
        str(status): {
            "description": ", ".join(f"`{code}`" for code in sorted(codes)),
            "content": _problem(),
        }
        for status, codes in sorted(_codes(operation).items())
    }
    other = {"description": "Any other failure, as a problem document.", "content": _problem()}
    return {**answers, **refused, "default": other}


def _answer(operation: Operation[Any], status: int, body: type | None) -> dict[str, Any]:
    is_read = not operation.method.is_changing and body is not None
    described: dict[str, Any] = {
        "description": "The present state." if is_read else _WORDS[status],
    }
    if body is bytes:
        described["content"] = {PICTURE: {"schema": {"type": "string", "format": "binary"}}}
    elif body is not None:
        described["content"] = {_JSON: {"schema": _schema(body)}}
    if status in operation.headers:
        described["headers"] = {
            name: {"description": HEADERS[name], "schema": {"type": "string"}}
            for name in operation.headers[status]
        }
    return described


def _codes(operation: Operation[Any]) -> dict[int, set[str]]:
    """The codes that this operation can answer with, by status."""
    found: dict[int, set[str]] = {405: {CODES[405]}, 404: {CODES[404]}, 422: {"invalid"}}
    if operation.method.is_changing:
        keys = {"idempotency_key_missing", "idempotency_key_invalid"}
        found |= {400: {"malformed_json", *keys}, 413: {CODES[413]}, 415: {CODES[415]}}
    if not operation.is_public:
        found |= {401: {CODES[401]}, 403: {NotAllowed.code}}
    if operation.limited_by is not None:
        found[429] = {CODES[429]}
    for refusal in operation.refusals:
        found.setdefault(status_of_kind(refusal), set()).add(refusal.code)
    return found


def _problem() -> dict[str, Any]:
    return {PROBLEM_TYPE: {"schema": {"$ref": _REFERENCE.format(name="Problem")}}}


def _schema(of: type) -> dict[str, Any]:
    if not _is_ours(of):
        return {"type": "object"}
    return {"$ref": _REFERENCE.format(name=of.__name__)}


def _properties(of: type) -> dict[str, Any]:
    (_,), components = msgspec.json.schema_components([of], ref_template=_REFERENCE)
    properties: dict[str, Any] = components[of.__name__]["properties"]
    return properties


def _is_required(of: type) -> bool:
    """Whether an empty body is refused: some field has no default."""
    return of is not Nothing and any(field.required for field in msgspec.structs.fields(of))
