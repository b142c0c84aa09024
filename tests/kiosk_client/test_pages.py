"""The page's own door: this machine only, forms with their token, the policy against foreign scripts."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from device_client.pages import ALIVE, Attention
from kiosk_client.pages import create_app
from kiosk_client.settings import Place
from tests.builders import HandSteady
from tests.kiosk_client.builders import Parts, kiosk_parts
from tests.kiosk_client.fake_server import BRANCH

LOCAL = "http://127.0.0.1:8170"


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Parts]:
    with kiosk_parts(tmp_path) as parts:
        yield parts


def client_of(
    kiosk: Parts, attention: Attention | None = None, key: bytes = b"of this test"
) -> FlaskClient:
    app = create_app(kiosk.home, branch=BRANCH, attention=attention or Attention(), key=key)
    return app.test_client()


def test_the_start_leads_to_the_branch(kiosk: Parts) -> None:
    client = client_of(kiosk)
    answer = client.get("/", base_url=LOCAL)
    assert (answer.status_code, answer.location) == (303, f"/kiosk/{BRANCH}")
    page = client.get(f"/kiosk/{BRANCH}", base_url=LOCAL)
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "العربية" in page.text


def test_another_name_for_this_machine_is_not_answered(kiosk: Parts) -> None:
    client = client_of(kiosk)
    assert client.get("/", base_url="http://evil.test").status_code == 404
    assert client.get(ALIVE, base_url="http://evil.test").status_code == 404


def test_a_form_without_its_token_gives_no_ticket(kiosk: Parts) -> None:
    client = client_of(kiosk)
    form = {"service": "civil", "key": "forged"}
    answer = client.post(f"/kiosk/{BRANCH}/fr/tickets", data=form, base_url=LOCAL)
    assert answer.status_code == 400
    assert kiosk.town.issued == {}


def test_a_tap_that_is_asked_again_after_a_restart_is_one_ticket(
    kiosk: Parts, tmp_path: Path
) -> None:
    """The answer was lost with the process; the page, which stayed open, asks with the same key."""
    place = Place(folder=tmp_path)
    kiosk.go_away()
    before = client_of(kiosk, key=place.page_key())
    start = before.get(f"/kiosk/{BRANCH}", base_url=LOCAL)
    assert start.status_code == 200
    page = before.get(f"/kiosk/{BRANCH}/fr", base_url=LOCAL).text
    form = {"service": "civil"}
    for name in ("csrf_token", "key"):
        found = re.search(rf'name="{name}" value="([^"]+)"', page)
        assert found is not None
        form[name] = found[1]
    address = f"/kiosk/{BRANCH}/fr/tickets"
    headers = {"X-Fragment": "1"}
    first = before.post(address, data=form, base_url=LOCAL, headers=headers)
    cookie = before.get_cookie("nouba_kiosk", domain="127.0.0.1")
    assert cookie is not None
    after = client_of(kiosk, key=place.page_key())
    after.set_cookie("nouba_kiosk", cookie.value, domain="127.0.0.1")
    again = after.post(address, data=form, base_url=LOCAL, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert "A950" in again.text
    assert [ticket.number for ticket in kiosk.journal.to_upload(9)] == [950]
    kiosk.printer.turn(kiosk.channel)
    assert len(kiosk.channel.jobs) == 1
    assert after.get(f"/kiosk/{BRANCH}/fr?fragment=1", base_url=LOCAL).status_code == 200


def test_the_key_of_the_forms_is_its_owners_alone_and_made_anew_when_torn(tmp_path: Path) -> None:
    place = Place(folder=tmp_path)
    key = place.page_key()
    assert place.page_key() == key
    (file,) = tmp_path.glob("page*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_bytes(key[:7])
    assert place.page_key() not in (key, key[:7])
    nowhere = Place(folder=tmp_path / "nowhere")
    assert len(nowhere.page_key()) == len(key), "the page opens even where nothing can be kept"


def test_refusals_and_unknown_addresses_are_pages(kiosk: Parts) -> None:
    client = client_of(kiosk)
    assert client.get("/kiosk/elsewhere", base_url=LOCAL).status_code == 404
    assert client.get("/nothing", base_url=LOCAL).status_code == 404
    assert client.get(f"/kiosk/{BRANCH}/fr/tickets", base_url=LOCAL).status_code == 405


def test_attention_is_paid_by_the_page_and_not_by_its_watchdog(kiosk: Parts) -> None:
    steady = HandSteady()
    attention = Attention(steady)
    client = client_of(kiosk, attention)
    steady.seconds += 30
    assert client.get(ALIVE, base_url=LOCAL).json == {"quiet_seconds": 30.0}
    client.get("/static/css/kiosk.css", base_url=LOCAL).close()
    assert attention.quiet_seconds() == 30
    client.get(f"/kiosk/{BRANCH}/fr?fragment=1", base_url=LOCAL)
    assert attention.quiet_seconds() == 0
