"""Every bench runs, in a tiny form, against the real server: nothing here is timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEYS = ["name", "case", "value", "unit", "floor", "ratio", "rounds"]
LINES = {
    "issue": 6,
    "call": 6,
    "fanout": 4,
    "receipt": 1,
    "memory": 3,
    "kiosk": 10,
    "painted": 3,
    "storm": 2,
    "soak": 12,
}


@pytest.mark.parametrize("name", LINES)
def test_a_bench_prints_a_line_for_each_case(name: str) -> None:
    done = _bench(name, "--tiny", "--json")
    assert done.returncode == 0, done.stderr
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(figure) for figure in figures] == [KEYS] * LINES[name]
    assert {figure["name"] for figure in figures} == {name}
    # A processor is counted in hundredths of a second: of an idle program there may be none to count.
    # And what is over a baseline that was slower by chance, in its one turn, is less than nothing.
    may_be_nothing = [
        figure["unit"] == "%" or "over the baseline" in figure["case"] for figure in figures
    ]
    assert all(
        is_free or figure["value"] > 0
        for figure, is_free in zip(figures, may_be_nothing, strict=True)
    )
    assert done.stderr == ""


def test_an_unknown_bench_is_named() -> None:
    done = _bench("swiftness", "--tiny")
    assert done.returncode == 2
    assert "no such bench: swiftness" in done.stderr


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    places = os.pathsep.join((str(ROOT), str(ROOT / "scripts")))
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": places},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
