"""The machines' page: kiosks, screens and printers, live; administrators let devices in and shut them out."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for

from server.actions import devices
from server.db import device_views, reads
from server.domain.errors import Refusal
from server.domain.ids import DeviceId
from server.domain.roles import Right, rights_of
from server.pages.answers import live_page
from server.pages.errors import status_of
from server.pages.forms import field, idempotency_key, number
from server.pages.rendering import new_key
from server.web import access
from server.web.context import web

pages = Blueprint("devices", __name__, url_prefix="/devices")


@pages.get("")
def show() -> Response:
    """The list."""
    return _page(None)


@pages.post("/acceptances")
def accept() -> Response:
    """Let the device in that shows the code."""
    key = idempotency_key(request.form)
    try:
        devices.accept_device(
            hall=web().hall,
            caller=access.caller(),
            code=field(request.form, "code"),
            name=request.form.get("name", "").strip() or None,
            printer=request.form.get("printer") or None,
            key=key,
        )
    except Refusal as refusal:
        return _page(refusal)
    return _to_list()


@pages.post("/revocations")
def revoke() -> Response:
    """Shut a device out for good."""
    key = idempotency_key(request.form)
    try:
        devices.revoke_device(
            hall=web().hall,
            caller=access.caller(),
            device_id=DeviceId(number(request.form, "device")),
            key=key,
        )
    except Refusal as refusal:
        return _page(refusal)
    return _to_list()


def _page(refusal: Refusal | None) -> Response:
    hall, member = web().hall, access.staff_member()
    with hall.store.read() as connection:
        branch = reads.branch(connection, member.branch)
        view = device_views.devices(connection, branch, hall.clock.now())
    problem = None
    if refusal is not None:
        problem = {"code": refusal.code, "message": refusal.message, **refusal.details}
    answer = live_page(
        "devices/devices.html",
        "devices/_devices.html",
        member.agent.language.value,
        view.seq,
        view=view,
        administers=Right.ADMINISTER in rights_of(member.agent.role),
        agent=member.agent.name,
        typed=request.form,
        refusal=problem,
        key=new_key(),
    )
    if refusal is not None:
        answer.status_code = status_of(refusal)
    return answer


def _to_list() -> Response:
    answer = redirect(url_for("devices.show"), 303)
    return Response(answer.get_data(), answer.status_code, answer.headers)
