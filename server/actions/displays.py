"""Displays: how they are set up, what staff ask of them, their pictures, and which one speaks a call."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from server.actions.devices import require_device, require_in_use
from server.actions.hall import Answered, Caller, Hall, Step, perform, request_key
from server.db import devices as rows
from server.db import displays as display_rows
from server.db import reads
from server.db import speech as speech_rows
from server.db.device_views import display_card
from server.db.engine import Connection
from server.db.unit_of_work import UnitOfWork
from server.domain import displays, speech
from server.domain.devices import Device, state_of
from server.domain.displays import Display, room_of
from server.domain.errors import Invalid, NotAllowed, UnknownDevice
from server.domain.ids import BranchId, DeviceId
from server.domain.roles import Right, Role
from server.wire_devices import DeviceCard
from server.wire_displays import DisplaySettings, OrderKind, SpeechAnswer, SpeechStep

_TOLD = frozenset({"ok", "fault", "unknown"})
"""The states that come from a report, and so may be another one with other settings."""


def change_display(
    *,
    hall: Hall,
    caller: Caller,
    device_id: DeviceId,
    settings: DisplaySettings,
    key: str | None,
) -> Answered[DeviceCard]:
    """Set up a display: all of it, in the place of what was.

    Raises NotAllowed, UnknownDevice (also for a kiosk), Invalid with the field's name, KeyReused.
    """
    caller.require(Right.ADMINISTER)

    def step(work: UnitOfWork, now: datetime) -> Step[DeviceCard]:
        device, present = _display(work.connection, work.branch.id, device_id)
        catalogue = reads.catalogue(work.connection, work.branch)
        wanted = displays.checked(
            settings,
            services={each.code for each in catalogue.services},
            desks={each.number for each in catalogue.desks},
        )
        if wanted == present.settings:
            return Step(answer=display_card(work.connection, device, now), is_change=False)
        after = _with_settings(device, present, wanted)
        display_rows.save_display(work.connection, device.id, replace(present, settings=wanted))
        rows.save_device(work.connection, after)
        work.record_event(displays.changed(device.id, now))
        return Step(answer=display_card(work.connection, after, now))

    request = request_key(caller.scope, key, "change_display", device_id, settings)
    return perform(hall, caller.branch, request, DeviceCard, step)


def _with_settings(device: Device, present: Display, settings: DisplaySettings) -> Device:
    """The device with other settings: one that shall be silent lacks no sound any more."""
    state = device.state
    if state in _TOLD and device.last_seen_at is not None:
        state = state_of(device.kind, device.report, is_silent=settings.is_silent)
    return replace(device, display=replace(present, settings=settings), state=state)


def order_display(
    *, hall: Hall, caller: Caller, device_id: DeviceId, order: OrderKind, key: str | None
) -> Answered[DeviceCard]:
    """Ask a display once for something: to load its page anew, to say which one it is, for a picture.

    Raises NotAllowed, UnknownDevice (also for a kiosk), Invalid, KeyReused.
    """
    caller.require(Right.SUPERVISE)
    if order not in displays.ORDER_KINDS:
        raise Invalid(f"an order is {', '.join(displays.ORDER_KINDS)}", field="order")

    def step(work: UnitOfWork, now: datetime) -> Step[DeviceCard]:
        device, present = _display(work.connection, work.branch.id, device_id)
        orders, event = displays.ordered(device.id, present.orders, order, now)
        display_rows.save_display(work.connection, device.id, replace(present, orders=orders))
        work.record_event(event)
        return Step(answer=display_card(work.connection, device, now))

    request = request_key(caller.scope, key, "order_display", device_id, order)
    return perform(hall, caller.branch, request, DeviceCard, step)


def keep_screenshot(
    *, hall: Hall, caller: Caller, order: int, jpeg: bytes, key: str | None
) -> Answered[DeviceCard]:
    """Keep a display's picture of itself, the answer to an order; one that comes late is already so.

    Raises NotAllowed, Invalid, KeyReused.
    """
    _require_speaker(caller)

    def step(work: UnitOfWork, now: datetime) -> Step[DeviceCard]:
        device = require_device(work, caller)
        assert device.display is not None, "a display's token is a display's"
        displays.check_screenshot(jpeg, order, device.display.orders)
        if order <= display_rows.picture_order(work.connection, device.id):
            return Step(answer=display_card(work.connection, device, now), is_change=False)
        display_rows.save_picture(work.connection, device.id, order=order, jpeg=jpeg, now=now)
        work.record_event(displays.pictured(device.id, order, now))
        return Step(answer=display_card(work.connection, device, now))

    digest = hashlib.sha256(jpeg).hexdigest()
    request = request_key(caller.scope, key, "keep_screenshot", order, digest)
    return perform(hall, caller.branch, request, DeviceCard, step)


def speak(*, hall: Hall, caller: Caller, call: str, step: SpeechStep) -> SpeechAnswer:
    """Ask to speak a call in one's room, to go on with it, or tell that it was said to its end.

    Takes no branch lock and makes no event. The queue is not changed by it, nobody's screen shows it, and a
    speaker says "going" every 1.5 seconds: in front of every tap and every call that would be a queue of its own,
    and every screen would be painted anew. What must be decided once is who is heard in a room, and a lock of that
    room decides it.

    Raises NotAllowed for anybody but a display in use.
    """
    device_id = _require_speaker(caller)
    with hall.store.administer() as connection:
        device = rows.device(connection, caller.branch, device_id)
        require_in_use(device)
        assert device.display is not None, "a display's token is a display's"
        settings = device.display.settings
        room = room_of(device_id, settings)
        if settings.is_silent and step != "said":  # what was heard was heard
            return speech.may_not(speech_rows.leader(connection, caller.branch, room))
        speech_rows.lock_room(connection, caller.branch, room)
        # Read behind the lock: what was granted while this one waited for it must not look like the future's.
        now = hall.clock.now()
        other = speech_rows.other(connection, caller.branch, room, call, device=device_id, now=now)
        present = speech_rows.present(connection, caller.branch, room, call)
        after = speech.decided(present, device=device_id, step=step, now=now, other=other)
        if present is None and after is not None:
            speech_rows.begin(connection, caller.branch, room, call, after)
        elif after is not None and after != present:
            speech_rows.save(connection, caller.branch, room, call, after)
        leader = speech_rows.leader(connection, caller.branch, room)
    return speech.answer(after, device=device_id, now=now, leader=leader, other=other)


def _display(
    connection: Connection, branch: BranchId, device_id: DeviceId
) -> tuple[Device, Display]:
    device = rows.device(connection, branch, device_id)
    if device.display is None or device.revoked_at is not None:
        raise UnknownDevice("this branch has no such display", device=device_id)
    return device, device.display


def _require_speaker(caller: Caller) -> DeviceId:
    """The display that asks: a kiosk is a paired device too, and has nothing to say to a hall."""
    if caller.role is not Role.DISPLAY:
        raise NotAllowed("only a display can do this", role=caller.role)
    return caller.require_device()
