"""The sentences as they come from the server and from the disk: one that is missing or broken harms no other."""

from __future__ import annotations

import io
from array import array
from pathlib import Path

from display_client.cache import Cache
from display_client.fetching import Fetched
from display_client.proxy import MISSING_MAX, Proxy, ServerWords
from server.voice import sound
from tests.display_client.builders import NOON

WAV = sound.write(array("h", range(2000)))
BROKEN = b"RIFF and then nothing"


class Recordings:
    """The server's, by number; what it does not have is 404."""

    def __init__(self, **numbers: bytes) -> None:
        self.numbers = numbers
        self.asked: list[str] = []

    def fetch(self, target: str, *, etag: str | None, timeout_seconds: float) -> Fetched:
        del etag, timeout_seconds
        self.asked.append(target)
        found = next(
            (wav for number, wav in self.numbers.items() if f"number={number}&" in target), None
        )
        headers = {"nouba-time": NOON.isoformat(), "content-type": "audio/wav"}
        return Fetched(
            status=404 if found is None else 200, headers=headers, body=io.BytesIO(found or b"")
        )


def words(folder: Path, server: Recordings) -> ServerWords:
    cache = Cache(folder, wall=NOON.timestamp)
    proxy = Proxy(server, cache, branch="berkane", is_online=lambda: True)
    return ServerWords(proxy, branch="berkane", chime=b"")


def test_a_recording_that_is_missing_silences_no_other_call(tmp_path: Path) -> None:
    server = Recordings(A002=WAV)
    asked = words(tmp_path, server)
    assert asked.sentence("zgh", "A001", 1) is None
    assert asked.sentence("zgh", "A002", 1) == WAV
    assert asked.sentence("zgh", "A001", 1) is None
    assert len(server.asked) == 2, "what is missing is not asked for at every turn"


def test_of_what_is_missing_not_more_than_some_is_remembered(tmp_path: Path) -> None:
    server = Recordings()
    asked = words(tmp_path, server)
    for number in range(MISSING_MAX + 1):
        assert asked.sentence("zgh", f"A{number}", 1) is None
    count = len(server.asked)
    assert asked.sentence("zgh", f"A{MISSING_MAX}", 1) is None
    assert len(server.asked) == count
    assert asked.sentence("zgh", "A0", 1) is None
    assert len(server.asked) == count + 1, "the oldest was let go"


def test_a_broken_sound_on_the_disk_heals(tmp_path: Path) -> None:
    server = Recordings(A001=WAV)
    assert words(tmp_path, server).sentence("ar", "A001", 1) == WAV
    (kept,) = (path for path in (tmp_path / "sounds").iterdir() if path.suffix != ".json")
    kept.write_bytes(bytes(len(WAV)))  # as long as it was: a power cut may leave nothing but zeros
    assert words(tmp_path, server).sentence("ar", "A001", 1) == WAV
    assert kept.read_bytes() == WAV


def test_a_broken_sound_of_the_server_is_missing_and_not_kept(tmp_path: Path) -> None:
    server = Recordings(A001=BROKEN)
    asked = words(tmp_path, server)
    assert asked.sentence("ar", "A001", 1) is None
    assert not list((tmp_path / "sounds").iterdir())
    assert len(server.asked) == 2
