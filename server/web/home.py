"""The front door: which branches there are and where their screens are; and what a watchman asks."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from server.db import reads, schema, views
from server.pages.answers import html, preferred_language
from server.web import access
from server.web.context import web
from server.web.metrics import exposition
from server.web.problems import problem

pages = Blueprint("home", __name__)
status = Blueprint("status", __name__)


@pages.get("/")
def show() -> Response:
    """Links to every screen."""
    with web().hall.store.read() as connection:
        branches = reads.all_branches(connection)
    cards = [views.branch_card(branch) for branch in branches]
    supervised = access.supervised_branch()
    text = web().renderer.render(
        "index.html",
        preferred_language(),
        branches=cards,
        supervised=next((each.slug for each in branches if each.id == supervised), None),
        paper_url=web().paper_url,
    )
    return html(text)


@status.get("/health")
def health() -> Response:
    """This process answers."""
    return jsonify(status="ok")


@status.get("/ready")
def ready() -> Response:
    """The database answers and has the schema of this version."""
    present, newest = schema.present_and_newest(web().hall.store.engine)
    if present != newest:
        return problem(503, "not_migrated", "run nouba migrate", present=present, newest=newest)
    return jsonify(status="ok", schema=present)


@status.get("/metrics")
def metrics() -> Response:
    """Prometheus' text format."""
    return exposition()
