"""Displays set up, asked and heard: what each leaves behind, and who is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from server.actions import devices, displays, housekeeping
from server.actions.hall import Caller
from server.db import device_views, outbox, reads
from server.db import devices as device_rows
from server.db import displays as rows
from server.domain.errors import Invalid, KeyReused, NotAllowed, UnknownDevice
from server.domain.events import EventKind
from server.domain.ids import DeviceId, Seq
from server.domain.roles import Role
from server.domain.speech import GRANT, SPEECH_KEPT
from server.wire_devices import DeviceCard, DeviceReport
from server.wire_displays import DisplaySettings, DisplayState, OrderKind, SpeechAnswer, SpeechStep
from tests.builders import Town
from tests.machines import operator, paired

CALL = "A001/1/1780300800"
JPEG = b"\xff\xd8\xff\xe0 a picture"
WELL = DeviceReport(version="1.0", printer_state="none", sound="ok", page="ok")


def a_display(town: Town, **settings: Any) -> Caller:
    """A new screen of the hall."""
    display, _ = paired(town, kind="display")
    if settings:
        change(town, display, **settings)
    return display


def change(town: Town, display: Caller, key: str | None = None, **settings: Any) -> DeviceCard:
    """Set it up."""
    return displays.change_display(
        hall=town.hall,
        caller=operator(town),
        device_id=display.require_device(),
        settings=DisplaySettings(**settings),
        key=key,
    ).value


def order(town: Town, display: Caller, kind: OrderKind, key: str | None = None) -> None:
    """Ask it for something."""
    displays.order_display(
        hall=town.hall,
        caller=town.agents[0],
        device_id=display.require_device(),
        order=kind,
        key=key,
    )


def speak(
    town: Town, display: Caller, step: SpeechStep = "begin", call: str = CALL
) -> SpeechAnswer:
    """One request of the display's program."""
    return displays.speak(hall=town.hall, caller=display, call=call, step=step)


def card(town: Town, display: Caller) -> DeviceCard:
    """What staff see of it."""
    with town.hall.store.read() as connection:
        branch = reads.branch(connection, town.branch)
        view = device_views.devices(connection, branch, town.clock.now())
    return next(each for each in view.devices if each.id == display.device)


def told(town: Town, *kinds: EventKind) -> list[dict[str, Any]]:
    """The data of all events of these kinds."""
    with town.hall.store.read() as connection:
        found = outbox.events_after(connection, town.branch, Seq(0))
    return [dict(each.event.data) for each in found if each.event.kind in kinds]


def test_settings_are_kept_whole_and_told_once(town: Town) -> None:
    display = a_display(town)
    changed = change(town, display, room="hall", mode="side", desk=2, lines=("b",), speaks=("a",))
    assert changed.display == card(town, display).display
    assert changed.display
    assert changed.display.settings.lines == ("b",)
    change(town, display, room="hall", mode="side", desk=2, lines=("b",), speaks=("a",))
    assert told(town, EventKind.DISPLAY_CHANGED) == [{"device": display.device}]
    back = change(town, display)
    assert back.display
    assert back.display.settings == DisplaySettings()


def test_each_change_of_a_display_is_of_a_later_seq(town: Town) -> None:
    display = a_display(town)

    def state() -> DisplayState:
        with town.hall.store.read() as connection:
            device = device_rows.device(connection, town.branch, display.require_device())
            return device_views.display_state(connection, device)

    seen = [state()]
    for change_it in (
        lambda: change(town, display, volume_percent=10),
        lambda: order(town, display, "identify"),
        lambda: change(town, display, volume_percent=90),
    ):
        change_it()
        seen.append(state())
    assert [each.settings.volume_percent for each in seen] == [80, 10, 10, 90]
    assert sorted({each.seq for each in seen}) == [each.seq for each in seen]


def test_a_bad_setting_changes_nothing(town: Town) -> None:
    display = a_display(town, room="hall")
    for bad in ({"lines": ("x",)}, {"desk": 9}, {"room": "#1"}, {"speaks": ("x",)}):
        with pytest.raises(Invalid) as refused:
            change(town, display, **bad)
        assert refused.value.details["field"] in bad
    found = card(town, display).display
    assert found
    assert found.settings == DisplaySettings(room="hall")
    assert len(told(town, EventKind.DISPLAY_CHANGED)) == 1


def test_the_same_request_twice_is_the_same_answer(town: Town) -> None:
    display = a_display(town)
    first = change(town, display, key="1", room="hall")
    change(town, display, key="2", room="other")
    assert change(town, display, key="1", room="hall") == first
    with pytest.raises(KeyReused):
        change(town, display, key="1", room="another")
    for _ in range(2):
        order(town, display, "reload", key="press")
    assert told(town, EventKind.DISPLAY_ORDERED) == [
        {"device": display.device, "order": "reload", "count": 1}
    ]


def test_who_may_set_up_and_who_may_ask(town: Town) -> None:
    display, kiosk = a_display(town), paired(town)[0]
    supervisor, agent = town.agents[:2]
    target = display.require_device()
    for caller in (supervisor, agent, display, kiosk):
        with pytest.raises(NotAllowed):
            displays.change_display(
                hall=town.hall,
                caller=caller,
                device_id=target,
                settings=DisplaySettings(),
                key=None,
            )
    for caller in (agent, display, kiosk):
        with pytest.raises(NotAllowed):
            displays.order_display(
                hall=town.hall, caller=caller, device_id=target, order="reload", key=None
            )
    for unknown in (kiosk.require_device(), DeviceId(999)):
        with pytest.raises(UnknownDevice):
            displays.order_display(
                hall=town.hall, caller=supervisor, device_id=unknown, order="reload", key=None
            )


def test_a_revoked_display_is_out(town: Town) -> None:
    display = a_display(town)
    devices.revoke_device(
        hall=town.hall, caller=operator(town), device_id=display.require_device(), key=None
    )
    with pytest.raises(UnknownDevice):
        change(town, display, room="hall")
    with pytest.raises(NotAllowed):
        speak(town, display)
    with pytest.raises(NotAllowed):
        displays.keep_screenshot(hall=town.hall, caller=display, order=1, jpeg=JPEG, key=None)


def test_a_picture_answers_its_order(town: Town) -> None:
    display = a_display(town)

    def keep(number: int, jpeg: bytes = JPEG) -> bool:
        return displays.keep_screenshot(
            hall=town.hall, caller=display, order=number, jpeg=jpeg, key=None
        ).is_new

    with pytest.raises(Invalid):
        keep(1)
    order(town, display, "screenshot")
    order(town, display, "screenshot")
    assert keep(2)
    assert not keep(1, JPEG + b"late"), "an older one never replaces a newer one"
    assert not keep(2, JPEG + b"again")
    with town.hall.store.read() as connection:
        found = rows.picture(connection, town.branch, display.require_device())
    assert found == (JPEG, town.clock.now())
    shown = card(town, display).display
    assert shown
    assert shown.screenshot_at == town.clock.now()
    assert told(town, EventKind.DISPLAY_PICTURED) == [{"device": display.device, "count": 2}]


def test_one_display_of_a_room_speaks_and_another_takes_over(town: Town) -> None:
    one, two = (a_display(town, room="hall") for _ in range(2))
    alone = a_display(town)
    seq = Seq(len(told(town, *EventKind)))
    assert speak(town, one).is_granted
    assert not speak(town, two).is_granted
    assert speak(town, alone).is_granted, "a display without a room has one to itself"
    assert speak(town, one, "going").leader == one.device
    town.clock.advance(GRANT)
    assert speak(town, two).is_granted, "the leader died in the middle of its sentence"
    assert not speak(town, one, "going").is_granted
    done = speak(town, two, "said")
    assert (done.is_said, done.leader) == (True, two.device)
    assert speak(town, one).is_said
    assert [
        shown.is_leader for each in (one, two, alone) if (shown := card(town, each).display)
    ] == [False, True, True]
    assert len(told(town, *EventKind)) == seq, "the queue does not hear of it"


def test_two_calls_are_not_said_at_once_in_one_room(town: Town) -> None:
    one, two = a_display(town, room="hall", speaks=("a",)), a_display(town, room="hall")
    elsewhere = a_display(town, room="stairs")
    other = "B001/1/1780300801"
    assert speak(town, one).is_granted
    refused = speak(town, two, call=other)
    assert (refused.is_granted, refused.is_said) == (False, False)
    assert refused.retry_seconds == GRANT.total_seconds()
    assert speak(town, elsewhere, call=other).is_granted
    speak(town, one, "said")
    assert speak(town, two, call=other).is_granted
    assert not speak(town, one, call="A002/1/1780300802").is_granted
    town.clock.advance(GRANT)
    assert speak(town, one, call="A002/1/1780300802").is_granted, "it died in mid-sentence"
    assert not speak(town, two, "going", call=other).is_granted, "another is heard now"


def test_told_late_that_it_was_said_nobody_says_it_again_and_nobody_talks_over_who_does(
    town: Town,
) -> None:
    one, two = (a_display(town, room="hall") for _ in range(2))
    other = "B001/1/1780300801"
    speak(town, one)
    town.clock.advance(GRANT)
    assert speak(town, two).is_granted, "the first was cut off in its last words"
    assert speak(town, one, "said").is_said
    assert not speak(town, one, call=other).is_granted, "the second still sounds"
    assert speak(town, two, "going").is_said, "and stops at its next word"
    town.clock.advance(GRANT)
    assert speak(town, two).is_said
    assert speak(town, one, call=other).is_granted


def test_a_recall_is_another_call(town: Town) -> None:
    display = a_display(town)
    speak(town, display)
    speak(town, display, "said")
    assert speak(town, display, call="A001/2/1780300830").is_granted


def test_a_silent_display_is_not_let_speak(town: Town) -> None:
    silent, other = a_display(town, room="hall", is_silent=True), a_display(town, room="hall")
    assert not speak(town, silent).is_granted
    assert speak(town, other).is_granted


def test_what_a_display_said_before_it_was_silenced_was_said(town: Town) -> None:
    one, other = (a_display(town, room="hall") for _ in range(2))
    assert speak(town, one).is_granted
    change(town, one, room="hall", is_silent=True)
    assert speak(town, one, "said").is_said
    town.clock.advance(GRANT)
    assert speak(town, other).is_said


def test_a_room_is_heard_again_after_the_clock_was_set_back(town: Town) -> None:
    one, two = (a_display(town, room="hall") for _ in range(2))
    speak(town, one)
    speak(town, one, "said")
    town.clock.advance(-timedelta(hours=1))
    assert speak(town, two, call="B001/1/1780300801").is_granted


def test_only_a_display_speaks(town: Town) -> None:
    kiosk, _ = paired(town)
    unpaired = Caller(scope="x", role=Role.DISPLAY, branch=town.branch)
    for caller in (kiosk, unpaired, operator(town), town.agents[0]):
        with pytest.raises(NotAllowed):
            speak(town, caller)


def test_a_screen_that_lost_its_sound_is_told_and_silencing_it_mends_it(town: Town) -> None:
    display = a_display(town)

    def report(**changes: Any) -> None:
        values = {"version": "1.0", "printer_state": "none", "sound": "ok", "page": "ok"}
        devices.report_device(
            hall=town.hall, caller=display, report=DeviceReport(**{**values, **changes})
        )

    report(painted_seq=1, painted_at=town.clock.now())
    report(painted_seq=2, painted_at=town.clock.now())
    report(painted_seq=2, painted_at=town.clock.now(), sound="fault")
    found = card(town, display)
    assert (found.state, found.fault) == ("fault", "no_sound")
    assert found.display
    assert (found.display.painted_seq, found.display.sound) == (2, "fault")
    assert [each["state"] for each in told(town, EventKind.DEVICE_CHANGED)] == ["ok", "fault"]
    with town.hall.store.read() as connection:
        branch = reads.branch(connection, town.branch)
        (notice,) = device_views.notices(connection, branch, town.clock.now())
    assert notice.fault == "no_sound"
    report(page="none")
    with town.hall.store.read() as connection:
        branch = reads.branch(connection, town.branch)
        (notice,) = device_views.notices(connection, branch, town.clock.now())
    assert notice.fault == "no_page", "agents say the numbers aloud"
    report(sound="fault")
    assert change(town, display, is_silent=True).state == "ok"
    assert change(town, display, is_silent=False).fault == "no_sound"
    report(clock_skew_seconds=90.0)
    with town.hall.store.read() as connection:
        branch = reads.branch(connection, town.branch)
        notices = device_views.notices(connection, branch, town.clock.now())
    assert card(town, display).fault == "clock_wrong"
    assert notices == (), "an agent can do nothing about a screen's clock"


def test_old_speech_is_forgotten(town: Town) -> None:
    display = a_display(town)
    speak(town, display)
    town.clock.advance(SPEECH_KEPT)
    assert housekeeping.forget_speech(hall=town.hall) == 0
    town.clock.advance(timedelta(seconds=1))
    assert housekeeping.forget_speech(hall=town.hall) == 1
