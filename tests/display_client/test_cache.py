"""Files on the disk: whole or not there, bounded, and a full disk changes nothing."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

from display_client.cache import PAGES, SOUNDS, STATIC, Cache, listed
from tests.display_client.builders import Moving


def cache(folder: Path) -> tuple[Cache, Moving]:
    clock = Moving()
    clock.seconds = 1_000_000.0
    return Cache(folder, wall=clock.steady), clock


def body(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode())


def test_what_is_kept_is_found_with_its_headers(tmp_path: Path) -> None:
    kept, clock = cache(tmp_path)
    assert kept.find(STATIC, "/static/a.js?v=1") is None
    kept.keep(
        STATIC, "/static/a.js?v=1", {"etag": '"1"', "content-type": "text/javascript"}, body("one")
    )
    clock.seconds = next(tmp_path.rglob("*.json")).stat().st_mtime + 5
    found = kept.find(STATIC, "/static/a.js?v=1")
    assert found is not None
    assert (found.path.read_text(), found.etag) == ("one", '"1"')
    assert 4 < found.age_seconds < 6


def test_a_newer_content_takes_the_place_and_the_old_body_goes(tmp_path: Path) -> None:
    kept, _ = cache(tmp_path)
    kept.keep(PAGES, "/board/a", {}, body("one"))
    kept.keep(PAGES, "/board/a", {}, body("two"))
    found = kept.find(PAGES, "/board/a")
    assert found is not None
    assert found.path.read_text() == "two"
    assert len(list((tmp_path / "pages").iterdir())) == 2, "one head, one body"


def test_a_damaged_head_or_a_lost_body_is_nothing(tmp_path: Path) -> None:
    kept, _ = cache(tmp_path)
    kept.keep(PAGES, "/board/a", {}, body("one"))
    next(tmp_path.rglob("*.json")).write_text("{")
    assert kept.find(PAGES, "/board/a") is None
    found = kept.keep(PAGES, "/board/a", {}, body("two"))
    assert found is not None
    found.path.unlink()
    assert kept.find(PAGES, "/board/a") is None


def test_many_sentences_push_out_the_oldest_and_never_the_page(tmp_path: Path) -> None:
    kept, clock = cache(tmp_path)
    small = replace(SOUNDS, files_max=5)
    kept.keep(PAGES, "/board/a", {}, body("page"))
    for n in range(12):
        clock.pass_by(7200)
        kept.keep(small, f"/board/a/say/ar.wav?number=A{n:03d}&desk=1", {}, body(f"sound {n}"))
        os.utime(next(tmp_path.rglob("*.json")).parent, (0, 0))
    assert len(list((tmp_path / "sounds").glob("*.json"))) <= 5
    assert kept.find(PAGES, "/board/a") is not None


def test_a_shelf_is_bounded_in_bytes(tmp_path: Path) -> None:
    kept, _ = cache(tmp_path)
    small = replace(SOUNDS, bytes_max=1000)
    for n in range(10):
        kept.keep(small, f"/say/{n}", {}, body("x" * 400))
    total = sum(path.stat().st_size for path in (tmp_path / "sounds").glob("*-*"))
    assert total <= 1000


def test_a_disk_without_room_keeps_what_was_there(tmp_path: Path) -> None:
    kept, _ = cache(tmp_path)
    kept.keep(PAGES, "/board/a", {}, body("one"))

    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    assert kept.keep(PAGES, "/board/a", {}, Full()) is None
    found = kept.find(PAGES, "/board/a")
    assert found is not None
    assert found.path.read_text() == "one"
    assert not list(tmp_path.rglob("*.part"))


def test_a_clock_that_was_set_back_makes_everything_old(tmp_path: Path) -> None:
    kept, clock = cache(tmp_path)
    kept.keep(PAGES, "/board/a", {}, body("one"))
    clock.seconds = 0.0
    found = kept.find(PAGES, "/board/a")
    assert found is not None
    assert found.age_seconds == float("inf")


def test_a_full_shelf_is_listed_once_for_many_files(tmp_path: Path) -> None:
    looks: list[Path] = []

    def counted(folder: Path) -> list[Path]:
        looks.append(folder)
        return listed(folder)

    small = replace(SOUNDS, files_max=40, bytes_max=1_000_000)
    kept = Cache(tmp_path, wall=Moving().steady, listed=counted)
    for n in range(40):
        kept.keep(small, f"/say/{n}", {}, body(f"sound {n}"))
    assert len(looks) == 1, "counted at the start"
    for n in range(40, 80):
        assert kept.keep(small, f"/say/{n}", {}, body(f"sound {n}")) is not None
        assert len(list((tmp_path / "sounds").glob("*.json"))) <= 40
    assert len(looks) <= 1 + 40 // 4, "a tenth goes at once"
    assert kept.find(small, "/say/79") is not None
    assert len(list((tmp_path / "sounds").iterdir())) % 2 == 0, "each head has its body"


def test_what_a_run_before_left_counts_and_its_halves_go(tmp_path: Path) -> None:
    small = replace(SOUNDS, files_max=5)
    first, _ = cache(tmp_path)
    for n in range(5):
        first.keep(small, f"/say/{n}", {}, body(f"sound {n}"))
    (tmp_path / "sounds" / "half-1.part").write_bytes(b"x")
    again, _ = cache(tmp_path)
    again.keep(small, "/say/new", {}, body("new"))
    assert len(list((tmp_path / "sounds").glob("*.json"))) == 5
    assert again.find(small, "/say/new") is not None
    assert not list(tmp_path.rglob("*.part"))


def test_a_body_that_a_power_cut_left_short_is_nothing_and_is_written_anew(tmp_path: Path) -> None:
    kept, _ = cache(tmp_path)
    for left in ("", "on"):
        found = kept.keep(PAGES, "/board/a", {}, body("one"))
        assert found is not None
        found.path.write_text(left)
        assert kept.find(PAGES, "/board/a") is None
    healed = kept.keep(PAGES, "/board/a", {}, body("one"))
    assert healed is not None
    assert healed.path.read_text() == "one"


def test_a_head_that_does_not_tell_the_length_is_nothing(tmp_path: Path) -> None:
    kept, _ = cache(tmp_path)
    kept.keep(PAGES, "/board/a", {}, body("one"))
    head = next(tmp_path.rglob("*.json"))
    head.write_text(head.read_text().replace(',"length":3', ""))
    assert kept.find(PAGES, "/board/a") is None


def test_what_is_dropped_is_gone(tmp_path: Path) -> None:
    kept, _ = cache(tmp_path)
    kept.keep(SOUNDS, "/say/1", {}, body("one"))
    kept.drop(SOUNDS, "/say/1")
    kept.drop(SOUNDS, "/say/1")
    assert kept.find(SOUNDS, "/say/1") is None
    assert not list((tmp_path / "sounds").iterdir())
