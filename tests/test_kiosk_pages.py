"""The kiosk's pages over a house that is no database: what the program on a kiosk's own machine serves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from server.domain.secret_text import secret_of
from server.i18n import LANGUAGE_NAMES, translate
from server.kiosk_pages import ONLINE_HEADER
from server.voice import Voice
from tests.lonely_house import SECRET, SLUG, LonelyHouse, lonely_app
from tests.voice.test_speaking import Tone

FORBIDDEN = ("sqlalchemy", "alembic", "msgspec", "gevent", "socketio")
OFFLINE = "Offline: your place will be confirmed"
HOME = f"/kiosk/{SLUG}"


def test_the_pages_bring_no_database_along() -> None:
    """In an interpreter of its own: this one has everything."""
    code = (
        "import sys, server.kiosk_pages, server.pages.protection, server.pages.errors\n"
        f"print(*[name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_alone_it_says_so_and_promises_no_place(language: str) -> None:
    house = LonelyHouse(is_online=False)
    client = visitor(house)
    assert strip_is_shown(client.get(f"{HOME}/{language}").text)
    taken = client.post(f"{HOME}/{language}/tickets", data={"service": "a", "key": "k"})
    assert taken.status_code == 201
    assert "A901" in taken.text
    assert translate(language, OFFLINE) in taken.text
    assert 'id="issued-title"' in taken.text
    people = translate(language, "You are next")
    assert people not in taken.text


def test_with_its_server_the_strip_is_hidden() -> None:
    client = visitor(LonelyHouse())
    page = client.get(f"{HOME}/fr").text
    assert not strip_is_shown(page)
    assert 'data-live="poll"' in page


def test_a_poll_tells_whether_there_is_a_server_even_when_nothing_is_new() -> None:
    house = LonelyHouse()
    client = visitor(house)
    first = client.get(f"{HOME}/fr?fragment=1")
    assert first.headers[ONLINE_HEADER] == "1"
    etag = {"If-None-Match": first.headers["ETag"]}
    again = client.get(f"{HOME}/fr?fragment=1", headers=etag)
    assert (again.status_code, again.headers[ONLINE_HEADER]) == (304, "1")
    house.is_online = False
    alone = client.get(f"{HOME}/fr?fragment=1", headers=etag)
    assert (alone.status_code, alone.headers[ONLINE_HEADER]) == (200, "0")
    assert "tile-waiting" not in alone.text, "who waits is not known here"


def test_a_ticket_is_found_by_its_number_alone_without_a_server() -> None:
    client = visitor(LonelyHouse(is_online=False))
    found = client.post(f"{HOME}/fr/find", data={"code": SECRET})
    assert found.status_code == 200
    assert "A901" in found.text
    assert translate("fr", OFFLINE) in found.text
    unknown = client.post(f"{HOME}/fr/find", data={"code": "ZZZZZZZZZZZZZ"})
    assert unknown.status_code == 404


def test_the_voice_is_offered_where_there_is_one(tmp_path: Path) -> None:
    house = LonelyHouse()
    for voice in (None, Voice(None, tmp_path / "cache", tmp_path / "recordings")):
        client = visitor(house, voice)
        assert 'id="mode-voice"' not in client.get(f"{HOME}/fr").text
        assert client.get(f"{HOME}/voice").json == {"languages": []}
        answer = client.get(f"{HOME}/voice/fr.wav?text=Bonjour")
        assert (answer.status_code, answer.json) == (404, {"code": "no_voice"})
    client = visitor(house, Voice(Tone(), tmp_path / "cache", tmp_path / "recordings"))
    assert 'id="mode-voice"' in client.get(f"{HOME}/fr").text
    assert client.get(f"{HOME}/voice").json == {"languages": ["ar", "en", "fr"]}
    spoken = client.get(f"{HOME}/voice/fr.wav?text=Bonjour")
    assert spoken.content_type == "audio/wav"
    assert spoken.data.startswith(b"RIFF")
    long = client.get(f"{HOME}/voice/fr.wav?text={'a' * 500}")
    assert (long.status_code, long.json) == (422, {"code": "sentence_too_long"})
    assert client.get(f"{HOME}/voice/zgh.wav?text=x").status_code == 404


@pytest.mark.parametrize(
    ("cookie", "shown"),
    [
        ("large", {"large"}),
        ("low.contrast", {"contrast", "low"}),
        ("nonsense.large.<script>", {"large"}),
        ("", set()),
    ],
)
def test_modes_are_known_words_only(cookie: str, shown: set[str]) -> None:
    client = visitor(LonelyHouse())
    client.set_cookie("nouba_modes", cookie)
    page = client.get(f"{HOME}/fr").text
    root = page[page.index("<html") : page.index("<head>")]
    assert {
        mode for mode in ("voice", "large", "contrast", "low") if f"data-mode-{mode}" in root
    } == shown
    assert "nonsense" not in page


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (SECRET, SECRET),
        (SECRET.lower(), SECRET),
        ("0123 4567 89ABC", SECRET),
        ("o123456789abc", SECRET),
        ("٠١٢٣٤٥٦٧٨٩ABC", SECRET),
        (f"HTTPS://TOWN.EXAMPLE/T/{SECRET}", SECRET),
        (f"http://town.example:8000/t/{SECRET.lower()}?lang=fr", SECRET),
        (f"https://town.example/x/{SECRET}", None),
        (SECRET[:-1], None),
        (SECRET + "0", None),
        ("U" * 13, None),
        ("", None),
    ],
)
def test_a_secret_is_read_out_of_what_scanners_and_people_write(
    text: str, secret: str | None
) -> None:
    assert secret_of(text) == secret


def visitor(house: LonelyHouse, voice: Voice | None = None) -> FlaskClient:
    """A browser before the kiosk; forms' tokens are the subject of other tests."""
    app = lonely_app(house, voice)
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def strip_is_shown(page: str) -> bool:
    """Whether the page says that the kiosk works alone."""
    tag = page[page.index('id="offline"') :]
    return "hidden" not in tag[: tag.index(">")]
