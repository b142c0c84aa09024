"""The JSON API of integrators and devices: one table drives its routes, its checks and its OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Blueprint, Response
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

from server.web import openapi
from server.web.api import branches, desks, devices, displays, paper, tickets
from server.web.api.operation import Asked, Method, Operation, reply, view_of
from server.web.openapi import PARAMETERS, PREFIX
from server.web.schemas import Nothing

public = Blueprint("api_public", __name__, url_prefix=PREFIX)
blueprint = Blueprint("api", __name__, url_prefix=PREFIX)


def _describe(_asked: Asked[Nothing]) -> Response:
    return reply(_document())


@cache
def _document() -> dict[str, Any]:
    return openapi.document(OPERATIONS)


OPERATIONS: tuple[Operation[Any], ...] = (
    *branches.OPERATIONS,
    *tickets.OPERATIONS,
    *desks.OPERATIONS,
    *paper.OPERATIONS,
    *devices.OPERATIONS,
    *displays.OPERATIONS,
    Operation(
        name="openapi",
        method=Method.GET,
        path="/openapi.json",
        summary="This document.",
        handler=_describe,
        input=Nothing,
        answers={200: dict[str, Any]},
        is_public=True,
    ),
)


class _Slug(BaseConverter):
    regex = PARAMETERS["branch"].pattern


class _Desk(BaseConverter):
    """As text: `\\d` of Werkzeug's own converter takes digits of every script, of any length."""

    regex = PARAMETERS["desk"].pattern


class _Ticket(BaseConverter):
    regex = PARAMETERS["ticket"].pattern


class _Secret(BaseConverter):
    """Wide on purpose: what cannot be a secret is answered like one that never was."""

    regex = PARAMETERS["secret"].pattern


class _Device(BaseConverter):
    regex = PARAMETERS["device"].pattern


_CONVERTERS = {
    "branch": _Slug,
    "desk": _Desk,
    "device": _Device,
    "ticket": _Ticket,
    "secret": _Secret,
}


def _register(state: BlueprintSetupState) -> None:
    for name, converter in _CONVERTERS.items():
        state.app.url_map.converters[f"api_{name}"] = converter


def _add(operation: Operation[Any]) -> None:
    rule = operation.path
    for name in _CONVERTERS:
        rule = rule.replace(f"{{{name}}}", f"<api_{name}:{name}>")
    view = view_of(operation)
    if operation.limited_by is not None:
        view = operation.limited_by(view)
    home = public if operation.is_public else blueprint
    home.add_url_rule(rule, operation.name, view, methods=[operation.method.value])


for _blueprint in (public, blueprint):
    _blueprint.record(_register)
for _operation in OPERATIONS:
    _add(_operation)
