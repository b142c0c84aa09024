"""Status bytes to one of three answers, and the states' stable words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.delivery.channels import Fault, Paper
from server.delivery.channels.status import is_status_byte, read_status

WELL = 0x12


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ((0x12, 0x12, 0x12, 0x12), "ok"),
        ((0x12, 0x12, 0x12, 0x1E), "paper_near_end"),
        ((0x1A, 0x32, 0x12, 0x7E), "paper_end"),
        ((0x12, 0x12, 0x12, 0x72), "paper_end"),
        ((0x1A, 0x16, 0x12, 0x12), "cover_open"),
        ((0x1A, 0x36, 0x12, 0x72), "cover_open"),
        ((0x1A, 0x52, 0x1A, 0x12), "cutter"),
        ((0x1A, 0x52, 0x32, 0x12), "broken"),
        ((0x1A, 0x52, 0x52, 0x12), "overheated"),
        ((0x1A, 0x52, 0x12, 0x12), "error"),
        ((0x1A, 0x12, 0x12, 0x12), "offline"),
        ((0x12, 0x12, 0x12), "unknown"),
        ((0x12, 0x12, 0x12, 0x12, 0x12), "unknown"),
        ((0x12, 0x12, 0x12, 0xFF), "unknown"),
        ((), "unknown"),
    ],
)
def test_four_bytes_are_one_answer(answers: tuple[int, ...], code: str) -> None:
    status = read_status(answers)
    assert status.code == code
    assert (status.state == "fault") == (status.fault is not None)


def test_a_fault_tells_the_paper_too() -> None:
    assert read_status((0x1A, 0x16, 0x12, 0x1E)).paper is Paper.NEAR_END
    assert read_status((0x1A, 0x32, 0x12, 0x7E)).paper is Paper.END
    assert read_status(()).paper is Paper.UNKNOWN


@given(st.lists(st.integers(0, 255), max_size=6))
def test_nonsense_is_never_health(answers: list[int]) -> None:
    status = read_status(answers)
    if len(answers) != 4 or not all(map(is_status_byte, answers)):
        assert status.state == "unknown"
    elif status.state == "ok":
        assert not answers[0] & 0x08
        assert not answers[3] & 0x60


def test_every_fault_has_a_word_that_fits_its_column() -> None:
    assert all(len(fault.value) <= 30 for fault in Fault)
