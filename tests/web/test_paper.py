"""The paper layout through the API and on the administrator's page: looked at, refused, kept, forgotten."""

from __future__ import annotations

import base64
import html
import io
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from werkzeug.test import TestResponse

from server.db import paper_layouts
from server.domain.paper_layout import PaperLayout, Part
from server.domain.paper_template import TEMPLATE_LENGTH_MAX
from server.domain.roles import Role
from tests.builders import Town
from tests.web.builders import another_branch, nothing_written, open_site, problem_of, signed_in

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
NOTICE = '[paper]\nparts = ["number", "notice", "qr"]\n[notice]\nfr = "Asseyez-vous"\n'


def arms(*, noisy: bool = False) -> bytes:
    """A picture of a few kilobytes, or of more than a request may usually have."""
    picture = Image.new("L", (400, 300), 255)
    ImageDraw.Draw(picture).ellipse((40, 40, 360, 260), fill=0)
    if noisy:
        picture.paste(Image.effect_noise((400, 200), 90), (0, 0))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def stored(town: Town) -> PaperLayout | None:
    with town.hall.store.read() as connection:
        return paper_layouts.layout_of(connection, town.branch)


def path(town: Town) -> str:
    return f"/branches/{town.slug}/paper-layout"


# ---------------------------------------------------------------- the API


def test_an_administrator_sets_a_layout_and_reads_it_back(town: Town, tmp_path: Path) -> None:
    admin = open_site(town, tmp_path).api(Role.ADMIN)
    default = admin.get(path(town)).json
    assert default
    assert default["is_default"] is True
    picture = arms(noisy=True)
    assert len(picture) > 65_536
    body = {"template": NOTICE, "logo": base64.b64encode(picture).decode()}
    answer = admin.put(path(town), body, key="once")
    assert answer.status_code == 200, answer.text
    assert answer.json == {"seq": 1, "is_default": False}
    assert admin.put(path(town), body, key="once").json == answer.json
    found = admin.get(path(town)).json
    assert found
    assert (found["seq"], found["is_default"]) == (1, False)
    assert found["layout"]["parts"] == ["logo", "number", "notice", "qr"]
    assert 'fr = "Asseyez-vous"' in found["template"]
    # The template alone, as it was read: the logo stays, and nothing is written.
    assert admin.put(path(town), {"template": found["template"]}).json == answer.json
    events = admin.get(f"/branches/{town.slug}/events").json
    assert events
    assert [each["kind"] for each in events["events"]] == ["paper_layout_changed"]
    assert admin.put(path(town), {"template": ""}).json == {"seq": 2, "is_default": True}
    assert stored(town) is None


def test_every_mistake_of_a_template_is_in_the_answer(town: Town, tmp_path: Path) -> None:
    admin = open_site(town, tmp_path).api(Role.ADMIN)
    with nothing_written(town):
        answer = admin.put(path(town), {"template": "[paper]\nwidth_mm = 7\nx = 1\n"})
    assert problem_of(answer) == (422, "invalid")
    assert answer.json
    assert [each["field"] for each in answer.json["errors"]] == ["paper.width_mm", "paper.x"]
    assert answer.json["errors"][0]["message"].startswith("line 2: ")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "template"),
        ({"template": 3}, "template"),
        ({"template": "#" * (TEMPLATE_LENGTH_MAX + 1)}, "template"),
        ({"template": "", "logo": "no base64!"}, "logo"),
        ({"template": "", "logo": ""}, "logo.file"),
        ({"template": "", "logo": base64.b64encode(b"GIF89a").decode()}, "logo.file"),
        ({"template": "", "width": 58}, "width"),
    ],
)
def test_what_is_no_layout_is_refused(
    town: Town, tmp_path: Path, body: dict[str, object], field: str
) -> None:
    admin = open_site(town, tmp_path).api(Role.ADMIN)
    with nothing_written(town):
        answer = admin.put(path(town), body)
    assert problem_of(answer) == (422, "invalid")
    assert answer.json
    if body:
        assert answer.json["errors"][0]["field"] == field


def test_a_body_beyond_every_logo_is_not_read(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    huge = {"template": "", "logo": "A" * 2_000_000}
    assert problem_of(site.api(Role.ADMIN).put(path(town), huge)) == (413, "body_too_large")


@pytest.mark.parametrize("role", [Role.KIOSK, Role.AGENT, Role.SUPERVISOR, Role.INTEGRATION])
def test_only_administrators_touch_it(town: Town, tmp_path: Path, role: Role) -> None:
    program = open_site(town, tmp_path).api(role)
    with nothing_written(town):
        assert problem_of(program.put(path(town), {"template": ""})) == (403, "not_allowed")
        assert problem_of(program.get(path(town))) == (403, "not_allowed")


def test_another_branch_is_out_of_reach(town: Town, tmp_path: Path) -> None:
    stranger = another_branch(open_site(town, tmp_path), Role.ADMIN)
    assert problem_of(stranger.put(path(town), {"template": ""})) == (403, "not_allowed")


# ---------------------------------------------------------------- the page


def submit(
    client: FlaskClient, what: str, template: str, picture: bytes | None = None, unsaved: str = ""
) -> TestResponse:
    """Press a button of the page."""
    data: dict[str, object] = {
        "do": what,
        "template": template,
        "key": f"key-{what}-{len(template)}",
        "unsaved_logo": unsaved,
    }
    if picture is not None:
        data["picture"] = (io.BytesIO(picture), "Armoiries de Berkane.png")
    return client.post("/paper", data=data)


def uploaded(client: FlaskClient, picture: bytes) -> TestResponse:
    """The same as bytes of our own making: the test client would leave the file of a long one open."""
    fields = {"do": "preview", "template": "", "key": "k"}
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
    body = b"".join([*parts, head, picture, b"\r\n--x--\r\n"])
    return client.post("/paper", data=body, content_type="multipart/form-data; boundary=x")


def pictures(answer: TestResponse) -> list[bytes]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', answer.text)
    return [base64.b64decode(each) for each in found]


def template_of(answer: TestResponse) -> str:
    found = re.search(r"<textarea[^>]*>\n(.*)</textarea>", answer.text, re.DOTALL)
    assert found
    return html.unescape(found[1])


def unsaved_logo(answer: TestResponse) -> str:
    found = re.search(r'name="unsaved_logo" value="([^"]+)"', answer.text)
    assert found
    return html.unescape(found[1])


def test_a_layout_is_looked_at_then_saved_then_forgotten(town: Town, tmp_path: Path) -> None:
    client = signed_in(open_site(town, tmp_path), role=Role.ADMIN)
    shown = client.get("/paper")
    assert shown.status_code == 200
    assert len(pictures(shown)) == 8
    with nothing_written(town):
        looked = submit(client, "preview", NOTICE, arms(noisy=True))
    assert looked.status_code == 200
    assert pictures(looked) != pictures(shown)
    assert 'file = "Armoiries de Berkane.png"' in template_of(looked)
    saved = submit(client, "save", template_of(looked), unsaved=unsaved_logo(looked))
    assert saved.status_code == 303
    layout = stored(town)
    assert layout is not None
    assert layout.logo is not None
    assert layout.parts == (Part.LOGO, Part.NUMBER, Part.NOTICE, Part.QR)
    after = client.get(saved.headers["Location"])
    assert "Enregistré" in after.text
    assert pictures(after)[0] == pictures(looked)[0]
    assert submit(client, "reset", "").status_code == 303
    assert stored(town) is None


def test_a_mistake_does_not_lose_the_picture_that_was_looked_at(town: Town, tmp_path: Path) -> None:
    client = signed_in(open_site(town, tmp_path), role=Role.ADMIN)
    looked = submit(client, "preview", NOTICE, arms())
    wrong = submit(client, "preview", template_of(looked) + "[x]\n", unsaved=unsaved_logo(looked))
    assert wrong.status_code == 422
    saved = submit(client, "save", template_of(looked), unsaved=unsaved_logo(wrong))
    assert saved.status_code == 303
    layout = stored(town)
    assert layout is not None
    assert layout.logo is not None


def test_mistakes_are_told_beside_the_text_that_was_typed(town: Town, tmp_path: Path) -> None:
    client = signed_in(open_site(town, tmp_path), role=Role.ADMIN)
    typed = "[paper]\nwidth_mm = 7\n[notice]\nfr = '<script>alert(1)</script>'\n"
    with nothing_written(town):
        answer = submit(client, "save", typed)
    assert answer.status_code == 422
    assert "Ligne" in answer.text
    assert "paper.width_mm" in answer.text
    assert "<script>alert" not in answer.text
    assert template_of(answer) == typed
    assert len(pictures(answer)) == 8


@pytest.mark.parametrize(
    "unsaved",
    ["{", "[" * 60_000, "[]", "{}", '{"name":"x","threshold":"1","width_dots":8,"height_dots":1}'],
)
def test_a_logo_that_was_meddled_with_is_refused(town: Town, tmp_path: Path, unsaved: str) -> None:
    client = signed_in(open_site(town, tmp_path), role=Role.ADMIN)
    with nothing_written(town):
        assert submit(client, "save", NOTICE, unsaved=unsaved).status_code == 422
        assert submit(client, "print", NOTICE).status_code == 422


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
def test_other_staff_and_strangers_stay_outside(town: Town, tmp_path: Path, role: Role) -> None:
    site = open_site(town, tmp_path)
    answer = site.app.test_client().get("/paper")
    assert answer.status_code == 302
    assert "/sign-in" in answer.headers["Location"]
    client = signed_in(site, role=role)
    with nothing_written(town):
        assert client.get("/paper").status_code == 403
        assert submit(client, "reset", "").status_code == 403
    assert "/paper" not in client.get("/desk").text


def test_a_form_of_a_stranger_is_no_longer_than_any_other(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path)
    assert submit(site.app.test_client(), "preview", "", arms(noisy=True)).status_code == 413
    client = signed_in(site, role=Role.ADMIN)
    assert uploaded(client, b"\0" * 2_000_000).status_code == 413
    refused = uploaded(client, b"\0" * 600_000)
    assert refused.status_code == 422
    assert "512" in refused.text
