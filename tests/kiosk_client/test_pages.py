"""The page's own door: this machine only, forms with their token, the policy against foreign scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk_client.pages import ALIVE, Attention, create_app
from tests.kiosk_client.builders import HandSteady, Parts, kiosk_parts
from tests.kiosk_client.fake_server import BRANCH

LOCAL = "http://127.0.0.1:8170"


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Parts]:
    with kiosk_parts(tmp_path) as parts:
        yield parts


def client_of(kiosk: Parts, attention: Attention | None = None) -> FlaskClient:
    app = create_app(kiosk.home, branch=BRANCH, attention=attention or Attention())
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
