"""The folder of pictures: what is shown, what is skipped and why, and how soon a change is seen."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from server import media
from server.media import FILES_MAX, SCAN_SECONDS, MediaFolders, MediaKind, stamp_of
from server.wire import BoardView, BranchCard
from tests.builders import MORNING

WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"


class Elapsed:
    """Seconds, set by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "media" / "oujda"
    found.mkdir(parents=True)
    return found


def folders(folder: Path, elapsed: Callable[[], float] | None = None) -> MediaFolders:
    return MediaFolders(folder.parent, 12, elapsed or Elapsed())


def picture(path: Path, kind: str = "PNG", size: tuple[int, int] = (32, 18)) -> Path:
    Image.new("RGB", size, "teal").save(path, kind)
    return path


def view() -> BoardView:
    card = BranchCard(slug="oujda", names={}, languages=("ar",), zone="UTC", accent="#000000")
    return BoardView(
        branch=card, seq=1, at=MORNING, is_open=True, opens_at=None, calls=(), lines=()
    )


def names(found: MediaFolders) -> list[str]:
    return [each.name for each in found.listing("oujda").shown]


def why(found: MediaFolders) -> dict[str, str]:
    return {each.name: each.why for each in found.listing("oujda").skipped}


def test_pictures_and_videos_in_the_order_of_their_names(folder: Path) -> None:
    picture(folder / "2.png")
    picture(folder / "1.jpg", "JPEG")
    picture(folder / "3.webp", "WEBP")
    (folder / "4.mp4").write_bytes(MP4)
    (folder / "0.webm").write_bytes(WEBM)
    found = folders(folder)
    shown = found.listing("oujda").shown
    assert [(each.name, each.kind, each.content_type) for each in shown] == [
        ("0.webm", MediaKind.VIDEO, "video/webm"),
        ("1.jpg", MediaKind.PICTURE, "image/jpeg"),
        ("2.png", MediaKind.PICTURE, "image/png"),
        ("3.webp", MediaKind.PICTURE, "image/webp"),
        ("4.mp4", MediaKind.VIDEO, "video/mp4"),
    ]
    first, second = found.with_media(view()).media[:2]
    assert (first.kind, first.seconds) == ("video", 0)
    assert (second.kind, second.seconds) == ("picture", 12)
    assert second.url == f"/board/oujda/media/1.jpg?v={shown[1].stamp}"


def test_a_file_is_what_its_content_says(folder: Path) -> None:
    picture(folder / "really a picture.mp4")
    (folder / "script.png").write_text("<script>alert(1)</script>")
    (folder / "drawing.jpg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "empty.jpg").touch()
    found = folders(folder)
    (only,) = found.listing("oujda").shown
    assert only.content_type == "image/png"
    assert only.name == "really a picture.mp4"
    assert (
        found.with_media(view())
        .media[0]
        .url.startswith("/board/oujda/media/really%20a%20picture.mp4?v=")
    )
    assert set(why(found)) == {"script.png", "drawing.jpg", "empty.jpg"}


def test_what_moves_is_not_taken_for_a_picture(folder: Path) -> None:
    frames = [Image.new("RGB", (16, 9), colour) for colour in ("red", "white")]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "b.png", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "c.webp", save_all=True, append_images=frames[1:])
    found = folders(folder)
    assert names(found) == []
    assert "no JPEG" in why(found)["a.gif"]
    assert "animated" in why(found)["b.png"]
    assert "animated" in why(found)["c.webp"]


def test_links_folders_hidden_files_and_odd_names_are_skipped(folder: Path, tmp_path: Path) -> None:
    outside = picture(tmp_path / "secret.png")
    (folder / "link.png").symlink_to(outside)
    (folder / "folder.png").mkdir()
    picture(folder / ".hidden.png")
    picture(folder / "back\\slash.png")
    picture(folder / "line\nbreak.png")
    os.mkfifo(folder / "pipe.png")
    (folder / os.fsdecode(b"\xff.png")).write_bytes(outside.read_bytes())
    found = folders(folder)
    assert names(found) == []
    assert ".hidden.png" not in why(found)
    assert len(why(found)) == 6
    assert "link" in why(found)["link.png"]
    linked = folder.parent / "rabat"
    linked.symlink_to(tmp_path)
    assert found.listing("rabat").shown == ()


@pytest.mark.parametrize("slug", ["..", ".", "", "../media/oujda", "Oujda", "a/b", "oujda\n"])
def test_no_other_folder_is_reached(folder: Path, slug: str) -> None:
    picture(folder.parent / "a.png")
    picture(folder / "a.png")
    found = folders(folder)
    assert found.listing(slug).shown == ()
    assert found.find(slug, "a.png") is None


def test_only_what_is_shown_is_found(folder: Path) -> None:
    picture(folder / "a.png")
    found = folders(folder)
    assert found.find("oujda", "a.png") is not None
    for name in ("b.png", "../oujda/a.png", "", ".", "a.png/"):
        assert found.find("oujda", name) is None


def test_too_large_ones_are_named(folder: Path) -> None:
    with (folder / "video.mp4").open("wb") as file:
        file.write(MP4)
        file.truncate(media.VIDEO_BYTES_MAX + 1)
    with picture(folder / "heavy.png").open("ab") as file:
        file.truncate(media.PICTURE_BYTES_MAX + 1)
    side = int(media.PICTURE_PIXELS_MAX**0.5) + 1
    Image.new("1", (side, side)).save(folder / "wide.png")
    found = folders(folder)
    assert names(found) == []
    assert why(found) == {
        "heavy.png": "it has 10240 KiB, a picture may have 10240",
        "video.mp4": "it has 102400 KiB, a video may have 102400",
        "wide.png": "it has more than 25 million pixels",
    }


def test_so_many_are_shown(folder: Path) -> None:
    data = picture(folder / "000.png").read_bytes()
    for index in range(1, FILES_MAX + 2):
        (folder / f"{index:03}.png").write_bytes(data)
    found = folders(folder)
    assert len(names(found)) == FILES_MAX
    assert set(why(found)) == {f"{FILES_MAX:03}.png", f"{FILES_MAX + 1:03}.png"}


def test_a_change_is_seen_after_a_moment_and_only_then_looked_for(folder: Path) -> None:
    elapsed = Elapsed()
    found = folders(folder, elapsed)
    assert names(found) == []
    picture(folder / "a.png")
    assert names(found) == [], "the folder is not read at every question"
    elapsed.seconds += SCAN_SECONDS
    assert names(found) == ["a.png"]
    before = found.with_media(view()).media
    picture(folder / "a.png", size=(64, 36))
    elapsed.seconds += SCAN_SECONDS
    assert found.with_media(view()).media != before, "another picture has another address"
    (folder / "a.png").unlink()
    elapsed.seconds += SCAN_SECONDS
    assert names(found) == []
    folder.rmdir()
    elapsed.seconds += SCAN_SECONDS
    assert names(found) == []


def test_boards_of_one_seq_differ_by_what_is_between(folder: Path) -> None:
    none = stamp_of(view())
    picture(folder / "a.png")
    one = stamp_of(folders(folder).with_media(view()))
    picture(folder / "b.png")
    two = stamp_of(folders(folder).with_media(view()))
    assert len({none, one, two}) == 3


def test_boards_of_one_seq_differ_when_the_hall_closes_and_not_by_the_time_of_day() -> None:
    open_now = view()
    assert stamp_of(replace(open_now, at=open_now.at + timedelta(minutes=7))) == stamp_of(open_now)
    assert stamp_of(replace(open_now, is_open=not open_now.is_open)) != stamp_of(open_now)
