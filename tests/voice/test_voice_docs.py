"""The table of recordings in docs/voice.md names files that are looked for."""

from __future__ import annotations

import re
from pathlib import Path

from server.voice import fragment_name
from server.voice.calls import recordable
from server.voice.recordings import RECORDING_BYTES_MAX, RECORDING_SECONDS_MAX
from server.web.limits import COMPOSED_PER_MINUTE

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "voice.md").read_text(encoding="utf-8")


def test_the_files_of_the_table_are_looked_for() -> None:
    rows = [line.split("|")[3:7] for line in TEXT.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 6
    for language, column in zip(("fr", "ar", "zgh", "en"), zip(*rows, strict=True), strict=True):
        known = {fragment_name(each.words) for each in recordable(language, "AB", [1])}
        found = re.findall(r"`([^`]+)\.wav`", " ".join(column))
        assert len(found) >= 5
        assert set(found) <= known


def test_the_limits_are_documented() -> None:
    assert f"{RECORDING_SECONDS_MAX} seconds and {RECORDING_BYTES_MAX // 10**6} MB" in TEXT
    assert f"{COMPOSED_PER_MINUTE.split()[0]} a minute" in TEXT
