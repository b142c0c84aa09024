"""The administrator's page of the paper: the template, its logo, and the very pictures that will be printed."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import msgspec
from flask import Blueprint, Response, redirect, request, url_for

from server.actions.paper import set_paper_layout
from server.db import paper_layouts, reads, views
from server.domain import paper_layout, paper_template
from server.domain.branch import Branch
from server.domain.errors import Invalid
from server.domain.ids import Language, Secret
from server.domain.paper_layout import DEFAULT_LAYOUT, Logo, PaperLayout
from server.domain.paper_template import TEMPLATE_LENGTH_MAX, Problem, TemplateInvalid
from server.pages.answers import html
from server.pages.errors import status_of
from server.pages.forms import idempotency_key
from server.web import access
from server.web.context import web

pages = Blueprint("paper", __name__, url_prefix="/paper")
SAMPLE_SECRET = Secret("0" * 13)
_SAVED = frozenset({"saved", "reset"})


@pages.get("")
def show() -> Response:
    """The present layout."""
    branch, present = _present()
    layout = present or DEFAULT_LAYOUT
    saved = request.args.get("done", "")
    return _page(branch, present, layout, notice=saved if saved in _SAVED else "")


@pages.post("")
def submit() -> Response:
    """Look at a template before it is used, use it, or go back to the default. A mistake is shown beside it."""
    branch, present = _present()
    key = idempotency_key(request.form)
    match request.form.get("do", ""):
        case "reset":
            return _save(branch, None, key, done="reset")
        case "preview" | "save" as wanted:
            return _try(branch, present, key, is_saved=wanted == "save")
        case _:
            raise Invalid("there is no such button", field="do")


def samples(branch: Branch, layout: PaperLayout) -> Mapping[tuple[Language, int], bytes]:
    """A ticket in each language on each width. Raises TemplateInvalid when no printer would take it."""
    with web().hall.store.read() as connection:
        services = reads.services_of(connection, branch.id)
    return web().paper.pictures(
        layout,
        branch=branch,
        services=tuple(services),
        url=web().ticket_url(SAMPLE_SECRET),
        now=web().hall.clock.now(),
    )


def _try(branch: Branch, present: PaperLayout | None, key: str, *, is_saved: bool) -> Response:
    text = request.form.get("template", "").replace("\r\n", "\n")
    unsaved = _unsaved_logo()
    try:
        layout = _read(text, unsaved or (present.logo if present else None))
        pictures = samples(branch, layout)
    except TemplateInvalid as refusal:
        layout = present or DEFAULT_LAYOUT
        return _page(branch, present, layout, text=text, refusal=refusal, unsaved=unsaved)
    if is_saved:
        return _save(branch, layout, key, done="saved")
    if layout.logo is not None and layout.logo.name not in text:
        text = paper_template.write(layout)  # the picture was given along, and is named now
    return _page(
        branch, present, layout, text=text, notice="preview", pictures=pictures, unsaved=layout.logo
    )


def _present() -> tuple[Branch, PaperLayout | None]:
    with web().hall.store.read() as connection:
        branch = reads.branch(connection, access.caller().branch)
        return branch, paper_layouts.layout_of(connection, branch.id)


def _read(text: str, kept: Logo | None) -> PaperLayout:
    """The layout in the form. A picture that was looked at but not yet used travels in the form itself."""
    upload = request.files.get("picture")
    picture, template = None, paper_template.read(text)
    if upload is not None and upload.filename:
        picture = upload.read()
        template = paper_template.with_picture(template, upload.filename)
    return web().paper.layout(template, picture=picture, kept=kept)


def _unsaved_logo() -> Logo | None:
    raw = request.form.get("unsaved_logo", "")
    if not raw:
        return None
    try:
        return paper_layout.logo_from_json(msgspec.json.decode(raw, type=dict))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Invalid("this is no logo", field="unsaved_logo") from error


def _save(branch: Branch, layout: PaperLayout | None, key: str, *, done: str) -> Response:
    set_paper_layout(
        hall=web().hall, branch=branch.id, layout=layout, caller=access.caller(), key=key
    )
    answer = redirect(url_for("paper.show", done=done), 303)
    return Response(answer.get_data(), answer.status_code, answer.headers)


def _page(
    branch: Branch,
    present: PaperLayout | None,
    layout: PaperLayout,
    *,
    text: str | None = None,
    notice: str = "",
    refusal: TemplateInvalid | None = None,
    pictures: Mapping[tuple[Language, int], bytes] | None = None,
    unsaved: Logo | None = None,
) -> Response:
    member = access.staff_member()
    drawn = pictures if pictures is not None else samples(branch, layout)
    problems: tuple[Problem, ...] = refusal.problems if refusal else ()
    page = web().renderer.render(
        "paper/paper.html",
        member.agent.language.value,
        branch=views.branch_card(branch),
        agent=member.agent.name,
        template=paper_template.write(layout) if text is None else text,
        template_length_max=TEMPLATE_LENGTH_MAX,
        unsaved_logo=_as_text(unsaved) if unsaved else "",
        has_layout=present is not None,
        notice=notice,
        problems=problems,
        pictures=_as_addresses(drawn),
    )
    return html(page, status_of(refusal) if refusal else 200)


def _as_addresses(
    pictures: Mapping[tuple[Language, int], bytes],
) -> dict[str, list[tuple[int, str]]]:
    """By language, the widths with their pictures as data: addresses: a picture that is saved nowhere."""
    found: dict[str, list[tuple[int, str]]] = {}
    for (language, width_mm), data in pictures.items():
        address = f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"
        found.setdefault(language.value, []).append((width_mm, address))
    return found


def _as_text(logo: Logo) -> str:
    return msgspec.json.encode(paper_layout.logo_to_json(logo)).decode()
