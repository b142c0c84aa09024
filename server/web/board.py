"""The waiting room's board: public, like the wall it hangs on. It shows numbers, desks and services, no names."""

from __future__ import annotations

from flask import Blueprint, Response, request

from server.db import reads, views
from server.media import stamp_between
from server.pages.answers import live_page, style_of_accent
from server.web.context import web

pages = Blueprint("board", __name__)
_MODES = ("rotate", "side")


@pages.get("/board/<slug>")
def show(slug: str) -> Response:
    """The wall of a branch; `?mode=side` shows the languages side by side instead of in turn."""
    hall = web().hall
    with hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, slug)
        view = views.board(connection, branch, hall.clock.now())
    view = web().media.with_media(view)
    mode = request.args.get("mode", _MODES[0])
    return live_page(
        "board/board.html",
        "board/_board.html",
        view.branch.languages[0],
        view.seq,
        variant=stamp_between(view),
        view=view,
        mode=mode if mode in _MODES else _MODES[0],
    )


@pages.get("/branches/<slug>/accent.css")
def accent(slug: str) -> Response:
    """The branch's own colour, as a style sheet: inline styles are forbidden by the policy."""
    with web().hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, slug)
    return style_of_accent(branch.accent)
