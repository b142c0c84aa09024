"""Tickets: issuing them, the citizen's own by its secret, and every step that staff take with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Response, url_for

from server.actions import desks, tickets
from server.db import reads, views
from server.domain.errors import (
    BranchClosed,
    IllegalTransition,
    KeyReused,
    LineFull,
    NoShift,
    RecallTooSoon,
    Refusal,
    ReopenTooLate,
    ServiceClosed,
    TicketInHand,
    TicketNotHere,
    UnknownService,
    UnknownTicket,
)
from server.domain.ids import Secret
from server.domain.roles import Right
from server.domain.states import Verb
from server.web import access
from server.web.api.operation import (
    LOCATION_HEADER,
    REPLAYED_HEADER,
    Asked,
    Method,
    Operation,
    made,
    reply,
)
from server.web.context import web
from server.web.limits import look_ups
from server.web.schemas import NewTicket, Nothing, Transfer
from server.wire import TicketAnswer, TicketView


def _issue(asked: Asked[NewTicket]) -> Response:
    branch = access.guarded_branch()
    answered = tickets.issue_ticket(
        hall=web().hall,
        caller=access.caller(),
        branch=branch.id,
        service=asked.input.service,
        ticket_class=asked.input.ticket_class,
        language=asked.input.language or branch.languages[0],
        key=asked.key,
    )
    assert answered.value.secret is not None, "the answer to an issue carries the secret"
    secret = Secret(answered.value.secret)
    ticket = replace(answered.value, url=web().ticket_url(secret))
    answer = made(replace(answered, value=ticket))
    answer.headers[LOCATION_HEADER] = url_for("api_public.read_ticket", secret=secret)
    if not answered.is_new:  # an issue is never "already so"
        answer.headers[REPLAYED_HEADER] = "true"
    return answer


def _read(asked: Asked[Nothing]) -> Response:
    hall = web().hall
    with hall.store.read() as connection:
        found = reads.ticket_by_secret(connection, asked.secret)
        return reply(views.ticket(connection, found, hall.clock.now()))


def _cancel(asked: Asked[Nothing]) -> Response:
    return made(tickets.cancel_ticket(hall=web().hall, secret=asked.secret, key=asked.key))


def _transfer(asked: Asked[Transfer]) -> Response:
    return made(
        desks.transfer_ticket(
            hall=web().hall,
            caller=access.caller(),
            ticket_id=asked.ticket,
            to=asked.input.service,
            key=asked.key,
        )
    )


def _step(verb: Verb) -> Callable[[Asked[Nothing]], Response]:
    def handler(asked: Asked[Nothing]) -> Response:
        return made(
            desks.step_ticket(
                hall=web().hall,
                caller=access.caller(),
                ticket_id=asked.ticket,
                verb=verb,
                key=asked.key,
            )
        )

    return handler


_MADE = {201: TicketAnswer, 200: TicketAnswer}
_STEP = (NoShift, UnknownTicket, IllegalTransition, KeyReused)
_AT_DESK = (*_STEP, TicketNotHere)


def _operation(
    verb: Verb,
    collection: str,
    summary: str,
    refusals: tuple[type[Refusal], ...],
    right: Right = Right.SERVE,
) -> Operation[Nothing]:
    return Operation(
        name=f"{verb.value}_ticket",
        method=Method.POST,
        path=f"/tickets/{{ticket}}/{collection}",
        summary=summary,
        handler=_step(verb),
        input=Nothing,
        answers=_MADE,
        refusals=refusals,
        right=right,
    )


_STEPS = (
    _operation(Verb.RECALL, "recalls", "Say the call again.", (*_AT_DESK, RecallTooSoon)),
    _operation(Verb.START, "starts", "The citizen is at the desk.", _AT_DESK),
    _operation(Verb.UNDO_START, "start-undos", "The start came too early: called again.", _AT_DESK),
    _operation(Verb.FINISH, "finishes", "Served.", _AT_DESK),
    _operation(Verb.NO_SHOW, "no-shows", "Nobody came: held, missed the third time.", _AT_DESK),
    _operation(Verb.PARK, "parkings", "Set aside without losing the place.", _AT_DESK),
    _operation(Verb.UNPARK, "unparkings", "Back to its line, rank kept.", _STEP),
    _operation(Verb.RETURN, "returns", "Called by mistake: back to its line.", _AT_DESK),
    _operation(Verb.REINSTATE, "reinstatements", "Missed, but came after all.", _STEP),
    _operation(Verb.CANCEL, "cancellations", "Give the place up for the citizen.", _STEP),
    _operation(
        Verb.REOPEN,
        "reopenings",
        "Take a finished ticket up again, within 15 minutes.",
        (*_STEP, ReopenTooLate, TicketInHand),
        Right.SUPERVISE,
    ),
)

OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="issue_ticket",
        method=Method.POST,
        path="/branches/{branch}/tickets",
        summary="Issue a ticket: its number, its secret and how long the wait may be.",
        handler=_issue,
        input=NewTicket,
        answers=_MADE,
        headers={201: (LOCATION_HEADER,), 200: (LOCATION_HEADER, REPLAYED_HEADER)},
        refusals=(UnknownService, ServiceClosed, BranchClosed, LineFull, KeyReused),
        right=Right.ISSUE,
    ),
    Operation(
        name="read_ticket",
        method=Method.GET,
        path="/tickets/{secret}",
        summary="A citizen's own ticket; the secret in the address is the credential.",
        handler=_read,
        input=Nothing,
        answers={200: TicketView},
        refusals=(UnknownTicket,),
        is_public=True,
        limited_by=look_ups,
    ),
    Operation(
        name="cancel_own_ticket",
        method=Method.POST,
        path="/tickets/{secret}/cancellation",
        summary="The citizen gives the place up; the secret in the address is the credential.",
        handler=_cancel,
        input=Nothing,
        answers=_MADE,
        refusals=(UnknownTicket, IllegalTransition, KeyReused),
        is_public=True,
        limited_by=look_ups,
    ),
    *_STEPS,
    Operation(
        name="transfer_ticket",
        method=Method.POST,
        path="/tickets/{ticket}/transfers",
        summary="Into the line of another service; number, secret and rank stay.",
        handler=_transfer,
        input=Transfer,
        answers=_MADE,
        refusals=(*_AT_DESK, UnknownService),
        right=Right.SERVE,
    ),
)
