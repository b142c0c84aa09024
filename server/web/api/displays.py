"""Displays: set up and asked by staff; the screens themselves ask to speak and send their pictures."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response

from server.actions import displays
from server.db import displays as rows
from server.domain.errors import KeyReused, NoScreenshot, UnknownDevice
from server.domain.ids import BranchId, DeviceId
from server.domain.roles import Right
from server.web import access
from server.web.api.operation import Asked, Method, Operation, made, reply
from server.web.context import web
from server.web.openapi import PICTURE
from server.web.schemas import Display, DisplayOrder, DisplaySpeech, Nothing, Screenshot
from server.wire_devices import DeviceCard
from server.wire_displays import DisplaySettings, SpeechAnswer

SCREENSHOT_BODY_BYTES_MAX = 210_000
"""150,000 bytes in base64, and the JSON around them."""


def _speak(asked: Asked[DisplaySpeech]) -> Response:
    wanted = asked.input
    answer = displays.speak(
        hall=web().hall, caller=access.caller(), call=wanted.call, step=wanted.step
    )
    return reply(answer)


def _keep_screenshot(asked: Asked[Screenshot]) -> Response:
    wanted = asked.input
    return made(
        displays.keep_screenshot(
            hall=web().hall,
            caller=access.caller(),
            order=wanted.order,
            jpeg=wanted.jpeg,
            key=asked.key,
        )
    )


def _change(asked: Asked[Display]) -> Response:
    given = msgspec.structs.asdict(asked.input)
    lines, speaks = tuple(given.pop("lines")), tuple(given.pop("speaks"))
    return made(
        displays.change_display(
            hall=web().hall,
            caller=access.caller(),
            device_id=asked.device,
            settings=DisplaySettings(**given, lines=lines, speaks=speaks),
            key=asked.key,
        )
    )


def _order(asked: Asked[DisplayOrder]) -> Response:
    return made(
        displays.order_display(
            hall=web().hall,
            caller=access.caller(),
            device_id=asked.device,
            order=asked.input.order,
            key=asked.key,
        )
    )


def _screenshot(asked: Asked[Nothing]) -> Response:
    return picture(access.caller().branch, asked.device)


def picture(branch: BranchId, device: DeviceId) -> Response:
    """The screenshot of a display of this branch. Raises NoScreenshot."""
    with web().hall.store.read() as connection:
        found = rows.picture(connection, branch, device)
    if found is None:
        raise NoScreenshot("there is no screenshot of this device", device=device)
    jpeg, at = found
    answer = Response(jpeg, content_type=PICTURE)
    answer.headers["Cache-Control"] = "no-store"
    answer.last_modified = at
    return answer


OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="speak",
        method=Method.POST,
        path="/device/speech",
        summary="A display asks to speak a call in its room, goes on with it, or has said it to its end.",
        handler=_speak,
        input=DisplaySpeech,
        answers={200: SpeechAnswer},
    ),
    Operation(
        name="keep_screenshot",
        method=Method.PUT,
        path="/device/screenshot",
        summary="The picture that staff asked a display for, at most 150,000 bytes.",
        handler=_keep_screenshot,
        input=Screenshot,
        answers={201: DeviceCard, 200: DeviceCard},
        refusals=(KeyReused,),
        body_bytes_max=SCREENSHOT_BODY_BYTES_MAX,
    ),
    Operation(
        name="change_display",
        method=Method.PUT,
        path="/branches/{branch}/devices/{device}/display",
        summary="What a display shows and says from now on: all of it, in the place of what was.",
        handler=_change,
        input=Display,
        answers={201: DeviceCard, 200: DeviceCard},
        refusals=(UnknownDevice, KeyReused),
        right=Right.ADMINISTER,
    ),
    Operation(
        name="order_display",
        method=Method.POST,
        path="/branches/{branch}/devices/{device}/orders",
        summary="Ask a display once to load its page anew, to say which one it is, or for a picture.",
        handler=_order,
        input=DisplayOrder,
        answers={201: DeviceCard, 200: DeviceCard},
        refusals=(UnknownDevice, KeyReused),
        right=Right.SUPERVISE,
    ),
    Operation(
        name="read_screenshot",
        method=Method.GET,
        path="/branches/{branch}/devices/{device}/screenshot",
        summary="The last picture that a display sent.",
        handler=_screenshot,
        input=Nothing,
        answers={200: bytes},
        refusals=(NoScreenshot,),
        right=Right.READ_EVENTS,
    ),
)
