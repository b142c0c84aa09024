"""The rule of docs/decisions/0010, row by row."""

from __future__ import annotations

import pytest

from server.delivery.channels import (
    AfterRepair,
    Fate,
    Fault,
    Handed,
    after_repair,
    fate_after,
    fate_after_crash,
)


@pytest.mark.parametrize(
    ("handed", "fate"),
    [
        (Handed.NOTHING, Fate.TRY_AGAIN),
        (Handed.PART, Fate.TRY_AGAIN),
        (Handed.ALL_INK, Fate.UNSURE),
        (Handed.PRINTED, Fate.PRINTED),
    ],
)
def test_after_a_failure(handed: Handed, fate: Fate) -> None:
    assert fate_after(handed) is fate


@pytest.mark.parametrize(("noted", "fate"), [(False, Fate.TRY_AGAIN), (True, Fate.UNSURE)])
def test_after_a_crash(noted: bool, fate: Fate) -> None:
    assert fate_after_crash(last_ink_was_noted=noted) is fate


@pytest.mark.parametrize("fault", Fault)
def test_after_a_repair(fault: Fault) -> None:
    spoils = fault in (Fault.PAPER_END, Fault.COVER_OPEN)
    assert after_repair(fault) is (AfterRepair.BEGIN_AGAIN if spoils else AfterRepair.GO_ON)
