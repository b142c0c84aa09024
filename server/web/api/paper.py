"""The API's part about paper: the layout of a branch's tickets, as the template that administrators write."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Response

from server.actions.paper import set_paper_layout
from server.db import paper_layouts, reads
from server.domain import paper_template
from server.domain.errors import Invalid, KeyReused
from server.domain.paper_layout import DEFAULT_LAYOUT, to_json
from server.domain.roles import Right
from server.pages.forms import PAPER_BYTES_MAX
from server.web import access
from server.web.api.operation import Asked, Method, Operation, reply
from server.web.context import web
from server.web.paper import samples
from server.web.schemas import Nothing, PaperLayoutEntry, PaperTemplate
from server.wire import PaperSaved

LOGO_NAME = "logo"
"""Of a picture that came without a name in the template."""


def _show(asked: Asked[Nothing]) -> Response:
    with web().hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, asked.branch)
        present = paper_layouts.layout_of(connection, branch.id)
    layout = present or DEFAULT_LAYOUT
    entry = PaperLayoutEntry(
        seq=branch.seq,
        is_default=present is None,
        template=paper_template.write(layout),
        layout=to_json(layout),
    )
    return reply(entry)


def _replace(asked: Asked[PaperTemplate]) -> Response:
    with web().hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, asked.branch)
        present = paper_layouts.layout_of(connection, branch.id)
    picture = _picture(asked.input.logo)
    template = paper_template.read(asked.input.template)
    if picture is not None:
        template = paper_template.with_picture(template, LOGO_NAME)
    kept = present.logo if present else None
    layout = web().paper.layout(template, picture=picture, kept=kept)
    samples(branch, layout)  # what no printer would take is refused before it is kept
    answered = set_paper_layout(
        hall=web().hall, branch=branch.id, layout=layout, caller=access.caller(), key=asked.key
    )
    return reply(answered.value)


def _picture(encoded: str | None) -> bytes | None:
    try:
        return None if encoded is None else base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("this is not base64", field="logo") from error


OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="show_paper_layout",
        method=Method.GET,
        path="/branches/{branch}/paper-layout",
        summary="How the branch's tickets look on paper: the template, and the layout as kiosks get it.",
        handler=_show,
        input=Nothing,
        answers={200: PaperLayoutEntry},
        right=Right.ADMINISTER,
    ),
    Operation(
        name="set_paper_layout",
        method=Method.PUT,
        path="/branches/{branch}/paper-layout",
        summary="Print tickets as this template says from now on. Every mistake in it is named at once.",
        handler=_replace,
        input=PaperTemplate,
        answers={200: PaperSaved},
        refusals=(KeyReused,),
        right=Right.ADMINISTER,
        body_bytes_max=PAPER_BYTES_MAX,
    ),
)
