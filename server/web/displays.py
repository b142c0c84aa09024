"""Screens of the hall, for staff: the page on which one is set up, what is asked of them, their pictures."""

from __future__ import annotations

import re

from flask import Blueprint, Response, redirect, request, url_for

from server.actions import displays
from server.db import devices as rows
from server.db import reads, views
from server.domain.displays import ORDER_KINDS, ROOM_LENGTH_MAX
from server.domain.errors import Invalid, NotFound, Refusal, UnknownDevice
from server.domain.ids import DeviceId
from server.domain.roles import Right
from server.pages.answers import html
from server.pages.errors import status_of
from server.pages.forms import FIELD_LENGTH_MAX, Form, idempotency_key, number
from server.pages.rendering import new_key, renderer
from server.web import access
from server.web.api.displays import picture
from server.web.context import web
from server.wire_displays import BoardMode, DisplaySettings

pages = Blueprint("displays", __name__, url_prefix="/devices")
_NUMBER = re.compile(r"[0-9]{1,3}")
_NO_VOLUME = -1
"""Refused by the domain, like any other that is none."""


@pages.get("/displays/<int(max=999999999999999999):device>")
def show(device: int) -> Response:
    """The form."""
    access.caller().require(Right.ADMINISTER)
    return _page(DeviceId(device), None, None)


@pages.post("/displays/<int(max=999999999999999999):device>")
def change(device: int) -> Response:
    """Set a display up; back to the list."""
    access.caller().require(Right.ADMINISTER)
    key = idempotency_key(request.form)
    wanted = _settings(request.form)
    try:
        displays.change_display(
            hall=web().hall,
            caller=access.caller(),
            device_id=DeviceId(device),
            settings=wanted,
            key=key,
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(DeviceId(device), refusal, wanted)
    return _to_device(device)


@pages.post("/orders")
def order() -> Response:
    """Ask a display for something: the button's name is the order, its value the device."""
    key = idempotency_key(request.form)
    kind = next((each for each in ORDER_KINDS if each in request.form), None)
    if kind is None:
        raise Invalid("nothing was asked for", field="order")
    device = number(request.form, kind)
    displays.order_display(
        hall=web().hall,
        caller=access.caller(),
        device_id=DeviceId(device),
        order=kind,
        key=key,
    )
    return _to_device(device)


@pages.get("/screenshots/<int(max=999999999999999999):device>")
def screenshot(device: int) -> Response:
    """The last picture that a display sent."""
    return picture(access.caller().branch, DeviceId(device))


def _settings(form: Form) -> DisplaySettings:
    """What was typed, as it was meant; what makes no sense is refused by the domain, which names the field."""
    mode: BoardMode = "side" if form.get("mode") == "side" else "rotate"
    desk, volume = form.get("desk", "").strip(), form.get("volume", "").strip()
    if desk and _NUMBER.fullmatch(desk) is None:
        raise Invalid("desk must be a whole number", field="desk")
    return DisplaySettings(
        room=form.get("room", "")[:FIELD_LENGTH_MAX],
        mode=mode,
        desk=int(desk) if desk else None,
        lines=tuple(form.getlist("lines")),
        speaks=tuple(form.getlist("speaks")),
        is_silent="voice" not in form,
        volume_percent=int(volume) if _NUMBER.fullmatch(volume) else _NO_VOLUME,
    )


def _page(device_id: DeviceId, refusal: Refusal | None, typed: DisplaySettings | None) -> Response:
    hall, member = web().hall, access.staff_member()
    with hall.store.read() as connection:
        branch = reads.branch(connection, member.branch)
        catalogue = reads.catalogue(connection, branch)
        device = rows.device(connection, branch.id, device_id)
        others = rows.devices_of(connection, branch.id)
        card = views.branch_card(branch)
    if device.display is None or device.revoked_at is not None:
        raise UnknownDevice("this branch has no such display", device=device_id)
    rooms = {each.display.settings.room for each in others if each.display} - {""}
    problem = None
    if refusal is not None:
        problem = {"code": refusal.code, "message": refusal.message, **refusal.details}
    text = renderer().render(
        "devices/display.html",
        member.agent.language.value,
        branch=card,
        agent=member.agent.name,
        device=device,
        settings=typed or device.display.settings,
        services=[
            {"code": each.code, "letter": each.letter, "names": views.plain(each.names)}
            for each in catalogue.services
        ],
        desks=sorted(each.number for each in catalogue.desks),
        rooms=sorted(rooms),
        room_length_max=ROOM_LENGTH_MAX,
        refusal=problem,
        key=new_key(),
    )
    return html(text, 200 if refusal is None else status_of(refusal))


def _to_device(device: int) -> Response:
    answer = redirect(url_for("devices.show", _anchor=f"device-{device}"), 303)
    return Response(answer.get_data(), answer.status_code, answer.headers)
