"""A display without sound: staff know at once, the others of its room speak, and it comes back by itself."""

from __future__ import annotations

from pathlib import Path

from server.wire_displays import DisplaySettings
from tests.display_client.builders import call, state
from tests.display_client.fake_server import Town, serving
from tests.display_client.running import screen, until
from tests.display_client.test_speech import Hall


def sound_of(hall: Hall) -> str:
    """As it is reported now."""
    return hall.speaker.sound


def test_without_sound_from_the_start_staff_know_before_the_first_call(tmp_path: Path) -> None:
    """Found: without a player it was "ok" until its first call failed, and was asked to speak until then."""
    hall = Hall(tmp_path)
    assert sound_of(hall) == "unknown", "nothing is said of what was not tried"
    hall.led_by(1)
    hall.loudspeaker.is_broken = True
    hall.turns(0.1)
    assert sound_of(hall) == "fault"
    hall.shows(call("A001", 1))
    hall.turns(5)
    assert hall.grants.asked == [], "the room is left to the others"


def test_without_sound_it_does_not_ask_and_shows_the_call(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    hall.led_by(1)
    hall.turns(0.1)
    hall.loudspeaker.is_broken = True
    hall.shows(call("A001", 1))
    hall.turns(2)
    assert sound_of(hall) == "fault"
    asked = len(hall.grants.asked)
    hall.turns(6)
    assert len(hall.grants.asked) == asked, "the room is left to the others"
    hall.loudspeaker.is_broken = False
    hall.turns(4)
    assert sound_of(hall) == "ok"
    assert hall.grants.steps()[-1] == ("A001", "said")


def test_an_audio_device_that_goes_is_reported_and_comes_back_by_itself(tmp_path: Path) -> None:
    town = Town(sentence_seconds=2.0)
    with serving(town) as server, screen(tmp_path, server.url) as one:
        until(lambda: one.display.socket.is_live, "it watches")
        first = server.call("A012", 3)
        until(lambda: one.heard("began") == [first], "it speaks")
        (one.sounds / "broken").touch()
        until(lambda: town.reports and town.reports[-1][1].sound == "fault", "staff are told")
        assert town.said == [], "it was not said"
        (one.sounds / "broken").unlink()
        until(lambda: one.heard() == [first], "said when there is sound again")
        until(lambda: town.reports and town.reports[-1][1].sound == "ok", "and staff are told so")
        until(lambda: town.said == [(1, first)], "and the server, once")


def test_a_display_without_a_player_says_so_and_another_of_its_room_speaks(tmp_path: Path) -> None:
    """Found: it was "ok" until its first call failed, and that call was late."""
    town = Town(sentence_seconds=0.4)
    for device in (1, 2):
        settings = DisplaySettings(room="hall")
        town.states[device] = state(device, settings=settings, leader=1)
    with (
        serving(town) as server,
        screen(tmp_path / "1", server.url, device=1, player="no-such-player") as one,
        screen(tmp_path / "2", server.url, device=2) as two,
    ):
        until(lambda: one.display.socket.is_live and two.display.socket.is_live, "both watch")

        def told(device: int) -> list[str]:
            return [report.sound for who, report in town.reports if who == device]

        until(lambda: "fault" in told(1) and "ok" in told(2), "staff are told, without any call")
        assert "ok" not in told(1)
        key = server.call("A012", 3)
        until(lambda: two.heard() == [key], "the other says it")
        assert {each.device for each in town.speech.values()} == {2}, "who has no sound did not ask"
