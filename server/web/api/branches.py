"""Branches: what their screens show, what they offer, and what happened there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from server.db import desk_view, outbox, reads, views
from server.domain.branch import Desk
from server.domain.errors import UnknownBranch
from server.domain.events import RecordedEvent
from server.domain.ids import DeskId, Seq, ServiceId
from server.domain.roles import Right, rights_of
from server.web import access
from server.web.api.operation import VERSIONED, Asked, Method, Operation, reply, versioned
from server.web.context import web
from server.web.schemas import (
    DeskEntry,
    DeskList,
    EventEntry,
    EventList,
    EventsPage,
    Nothing,
    ServedLine,
    ServiceList,
)
from server.wire import BoardView, KioskView


def _board(asked: Asked[Nothing]) -> Response:
    hall, media = web().hall, web().media
    with hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, asked.branch)
        return versioned(
            branch.seq, lambda: media.with_media(views.board(connection, branch, hall.clock.now()))
        )


def _kiosk(asked: Asked[Nothing]) -> Response:
    hall = web().hall
    with hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, asked.branch)
        return versioned(branch.seq, lambda: views.kiosk(connection, branch, hall.clock.now()))


def _services(asked: Asked[Nothing]) -> Response:
    hall = web().hall
    with hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, asked.branch)
        view = views.kiosk(connection, branch, hall.clock.now())
    return reply(ServiceList(seq=view.seq, services=view.services))


def _desks(asked: Asked[Nothing]) -> Response:
    # An agent's name is for colleagues: a kiosk or a program learns only that the desk is taken.
    tells_names = Right.SERVE in rights_of(access.caller().role)
    with web().hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, asked.branch)
        catalogue = reads.catalogue(connection, branch)
        choices = desk_view.desk_choices(connection, branch)
    taken = {choice.desk_id: choice.taken_by for choice in choices}
    codes = {service.id: service.code for service in catalogue.services}
    entries = (
        _desk_entry(desk, codes, taken[desk.id], tells_names=tells_names)
        for desk in catalogue.desks
    )
    return reply(DeskList(seq=branch.seq, desks=tuple(entries)))


def _events(asked: Asked[EventsPage]) -> Response:
    page = asked.input
    with web().hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, asked.branch)
        catalogue = reads.catalogue(connection, branch)
        found = outbox.events_after(connection, branch.id, Seq(page.after), page.limit)
    codes = {service.id: service.code for service in catalogue.services}
    numbers = {desk.id: desk.number for desk in catalogue.desks}
    entries = tuple(_event_entry(recorded, codes, numbers) for recorded in found)
    return reply(EventList(seq=branch.seq, events=entries))


def _desk_entry(
    desk: Desk, codes: Mapping[ServiceId, str], taken_by: str | None, *, tells_names: bool
) -> DeskEntry:
    return DeskEntry(
        desk_id=desk.id,
        number=desk.number,
        lines=tuple(
            ServedLine(
                service=codes[line.service], lag_minutes=round(line.lag.total_seconds() / 60)
            )
            for line in desk.lines
        ),
        is_taken=taken_by is not None,
        agent=taken_by if tells_names else None,
    )


def _event_entry(
    recorded: RecordedEvent, codes: Mapping[ServiceId, str], numbers: Mapping[DeskId, int]
) -> EventEntry:
    event = recorded.event
    data = dict(event.data)
    if "from_service" in data:
        # The API names services by code; ids of services never leave the server.
        data["from_service"] = codes[ServiceId(int(data["from_service"]))]
    return EventEntry(
        seq=recorded.seq,
        kind=event.kind,
        at=event.at,
        ticket=event.ticket,
        service=codes.get(event.service) if event.service is not None else None,
        desk_id=event.desk,
        desk=numbers.get(event.desk) if event.desk is not None else None,
        agent_id=event.agent,
        data=data,
    )


OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="view_board",
        method=Method.GET,
        path="/branches/{branch}/views/board",
        summary="The waiting room's wall: public, as the wall is.",
        handler=_board,
        input=Nothing,
        answers={200: BoardView, 304: None},
        headers=VERSIONED,
        refusals=(UnknownBranch,),
        is_public=True,
    ),
    Operation(
        name="view_kiosk",
        method=Method.GET,
        path="/branches/{branch}/views/kiosk",
        summary="The services as a kiosk offers them.",
        handler=_kiosk,
        input=Nothing,
        answers={200: KioskView, 304: None},
        headers=VERSIONED,
    ),
    Operation(
        name="list_services",
        method=Method.GET,
        path="/branches/{branch}/services",
        summary="The services of a branch, with the people waiting.",
        handler=_services,
        input=Nothing,
        answers={200: ServiceList},
    ),
    Operation(
        name="list_desks",
        method=Method.GET,
        path="/branches/{branch}/desks",
        summary="The desks of a branch and the lines that they serve.",
        handler=_desks,
        input=Nothing,
        answers={200: DeskList},
    ),
    Operation(
        name="list_events",
        method=Method.GET,
        path="/branches/{branch}/events",
        summary="What happened after a seq, in order and without a gap. No names, no secrets.",
        handler=_events,
        input=EventsPage,
        answers={200: EventList},
        right=Right.READ_EVENTS,
    ),
)
