"""The calls of a board as sound: only what can be a call, loudly limited for strangers, never for a hall."""

from __future__ import annotations

import math
from array import array
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from server.clock import SystemChance
from server.voice import chime, fragment_name, sound
from server.voice.calls import recordable
from server.web.limits import COMPOSED_PER_MINUTE
from tests.builders import Town, build_town
from tests.web.builders import open_site, problem_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
MANY = int(COMPOSED_PER_MINUTE.split()[0]) + 1


def record_everything(data: Path, language: str, *, pitch: int = 40) -> None:
    """Each fragment of every call of a small town, so that no engine is needed."""
    tone = array("h", (round(9000 * math.sin(place / pitch)) for place in range(sound.RATE // 20)))
    folder = data / "recordings" / language
    folder.mkdir(parents=True, exist_ok=True)
    for phrase in recordable(language, "ABCDE", range(1, 10)):
        (folder / f"{fragment_name(phrase.words)}.wav").write_bytes(sound.write(tone))


def say(client: FlaskClient, town: Town, language: str = "fr", **asked: object) -> str:
    """The address of a sentence."""
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return f"/board/{town.slug}/say/{language}.wav?{query}"


def test_the_chime_is_public_and_kept(town: Town, tmp_path: Path) -> None:
    client = open_site(town, tmp_path).app.test_client()
    address = f"/board/{town.slug}/say/chime.wav"
    answer = client.get(address)
    assert (answer.status_code, answer.content_type) == (200, "audio/wav")
    assert answer.data == chime()
    kept = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (kept.status_code, kept.data) == (304, b"")
    assert client.get("/board/nowhere/say/chime.wav").status_code == 404
    (tmp_path / "recordings").mkdir()
    gong = array("h", (round(9000 * math.sin(place / 90)) for place in range(sound.RATE)))
    (tmp_path / "recordings" / "chime.wav").write_bytes(sound.write(gong))
    changed = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert changed.data == sound.write(sound.prepared(gong)), "the town hall's own"


def test_a_call_is_said_and_a_new_recording_is_heard_at_once(town: Town, tmp_path: Path) -> None:
    record_everything(tmp_path, "zgh")
    client = open_site(town, tmp_path).app.test_client()
    address = say(client, town, "zgh", number="A112", desk=1)
    answer = client.get(address)
    assert (answer.status_code, answer.content_type) == (200, "audio/wav")
    assert sound.read(answer.data)
    known = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(address, headers=known).status_code == 304
    record_everything(tmp_path, "zgh", pitch=20)
    again = client.get(address, headers=known)
    assert again.status_code == 200
    assert again.data != answer.data


def test_each_branch_is_said_with_its_own_recordings(town: Town, tmp_path: Path) -> None:
    other = build_town(town.url, town.engine, SystemChance())
    record_everything(tmp_path, "zgh")
    client = open_site(town, tmp_path).app.test_client()

    def heard() -> tuple[bytes, bytes]:
        first, second = (
            client.get(say(client, each, "zgh", number="A112", desk=1)) for each in (town, other)
        )
        return first.data, second.data

    before = heard()
    assert before[0] == before[1]
    own = tmp_path / "recordings" / town.slug
    tone = array("h", (round(9000 * math.sin(place / 20)) for place in range(sound.RATE // 2)))
    (own / "zgh").mkdir(parents=True)
    (own / "zgh" / "12.wav").write_bytes(sound.write(tone))
    (own / "chime.wav").write_bytes(sound.write(tone))
    after = heard()
    assert after[1] == before[1]
    assert len(after[0]) > len(before[0])
    assert client.get(f"/board/{other.slug}/say/chime.wav").data == chime()
    assert client.get(f"/board/{town.slug}/say/chime.wav").data != chime()


def test_without_all_recordings_there_is_no_amazigh(town: Town, tmp_path: Path) -> None:
    record_everything(tmp_path, "zgh")
    (tmp_path / "recordings" / "zgh" / "12.wav").unlink()
    client = open_site(town, tmp_path).app.test_client()
    answer = client.get(say(client, town, "zgh", number="A012", desk=1))
    assert problem_of(answer) == (404, "no_voice")
    assert client.get(say(client, town, "zgh", number="A013", desk=1)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 422),
        ({"number": "A012"}, 422),
        ({"number": "A012", "desk": "x"}, 422),
        ({"number": "A012", "desk": "%D9%A1"}, 422),
        ({"number": "A12", "desk": 1}, 422),
        ({"number": "a012", "desk": 1}, 422),
        ({"number": "A0123", "desk": 1}, 422),
        ({"number": "Bonjour", "desk": 1}, 422),
        ({"number": "A%D9%A0%D9%A1%D9%A2", "desk": 1}, 422),
        ({"number": "A012", "desk": 98}, 404),
        ({"number": "A012", "desk": "9" * 400}, 422),
    ],
)
def test_nothing_else_can_be_said(
    town: Town, tmp_path: Path, asked: dict[str, object], status: int
) -> None:
    record_everything(tmp_path, "zgh")
    client = open_site(town, tmp_path).app.test_client()
    assert client.get(say(client, town, "zgh", **asked)).status_code == status


def test_there_is_no_other_language_and_no_other_branch(town: Town, tmp_path: Path) -> None:
    client = open_site(town, tmp_path).app.test_client()
    assert client.get(say(client, town, "de", number="A012", desk=1)).status_code == 404
    assert client.get("/board/nowhere/say/fr.wav?number=A012&desk=1").status_code == 404


def test_strangers_are_limited_and_the_hall_is_not(town: Town, tmp_path: Path) -> None:
    record_everything(tmp_path, "zgh")
    client = open_site(town, tmp_path).app.test_client()
    town.sit(0)
    town.issue()
    real = say(client, town, "zgh", number=town.call().value.label, desk=1)
    answers = [
        client.get(say(client, town, "zgh", number=f"B{number:03d}", desk=1)).status_code
        for number in range(1, MANY + 1)
    ]
    assert answers == [200] * (MANY - 1) + [429]
    assert client.get(real).status_code == 200, "a real call, never said before"
    for _ in range(MANY):
        assert client.get(real).status_code == 200
    kept = say(client, town, "zgh", number=f"B{MANY - 1:03d}", desk=1)
    assert client.get(kept).status_code == 200, "what is kept costs nothing"
