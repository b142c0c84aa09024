"""The waiting room's board: public, like the wall it hangs on. It shows numbers, desks and services, no names."""

from __future__ import annotations

from flask import Blueprint, Response, request

from server.db import reads, views
from server.domain.errors import Invalid
from server.domain.look import Look, read_look
from server.media import stamp_of
from server.pages.answers import live_page, style_of_accent, wants_fragment
from server.pages.rendering import renderer
from server.web.context import web

pages = Blueprint("board", __name__)
_PUSHED, _LOCAL = "push", "local"


@pages.get("/board/<slug>")
def show(slug: str) -> Response:
    """The wall of a branch, as the look in its address asks for it; `live` says who brings its news."""
    asked = request.args
    look = read_look(asked.get("mode", ""), asked.get("lines", ""), asked.get("desk", ""))
    live = _one_of("live", (_PUSHED, _LOCAL))
    with_voice = _one_of("voice", ("0", "1")) == "1"
    hall = web().hall
    with hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, slug)
        # A page that runs already, and one that a display keeps, must go on with what there is.
        if live == _PUSHED and not wants_fragment():
            codes = {each.code for each in reads.services_of(connection, branch.id)}
            numbers = {each.number for each in reads.desks_of(connection, branch.id)}
            _require_known(look, codes, numbers)
        view = views.board(connection, branch, hall.clock.now(), look)
    view = web().media.with_media(view)
    return live_page(
        "board/board.html",
        "board/_board.html",
        view.branch.languages[0],
        view.seq,
        variant=f"{stamp_of(view)}-{renderer().version}",
        view=view,
        look=look,
        live=live,
        with_voice=with_voice,
    )


@pages.get("/branches/<slug>/accent.css")
def accent(slug: str) -> Response:
    """The branch's own colour, as a style sheet: inline styles are forbidden by the policy."""
    with web().hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, slug)
    return style_of_accent(branch.accent)


def _one_of(name: str, known: tuple[str, ...]) -> str:
    """The first when it is not said. Raises Invalid."""
    asked = request.args.get(name, "") or known[0]
    if asked not in known:
        raise Invalid(f"{name} must be {' or '.join(known)}", field=name)
    return asked


def _require_known(look: Look, codes: set[str], numbers: set[int]) -> None:
    """Raises Invalid for a look at what this branch does not have: most likely a slip of the keyboard."""
    unknown = [code for code in look.lines if code not in codes]
    if unknown:
        raise Invalid(f"this branch has no line {unknown[0]}", field="lines")
    if look.desk is not None and look.desk not in numbers:
        raise Invalid(f"this branch has no desk {look.desk}", field="desk")
