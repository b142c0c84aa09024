"""Pictures and notices as walls get them: types, ranges, caches, and nothing but what is shown."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from server.actions.notices import set_notices
from server.domain.ids import Language
from server.domain.notices import Notice, Notices
from tests.builders import Town
from tests.test_media import MP4, picture
from tests.web.builders import Site, open_site


@pytest.fixture
def site(town: Town, tmp_path: Path) -> Site:
    return open_site(town, tmp_path / "var")


def folder_of(site: Site, tmp_path: Path) -> Path:
    found = tmp_path / "var" / "media" / site.town.slug
    found.mkdir(parents=True)
    return found


def addresses(client: FlaskClient, site: Site) -> list[str]:
    text = client.get(f"/api/v1/branches/{site.town.slug}/views/board").json
    assert text is not None
    return [each["url"] for each in text["media"]]


def test_a_picture_is_served_by_what_it_is_and_cached_for_ever(site: Site, tmp_path: Path) -> None:
    data = picture(folder_of(site, tmp_path) / "أ b.mp4", "JPEG").read_bytes()
    client = site.app.test_client()
    (address,) = addresses(client, site)
    assert f"picture:12:{address}" in client.get(f"/board/{site.town.slug}").text
    answer = client.get(address, buffered=True)
    assert answer.status_code == 200
    assert answer.data == data
    assert answer.content_type == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "attachment" not in answer.headers.get("Content-Disposition", "")
    bare = client.get(address.partition("?")[0], buffered=True)
    assert bare.status_code == 200
    assert bare.headers["Cache-Control"] == "no-cache", "an address without a stamp may change"
    etag = answer.headers["ETag"]
    assert client.get(address, headers={"If-None-Match": etag}, buffered=True).status_code == 304


def test_a_video_is_served_in_ranges(site: Site, tmp_path: Path) -> None:
    data = MP4 + bytes(range(256)) * 40
    (folder_of(site, tmp_path) / "film.mp4").write_bytes(data)
    client = site.app.test_client()
    (address,) = addresses(client, site)
    whole = client.get(address, buffered=True)
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert whole.content_type == "video/mp4"
    part = client.get(address, headers={"Range": "bytes=100-199"}, buffered=True)
    assert part.status_code == 206
    assert part.data == data[100:200]
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
    end = client.get(address, headers={"Range": "bytes=-10"}, buffered=True)
    assert end.data == data[-10:]
    beyond = client.get(address, headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    "path",
    [
        "/board/{slug}/media/notes.png",
        "/board/{slug}/media/nothing.png",
        "/board/{slug}/media/../../secret.key",
        "/board/{slug}/media/%2e%2e%2f%2e%2e%2fsecret.key",
        "/board/%2e%2e/media/secret.key",
        "/board/../media/a.png",
        "/board/nowhere/media/a.png",
        "/board/{slug}/media/.hidden.png",
        "/board/{slug}/media/link.png",
        "/board/{slug}/media/a.png/",
        "/board/{slug}/media/",
        "/board/{slug}/media/a.png%00",
    ],
)
def test_nothing_else_of_the_disk_is_served(site: Site, tmp_path: Path, path: str) -> None:
    folder = folder_of(site, tmp_path)
    picture(folder / "a.png")
    picture(folder / ".hidden.png")
    (folder / "notes.png").write_text("no picture")
    (folder / "link.png").symlink_to(picture(tmp_path / "outside.png"))
    picture(tmp_path / "var" / "a.png")
    answer = site.app.test_client().get(path.format(slug=site.town.slug), buffered=True)
    assert answer.status_code in (400, 404)
    assert not answer.content_type.startswith("image/")


def test_a_picture_taken_away_since_it_was_seen_is_not_found(site: Site, tmp_path: Path) -> None:
    path = picture(folder_of(site, tmp_path) / "a.png")
    client = site.app.test_client()
    (address,) = addresses(client, site)
    path.unlink()
    assert client.get(address, buffered=True).status_code == 404


def test_the_policy_lets_a_wall_show_its_own_media_only(site: Site) -> None:
    policy = site.app.test_client().get(f"/board/{site.town.slug}").headers
    assert "media-src 'self'" in policy["Content-Security-Policy"]
    assert "img-src 'self'" in policy["Content-Security-Policy"]


def test_a_poll_hears_of_a_picture_although_nothing_happened(site: Site, tmp_path: Path) -> None:
    """No event, no other seq: the ETag tells them apart all the same."""
    client = site.app.test_client()
    path = f"/board/{site.town.slug}?fragment=1"
    before = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": before}).status_code == 304
    picture(folder_of(site, tmp_path) / "a.png")
    fresh = open_site(site.town, tmp_path / "var").app.test_client()  # has not seen the folder yet
    assert fresh.get(path, headers={"If-None-Match": before}).status_code == 200


def test_notices_are_on_the_board_in_each_language_and_escaped(site: Site) -> None:
    town = site.town
    texts = {
        Language.FRENCH: "Café <script> & thé",
        Language.ARABIC: "إعلان",
        Language.ENGLISH: "Word",
    }
    gone = Notice(texts=texts, last_day=date(2020, 1, 1))
    wanted = Notices(all=(Notice(texts=texts), gone))
    assert set_notices(hall=town.hall, branch=town.branch, wanted=wanted)
    assert not set_notices(hall=town.hall, branch=town.branch, wanted=wanted)
    client = site.app.test_client()
    text = client.get(f"/board/{town.slug}").text
    assert text.count('<li class="notice"') == 1
    assert "Café &lt;script&gt; &amp; thé" in text
    assert '<span class="notice-words" lang="fr" dir="ltr"' in text
    view = client.get(f"/api/v1/branches/{town.slug}/views/board").json
    assert view is not None
    assert [each["kind"] for each in view["notices"]] == ["info"]
    assert view["notices"][0]["texts"]["ar"] == "إعلان"
