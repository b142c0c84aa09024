"""The voice's page: what is shown of each fragment, recordings put in their place and taken away, and by whom."""

from __future__ import annotations

import io
import math
from array import array
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.clock import SystemChance
from server.domain.roles import Role
from server.voice import sound
from tests.builders import Town, build_town
from tests.web.builders import open_site, signed_in

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def a_voice(seconds: float = 0.3) -> bytes:
    """What a microphone would have written."""
    count = round(sound.RATE * seconds)
    return sound.write(array("h", (round(9000 * math.sin(place / 40)) for place in range(count))))


def page(town: Town, folder: Path, role: Role = Role.ADMIN) -> FlaskClient:
    """Somebody who signed in."""
    return signed_in(open_site(town, folder), role=role)


def put(client: FlaskClient, wav: bytes, **form: str) -> TestResponse:
    """The upload of the page."""
    data = {"language": "zgh", "words": "A", **form, "file": (io.BytesIO(wav), "memo.wav")}
    return client.post("/voice/recordings", data=data, content_type="multipart/form-data")


def take_away(client: FlaskClient) -> TestResponse:
    """The removal of the page."""
    return client.post("/voice/recordings/removals", data={"language": "zgh", "words": "A"})


def test_a_recording_is_put_in_its_place_and_taken_away(town: Town, tmp_path: Path) -> None:
    client = page(town, tmp_path)
    answer = put(client, a_voice())
    assert answer.status_code == 303
    assert "done=recorded" in answer.headers["Location"]
    file = tmp_path / "recordings" / town.slug / "zgh" / "a.wav"
    assert file.read_bytes() == a_voice()
    assert list(file.parent.iterdir()) == [file], "nothing unfinished"
    shown = client.get("/voice?language=zgh&number=A012&desk=1").text
    assert shown.count('data-origin="recording"') == 2, "in the call, and in the list"
    assert 'id="cannot-say"' in shown
    assert take_away(client).status_code == 303
    assert not file.exists()
    assert take_away(client).status_code == 303, "what is gone is gone"


@pytest.mark.parametrize(
    "wav",
    [b"", b"ID3 this is an mp3", a_voice()[:30], sound.write(array("h", bytes(9000)))],
    ids=["nothing", "mp3", "cut", "silence"],
)
def test_what_cannot_be_heard_is_not_kept(town: Town, tmp_path: Path, wav: bytes) -> None:
    client = page(town, tmp_path)
    assert put(client, a_voice()).status_code == 303
    answer = put(client, wav)
    assert answer.status_code == 422
    assert 'data-refusal="unreadable"' in answer.text
    file = tmp_path / "recordings" / town.slug / "zgh" / "a.wav"
    assert file.read_bytes() == a_voice()


def test_a_recording_may_be_long_but_not_endless(town: Town, tmp_path: Path) -> None:
    client = page(town, tmp_path)
    assert len(a_voice(5)) > 65_536
    assert put(client, a_voice(5)).status_code == 303
    # The same samples said to be 8,000 a second: short to send, and 16 seconds long.
    slow = bytearray(a_voice(5.9))
    slow[24:28] = (8000).to_bytes(4, "little")
    assert put(client, bytes(slow)).status_code == 422
    huge = client.post(
        "/voice/recordings",
        data=bytes(5_000_000),
        content_type="multipart/form-data; boundary=here",
    )
    assert huge.status_code == 413


def test_words_are_no_paths(town: Town, tmp_path: Path) -> None:
    client = page(town, tmp_path)
    assert put(client, a_voice(), words="../../oops").status_code == 303
    folder = tmp_path / "recordings" / town.slug / "zgh"
    assert [file.name for file in folder.iterdir()] == ["oops.wav"]
    assert put(client, a_voice(), words="../..").status_code == 422
    assert put(client, a_voice(), language="../fr").status_code == 422
    assert put(client, a_voice(), words="").status_code == 422


def test_supervisors_listen_and_administrators_record(town: Town, tmp_path: Path) -> None:
    client = page(town, tmp_path, Role.SUPERVISOR)
    shown = client.get("/voice").text
    assert "voice-upload" not in shown
    assert put(client, a_voice()).status_code == 403
    assert take_away(client).status_code == 403
    assert not (tmp_path / "recordings").exists()
    assert page(town, tmp_path, Role.AGENT).get("/voice").status_code == 403


def test_an_administrator_changes_the_recordings_of_the_own_branch_only(
    town: Town, tmp_path: Path
) -> None:
    other = build_town(town.url, town.engine, SystemChance())
    common = tmp_path / "recordings" / "zgh" / "a.wav"
    common.parent.mkdir(parents=True)
    common.write_bytes(a_voice(0.5))
    site = open_site(town, tmp_path)
    mine = signed_in(site, role=Role.ADMIN)
    theirs = signed_in(replace(site, town=other), role=Role.ADMIN)
    asked = "/voice?language=zgh&number=A012&desk=1"
    for client in (mine, theirs):
        shown = client.get(asked).text
        assert shown.count('data-origin="recording"') == 2
        assert "data-own" not in shown
        assert "/recordings/removals" not in shown, "nothing here is theirs to remove"
        assert take_away(client).status_code == 303
    assert put(mine, a_voice()).status_code == 303
    assert mine.get(asked).text.count("data-own") == 2
    assert "/recordings/removals" in mine.get(asked).text
    assert "data-own" not in theirs.get(asked).text
    sentence = "/voice/sentence/zgh.wav?text=A"
    heard = {len(client.get(sentence).data) for client in (mine, theirs)}
    assert len(heard) == 2, "each its own"
    assert take_away(theirs).status_code == 303
    assert common.read_bytes() == a_voice(0.5)
    assert (tmp_path / "recordings" / town.slug / "zgh" / "a.wav").read_bytes() == a_voice()
    assert not (tmp_path / "recordings" / other.slug).exists()


def test_a_file_that_cannot_be_read_is_named(town: Town, tmp_path: Path) -> None:
    folder = tmp_path / "recordings" / "fr"
    folder.mkdir(parents=True)
    (folder / "douze.wav").write_bytes(b"RIFF")
    shown = page(town, tmp_path).get("/voice?language=fr&number=A012&desk=1").text
    assert shown.count("data-broken") == 2


def test_a_number_that_is_none_and_a_sentence_without_end(town: Town, tmp_path: Path) -> None:
    client = page(town, tmp_path)
    for query in ("number=12", "number=A0123", "text=" + "a" * 500, "number=%3Cscript%3E"):
        answer = client.get(f"/voice?{query}")
        assert answer.status_code == 200
        assert 'role="alert"' in answer.text
        assert "<script>" not in answer.text


def test_any_sentence_is_said_to_staff(town: Town, tmp_path: Path) -> None:
    client = page(town, tmp_path)
    address = "/voice/sentence/zgh.wav?text=A"
    assert client.get(address).status_code == 404
    put(client, a_voice())
    assert sound.read(client.get(address).data)
    assert client.get("/voice/sentence/zgh.wav?text=" + "a" * 500).status_code == 422
