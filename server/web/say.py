"""A call as sound, for whoever shows the board: "Ticket A twelve, desk three" in one language, and the chime before it.

As public as the board, and nothing but a branch's own numbers and desks can be said.
"""

from __future__ import annotations

from typing import Final

import structlog
from flask import Blueprint, Response, request

from server import i18n
from server.actions.hall import Hall
from server.db import called, reads
from server.domain.errors import UnknownDesk
from server.voice import CannotSay, Plan, call, calls
from server.voice.rendering import Order
from server.web import limits
from server.web.context import web
from server.web.problems import problem

pages = Blueprint("say", __name__)
LANGUAGE: Final = f"<any({', '.join(i18n.LANGUAGE_NAMES)}):language>"
DESK_DIGITS_MAX: Final = 3
_log = structlog.get_logger(__name__)


@pages.get("/board/<slug>/say/chime.wav")
def say_chime(slug: str) -> Response:
    """What comes before a call."""
    with web().hall.store.read() as connection:
        reads.branch_by_slug(connection, slug)
    wav, etag = web().voice.of(slug).chime()
    return _sound(b"", etag, 304) if request.if_none_match.contains(etag) else _sound(wav, etag)


@pages.get(f"/board/<slug>/say/{LANGUAGE}.wav")
def say(slug: str, language: str) -> Response:
    """A call. 404 `no_voice` when this language has neither a voice nor all its recordings: it is left out then."""
    label, digits = request.args.get("number", ""), request.args.get("desk", "")
    if calls.LABEL.fullmatch(label) is None:
        return problem(422, "invalid", "number must be a ticket's number, as A012", field="number")
    if not _is_desk(digits):
        return problem(422, "invalid", "desk must be a desk's number", field="desk")
    desk = int(digits)
    was_called = _look_up(slug, label, desk)
    try:
        plan = web().voice.of(slug).plan(language, call(language, label, desk))
        if request.if_none_match.contains(plan.etag):
            return _sound(b"", plan.etag, 304)
        if not was_called and not _may_compose(plan):
            return problem(429, "too_many_requests", "more sentences than anybody can listen to")
        return _sound(web().voice.say(plan), plan.etag)
    except CannotSay:
        return problem(404, "no_voice", f"there is no voice for {language} here")
    except OSError as error:
        _log.error("voice_failed", error=str(error))
        return problem(503, "voice_failed", "the speech engine failed")


def order_of(hall: Hall) -> Order:
    """What the calls of all branches are put together from."""
    with hall.store.read() as connection:
        branches = reads.all_branches(connection)
        letters = {each.letter for of in branches for each in reads.services_of(connection, of.id)}
        desks = {each.number for of in branches for each in reads.desks_of(connection, of.id)}
    return Order(
        languages=tuple(dict.fromkeys(tag.value for of in branches for tag in of.languages)),
        letters=tuple(sorted(letters)),
        desks=tuple(sorted(desks)),
        branches=tuple(each.slug for each in branches),
    )


def _look_up(slug: str, label: str, desk: int) -> bool:
    """Whether this is a call of today. Raises UnknownBranch, UnknownDesk."""
    hall = web().hall
    with hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, slug)
        if desk not in {each.number for each in reads.desks_of(connection, branch.id)}:
            raise UnknownDesk("this branch has no such desk", desk=desk)
        day = branch.hours.business_day(hall.clock.now())
        return called.was_called(connection, branch.id, day, label, desk)


def _may_compose(plan: Plan) -> bool:
    """A stranger's sentence costs an engine's work, once; what really was called never counts."""
    return web().voice.is_ready(plan) or limits.may_compose()


def _is_desk(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= DESK_DIGITS_MAX


def _sound(wav: bytes, etag: str, status: int = 200) -> Response:
    answer = Response(wav, status, content_type="audio/wav")
    answer.set_etag(etag)
    # Kept, and asked for again each time: a new recording is heard at once, the old one costs no bytes.
    answer.headers["Cache-Control"] = "no-cache"
    return answer
