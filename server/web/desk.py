"""The agent's one screen: every verb is a form, answered with the screen as it is after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, redirect, request, url_for

from server.actions import desks, shifts
from server.db import desk_view, reads, views
from server.domain.errors import Invalid, Refusal
from server.domain.ids import DeskId, TicketId
from server.domain.queue import PauseReason, Shift
from server.domain.roles import Right, rights_of
from server.domain.states import Verb
from server.pages.answers import html, live_page, wants_fragment
from server.pages.errors import status_of
from server.pages.forms import Form, field, idempotency_key, number
from server.pages.rendering import new_key
from server.web import access
from server.web.context import web

pages = Blueprint("desk", __name__, url_prefix="/desk")


@pages.get("")
def show() -> Response:
    """The desk of the open shift, or the choice of one."""
    shift = _shift()
    return _choose() if shift is None else _screen(shift, None)


@pages.post("/shift")
def open_shift() -> Response:
    """Sit down at a desk."""
    try:
        shifts.open_shift(
            hall=web().hall,
            caller=access.caller(),
            desk=DeskId(number(request.form, "desk")),
            key=idempotency_key(request.form),
        )
    except Refusal as refusal:
        return _choose(refusal)
    return _to_desk()


@pages.post("/shift/end")
def end_shift() -> Response:
    """A supervisor frees the desk of somebody who left."""
    try:
        shifts.close_shift(
            hall=web().hall,
            caller=access.caller(),
            desk=DeskId(number(request.form, "desk")),
            key=idempotency_key(request.form),
        )
    except Refusal as refusal:
        return _choose(refusal)
    return _to_desk()


@pages.post("/actions/<verb>")
def act(verb: str) -> Response:
    """One key, one verb. A refusal is shown on the same screen."""
    shift = _shift()
    if shift is None:
        return html("", 409) if wants_fragment() else _to_desk()
    refusal = None
    try:
        _perform(verb, shift)
    except Refusal as error:
        refusal = error
    if not wants_fragment() and refusal is None:
        return _to_desk()
    after = _shift()
    if after is None:
        # The shift was just closed: the module leaves for the page that the header names.
        answer = Response(status=204)
        answer.headers["X-Nouba-Location"] = url_for("desk.show")
        return answer
    return _screen(after, refusal)


def _perform(verb: str, shift: Shift) -> None:
    handler = _HANDLERS.get(verb)
    if handler is not None:
        handler(request.form, shift)
        return
    try:
        simple = Verb(verb)
    except ValueError as error:
        raise Invalid("there is no such verb", field="verb") from error
    if simple not in desks.SIMPLE_VERBS:
        raise Invalid("there is no such verb", field="verb")
    _step(request.form, simple, idempotency_key(request.form))


def _step(form: Form, verb: Verb, key: str) -> None:
    desks.step_ticket(
        hall=web().hall,
        caller=access.caller(),
        ticket_id=TicketId(field(form, "ticket")),
        verb=verb,
        key=key,
    )


def _call_next(form: Form, shift: Shift) -> None:
    desks.call_next(
        hall=web().hall, caller=access.caller(), desk=shift.desk, key=idempotency_key(form)
    )


def _finish_and_call_next(form: Form, shift: Shift) -> None:
    """Two steps, each with its own key: a retry after the first finds it done and goes on."""
    key = idempotency_key(form)
    _step(form, Verb.FINISH, f"{key}.1"[-80:])
    desks.call_next(hall=web().hall, caller=access.caller(), desk=shift.desk, key=f"{key}.2"[-80:])


def _call(form: Form, shift: Shift) -> None:
    desks.call_ticket(
        hall=web().hall,
        caller=access.caller(),
        desk=shift.desk,
        ticket_id=TicketId(field(form, "ticket")),
        key=idempotency_key(form),
    )


def _transfer(form: Form, _shift: Shift) -> None:
    desks.transfer_ticket(
        hall=web().hall,
        caller=access.caller(),
        ticket_id=TicketId(field(form, "ticket")),
        to=field(form, "service"),
        key=idempotency_key(form),
    )


def _pause(form: Form, shift: Shift) -> None:
    try:
        reason = PauseReason(field(form, "reason"))
    except ValueError as error:
        raise Invalid("there is no such reason", field="reason") from error
    shifts.pause_shift(
        hall=web().hall,
        caller=access.caller(),
        desk=shift.desk,
        reason=reason,
        key=idempotency_key(form),
    )


def _resume(form: Form, shift: Shift) -> None:
    shifts.resume_shift(
        hall=web().hall, caller=access.caller(), desk=shift.desk, key=idempotency_key(form)
    )


def _close_shift(form: Form, shift: Shift) -> None:
    shifts.close_shift(
        hall=web().hall, caller=access.caller(), desk=shift.desk, key=idempotency_key(form)
    )


def _auto_call(form: Form, shift: Shift) -> None:
    shifts.set_auto_call(
        hall=web().hall,
        caller=access.caller(),
        desk=shift.desk,
        is_on=field(form, "on") == "1",
        key=idempotency_key(form),
    )


_HANDLERS: Mapping[str, Callable[[Form, Shift], None]] = {
    "call_next": _call_next,
    "finish_and_call_next": _finish_and_call_next,
    "call": _call,
    "transfer": _transfer,
    "pause": _pause,
    "resume": _resume,
    "close_shift": _close_shift,
    "auto_call": _auto_call,
}


def _shift() -> Shift | None:
    caller = access.caller()
    with web().hall.store.read() as connection:
        return reads.shift_of(connection, caller.branch, caller.require_agent())


def _screen(shift: Shift, refusal: Refusal | None) -> Response:
    hall = web().hall
    with hall.store.read() as connection:
        view = desk_view.desk(connection, access.caller().branch, shift, hall.clock.now())
    problem = None
    if refusal is not None:
        problem = {"code": refusal.code, "message": refusal.message, **refusal.details}
    answer = live_page(
        "desk/desk.html",
        "desk/_desk.html",
        access.staff_member().agent.language.value,
        view.seq,
        view=view,
        auto_call=view.auto_call,
        supervises=Right.SUPERVISE in rights_of(access.caller().role),
        refusal=problem,
        key=new_key(),
    )
    if refusal is not None:
        answer.status_code = status_of(refusal)
    return answer


def _choose(refusal: Refusal | None = None) -> Response:
    member = access.staff_member()
    with web().hall.store.read() as connection:
        branch = reads.branch(connection, member.branch)
        choices = desk_view.desk_choices(connection, branch)
    text = web().renderer.render(
        "desk/choose.html",
        member.agent.language.value,
        branch=views.branch_card(branch),
        desks=choices,
        agent=member.agent.name,
        supervises=Right.SUPERVISE in rights_of(member.agent.role),
        administers=Right.ADMINISTER in rights_of(member.agent.role),
        refusal={"code": refusal.code, "message": refusal.message} if refusal else None,
        key=new_key(),
    )
    return html(text, status_of(refusal) if refusal else 200)


def _to_desk() -> Response:
    answer = redirect(url_for("desk.show"), 303)
    return Response(answer.get_data(), answer.status_code, answer.headers)
