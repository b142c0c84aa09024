"""A new version is taken up when it is whole, can start, and nobody is being called."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from display_client.renewal import SETTLED_SECONDS, Renewal, fingerprint, new_one_starts
from tests.builders import HandSteady


class Machine:
    """The disk, the hall, and whether this program was ended."""

    def __init__(self) -> None:
        self.files = "one"
        self.is_quiet = True
        self.starts = True
        self.trials = 0
        self.ended = 0
        self.steady = HandSteady()
        self.renewal = Renewal(
            is_quiet=lambda: self.is_quiet,
            end=self._end,
            fingerprint=lambda: self.files,
            starts=self._starts,
            steady=self.steady,
        )

    def looks(self, seconds: float = SETTLED_SECONDS) -> None:
        """Time passes, with a look before and after."""
        self.renewal.look()
        self.steady.seconds += seconds
        self.renewal.look()

    def _end(self) -> None:
        self.ended += 1

    def _starts(self) -> bool:
        self.trials += 1
        return self.starts


def test_the_same_program_goes_on() -> None:
    machine = Machine()
    machine.looks()
    assert (machine.ended, machine.trials) == (0, 0)


def test_a_new_one_is_taken_up_once_its_files_have_settled() -> None:
    machine = Machine()
    machine.files = "half of two"
    machine.looks(SETTLED_SECONDS / 2)
    machine.files = "two"
    machine.looks(SETTLED_SECONDS / 2)
    assert machine.ended == 0, "the update is under way"
    machine.looks(SETTLED_SECONDS / 2)
    assert machine.ended == 1


def test_nobody_is_interrupted() -> None:
    machine = Machine()
    machine.files, machine.is_quiet = "two", False
    machine.looks()
    assert machine.ended == 0
    machine.is_quiet = True
    machine.looks(0)
    assert machine.ended == 1


def test_one_that_cannot_start_is_left_alone_until_it_changes() -> None:
    machine = Machine()
    machine.files, machine.starts = "broken", False
    machine.looks()
    machine.looks()
    assert (machine.ended, machine.trials) == (0, 1)
    machine.files, machine.starts = "mended", True
    machine.looks()
    assert machine.ended == 1


def test_taken_back_is_no_news() -> None:
    machine = Machine()
    machine.files = "two"
    machine.looks(0)
    machine.files = "one"
    machine.looks()
    assert machine.ended == 0


def test_what_is_looked_at_are_the_programs_files(tmp_path: Path) -> None:
    package = tmp_path / "server" / "domain"
    package.mkdir(parents=True)
    (package / "calls.py").write_text("a")
    first = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == first
    (package / "calls.pyc").write_text("compiled")
    assert fingerprint(tmp_path) == first, "running it writes those"
    (package / "calls.py").write_text("ab")
    assert fingerprint(tmp_path) != first


def test_this_program_can_be_started() -> None:
    assert new_one_starts()


def test_half_an_upgrade_has_no_version_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "nouba-9.dist-info"
    info.mkdir()
    before = fingerprint(tmp_path)
    (info / "METADATA").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert fingerprint(tmp_path) != before


def test_the_loop_outlives_a_look_that_fails() -> None:
    looks: list[int] = []
    looked_again = threading.Event()

    def files() -> str:
        looks.append(len(looks))
        if len(looks) == 2:
            raise AttributeError("half of it is here")
        if len(looks) > 2:
            looked_again.set()
        return "one"

    renewal = Renewal(is_quiet=lambda: True, end=lambda: None, fingerprint=files, look_seconds=0.01)
    thread = threading.Thread(target=renewal.run)
    thread.start()
    assert looked_again.wait(5)
    renewal.stop()
    thread.join()
