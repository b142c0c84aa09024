"""Paired devices: coming in by a code, what they need to work alone, what they bring back and report."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from flask import Response

from server.actions import devices, offline
from server.actions.scans import scan_ticket
from server.db import device_views, reads
from server.db import devices as rows
from server.db.engine import Connection
from server.domain.branch import Branch
from server.domain.errors import (
    DayNotLeasable,
    KeyReused,
    PairingExpired,
    TooManyPairings,
    UnknownDevice,
    UnknownPairing,
    UnknownTicket,
)
from server.domain.ids import Secret, TicketId
from server.domain.roles import Right
from server.web import access
from server.web.api.operation import (
    NO_SECRET,
    VERSIONED,
    Asked,
    Method,
    Operation,
    made,
    reply,
    versioned,
)
from server.web.context import public_url, web
from server.web.limits import claims, new_pairings
from server.web.schemas import (
    BlocksOfDay,
    Claim,
    NewDevice,
    NewPairing,
    Nothing,
    Paper,
    Report,
    Scan,
    Upload,
)
from server.wire_devices import (
    BlocksAnswer,
    ClaimAnswer,
    DeviceCard,
    DeviceCatalogue,
    DeviceReport,
    DevicesView,
    OfflineTicket,
    PairingAnswer,
    PaperAnswer,
    ReportAnswer,
    ScanAnswer,
    UploadAnswer,
)

_SECRET = re.compile(r"[0-9A-Z]{13}")


def _pair(asked: Asked[NewPairing]) -> Response:
    wanted = asked.input
    answer = devices.open_pairing(
        hall=web().hall, kind=wanted.kind, name=wanted.name, version=wanted.version
    )
    return reply(answer, 201)


def _claim(asked: Asked[Claim]) -> Response:
    return reply(devices.claim_token(hall=web().hall, claim=asked.input.claim))


def _accept(asked: Asked[NewDevice]) -> Response:
    return made(
        devices.accept_device(
            hall=web().hall,
            caller=access.caller(),
            code=asked.input.code,
            name=asked.input.name,
            printer=asked.input.printer,
            key=asked.key,
        )
    )


def _view(asked: Asked[Nothing]) -> Response:
    hall = web().hall
    with hall.store.read() as connection:
        branch = reads.branch_by_slug(connection, asked.branch)
        return versioned(
            branch.seq, lambda: device_views.devices(connection, branch, hall.clock.now())
        )


def _revoke(asked: Asked[Nothing]) -> Response:
    return made(
        devices.revoke_device(
            hall=web().hall, caller=access.caller(), device_id=asked.device, key=asked.key
        )
    )


def _catalogue(_asked: Asked[Nothing]) -> Response:
    with web().hall.store.read() as connection:
        branch = reads.branch(connection, access.caller().branch)
        found = _catalogue_of(connection, branch)
    return versioned(found.version, lambda: found)


def _lease(asked: Asked[BlocksOfDay]) -> Response:
    return made(
        offline.lease_blocks(
            hall=web().hall, caller=access.caller(), day=asked.input.day, key=asked.key
        )
    )


def _upload(asked: Asked[Upload]) -> Response:
    found = [OfflineTicket(**msgspec.structs.asdict(each)) for each in asked.input.tickets]
    return made(
        offline.keep_tickets(hall=web().hall, caller=access.caller(), tickets=found, key=asked.key)
    )


def _report(asked: Asked[Report]) -> Response:
    hall, caller = web().hall, access.caller()
    report = DeviceReport(**msgspec.structs.asdict(asked.input))
    devices.report_device(hall=hall, caller=caller, report=report)
    with hall.store.read() as connection:
        branch = reads.branch(connection, caller.branch)
        found = _catalogue_of(connection, branch)
        device = rows.device(connection, branch.id, caller.require_device())
        state = device_views.display_state(connection, device) if device.display else None
    return reply(
        ReportAnswer(seq=branch.seq, at=found.at, catalogue_version=found.version, display=state)
    )


def _scan(asked: Asked[Scan]) -> Response:
    text = asked.input.secret.upper()
    answer = scan_ticket(
        hall=web().hall,
        caller=access.caller(),
        secret=Secret(text) if _SECRET.fullmatch(text) else NO_SECRET,
        reinstate=asked.input.reinstate,
        key=asked.key,
    )
    return reply(answer)


def _paper(asked: Asked[Paper]) -> Response:
    return made(
        offline.note_paper(
            hall=web().hall,
            caller=access.caller(),
            ticket_id=TicketId(asked.input.ticket),
            state=asked.input.state,
            reason=asked.input.reason,
            key=asked.key,
        )
    )


def _catalogue_of(connection: Connection, branch: Branch) -> DeviceCatalogue:
    return device_views.catalogue(
        connection, branch, public_url=public_url(web().config), now=web().hall.clock.now()
    )


OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="open_pairing",
        method=Method.POST,
        path="/pairings",
        summary="A new device asks for a code to show; an administrator types it.",
        handler=_pair,
        input=NewPairing,
        answers={201: PairingAnswer},
        refusals=(TooManyPairings,),
        is_public=True,
        limited_by=new_pairings,
    ),
    Operation(
        name="claim_token",
        method=Method.POST,
        path="/pairings/claims",
        summary="The device asks whether its code was accepted, and fetches its token.",
        handler=_claim,
        input=Claim,
        answers={200: ClaimAnswer},
        refusals=(PairingExpired,),
        is_public=True,
        limited_by=claims,
    ),
    Operation(
        name="accept_device",
        method=Method.POST,
        path="/branches/{branch}/devices",
        summary="Let the device that shows this code into the branch.",
        handler=_accept,
        input=NewDevice,
        answers={201: DeviceCard, 200: DeviceCard},
        refusals=(UnknownPairing, KeyReused),
        right=Right.ADMINISTER,
    ),
    Operation(
        name="view_devices",
        method=Method.GET,
        path="/branches/{branch}/views/devices",
        summary="Every device of the branch and every printer of its server, with state and fault.",
        handler=_view,
        input=Nothing,
        answers={200: DevicesView, 304: None},
        headers=VERSIONED,
        right=Right.READ_EVENTS,
    ),
    Operation(
        name="revoke_device",
        method=Method.POST,
        path="/branches/{branch}/devices/{device}/revocation",
        summary="Shut a device out for good; its token stops within a second.",
        handler=_revoke,
        input=Nothing,
        answers={201: DeviceCard, 200: DeviceCard},
        refusals=(UnknownDevice, KeyReused),
        right=Right.ADMINISTER,
    ),
    Operation(
        name="read_catalogue",
        method=Method.GET,
        path="/device/catalogue",
        summary="Everything that a kiosk needs to work alone.",
        handler=_catalogue,
        input=Nothing,
        answers={200: DeviceCatalogue, 304: None},
        headers=VERSIONED,
    ),
    Operation(
        name="lease_blocks",
        method=Method.POST,
        path="/device/blocks",
        summary="Numbers of every service for a day without the server: the same ones when asked again.",
        handler=_lease,
        input=BlocksOfDay,
        answers={201: BlocksAnswer, 200: BlocksAnswer},
        refusals=(DayNotLeasable, KeyReused),
        right=Right.ISSUE,
    ),
    Operation(
        name="keep_tickets",
        method=Method.POST,
        path="/device/tickets",
        summary="Tickets that a kiosk gave out by itself, at most 100, each judged on its own.",
        handler=_upload,
        input=Upload,
        answers={201: UploadAnswer, 200: UploadAnswer},
        refusals=(KeyReused,),
        right=Right.ISSUE,
    ),
    Operation(
        name="report_device",
        method=Method.POST,
        path="/device/reports",
        summary="How the device is; every ten seconds at the latest.",
        handler=_report,
        input=Report,
        answers={200: ReportAnswer},
    ),
    Operation(
        name="scan_ticket",
        method=Method.POST,
        path="/device/scans",
        summary="The ticket whose QR was shown to a kiosk; a missed one can be put back.",
        handler=_scan,
        input=Scan,
        answers={200: ScanAnswer},
        refusals=(UnknownTicket, KeyReused),
        right=Right.ISSUE,
    ),
    Operation(
        name="note_paper",
        method=Method.POST,
        path="/device/papers",
        summary="What became of the paper that the kiosk printed by itself.",
        handler=_paper,
        input=Paper,
        answers={201: PaperAnswer, 200: PaperAnswer},
        refusals=(UnknownTicket, KeyReused),
        right=Right.ISSUE,
    ),
)
