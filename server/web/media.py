"""The pictures and videos that walls show between calls: public, like the walls."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort, request, send_file

from server.web.context import web

pages = Blueprint("media", __name__)
CACHED = timedelta(days=365)
"""An address with the stamp of its file is that file for ever."""


@pages.get("/board/<slug>/media/<name>")
def show(slug: str, name: str) -> Response:
    """One file of a branch's folder, whole or a range of it."""
    found = web().media.find(slug, name)
    if found is None:
        abort(404)
    try:
        answer = send_file(
            found.path, mimetype=found.content_type, conditional=True, etag=found.stamp
        )
    except OSError:  # taken away since the folder was last seen
        abort(404)
    answer.headers["Cache-Control"] = (
        f"public, max-age={CACHED // timedelta(seconds=1)}, immutable"
        if request.args.get("v") == found.stamp
        else "no-cache"
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
