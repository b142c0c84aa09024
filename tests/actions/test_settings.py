"""Setting up a building: what makes no sense is refused by name."""

from __future__ import annotations

import pytest

from server.actions.settings import NewBranch, contrast_with_white, create_branch
from server.domain.errors import Invalid
from server.domain.ids import Language
from tests.builders import Town


@pytest.mark.parametrize(
    ("colour", "ratio"), [("#ffffff", 1.0), ("#000000", 21.0), ("#767676", 4.54), ("#0f5c5c", 7.78)]
)
def test_contrast_is_that_of_wcag(colour: str, ratio: float) -> None:
    assert contrast_with_white(colour) == pytest.approx(ratio, abs=0.02)


def test_a_light_accent_is_refused(town: Town) -> None:
    new = NewBranch(slug="light", names={Language.FRENCH: "Clair"}, accent="#ffd700")
    with pytest.raises(Invalid) as refused:
        create_branch(hall=town.hall, new=new)
    assert refused.value.details["field"] == "accent"


def test_a_taken_slug_is_refused(town: Town) -> None:
    new = NewBranch(slug=town.slug, names={Language.FRENCH: "Encore"})
    with pytest.raises(Invalid) as refused:
        create_branch(hall=town.hall, new=new)
    assert refused.value.details["field"] == "slug"
