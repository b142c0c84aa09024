"""`nouba voice` as an operator types it."""

from __future__ import annotations

import math
from array import array

import pytest

from server.voice import find_espeak, sound
from server.voice.rendering import alone
from tests.test_cli import Operator, operator, oujda
from tests.voice.test_speaking import espeak

__all__ = ["operator"]


def lines(text: str) -> dict[str, str]:
    """The state of each file of a list."""
    rows = (line.split() for line in text.splitlines() if ".wav" in line.split(" ", 1)[0])
    return {row[0]: row[-1] for row in rows}


def test_what_a_person_records_is_listed_in_order_of_need(operator: Operator) -> None:
    oujda(operator)
    text = operator.succeeds("voice", "list", "--language", "zgh")
    found = lines(text)
    assert "zgh: 0 of" in text
    assert set(found.values()) == {"MISSING"}
    files = list(found)
    assert files[0] == "ⵜⴰⵙⵉⵔⴰ.wav"
    assert files[1] == "ⵜⴰⵡⵔⵉⵇⵜ.wav"
    assert {"a.wav", "1.wav", "99.wav", "100-ⴷ.wav", "900.wav"} <= found.keys()
    assert len(files) < 130, "an afternoon's work"
    folder = operator.data / "recordings" / "zgh"
    folder.mkdir(parents=True)
    tone = array("h", (round(9000 * math.sin(place / 40)) for place in range(sound.RATE // 4)))
    (folder / "a.wav").write_bytes(sound.write(tone))
    (folder / "12.wav").write_bytes(b"ID3 this is an mp3")
    text = operator.succeeds("voice", "list", "--language", "zgh")
    assert "zgh: 1 of" in text
    assert lines(text)["a.wav"] == "recording"
    assert "BROKEN FILE" in next(line for line in text.splitlines() if line.startswith("12.wav"))
    missing = lines(operator.succeeds("voice", "list", "--language", "zgh", "--missing"))
    assert "a.wav" not in missing
    assert "12.wav" in missing


def test_who_renders_while_the_server_does_is_told_so(operator: Operator) -> None:
    oujda(operator)
    with alone(operator.data / "voice"):
        assert "already" in operator.is_refused("voice", "render", "--numbers", "1")


@pytest.mark.voice
def test_a_branch_is_rendered_once(operator: Operator) -> None:
    espeak()
    assert find_espeak()
    oujda(operator)
    asked = ("voice", "render", "--numbers", "3", "--language", "ar")
    first = operator.succeeds(*asked)
    files = list((operator.data / "voice" / "ar").glob("*.wav"))
    assert f"{len(files)} fragments made" in first
    assert len(files) >= 3
    assert "0 fragments made" in operator.succeeds(*asked)
