"""docs/api.md tells every address, refusal, event, role and pause; a new one without a line fails here."""

from __future__ import annotations

import re
from pathlib import Path

from server.domain import errors
from server.domain.events import EventKind
from server.domain.queue import PauseReason
from server.domain.ranking import Cause
from server.domain.roles import Role
from server.pages.errors import status_of_kind
from server.web import problems
from server.web.api import OPERATIONS

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
CODES_OF_FORM = {"idempotency_key_missing", "idempotency_key_invalid", "malformed_json"}


def test_every_refusal_is_documented_with_its_status() -> None:
    listed = set(re.findall(r"^\| \d{3} \| `(\w+)` \|", TEXT, re.MULTILINE))
    refusals = {kind.code: status_of_kind(kind) for kind in _refusals(errors.Refusal)}
    assert listed == {*refusals, *problems.CODES.values(), *CODES_OF_FORM}
    for code, status in refusals.items():
        assert f"| {status} | `{code}` |" in TEXT
    for status, code in problems.CODES.items():
        assert f"| {status} | `{code}` |" in TEXT


def test_every_event_is_documented() -> None:
    section = TEXT.partition("\n## Events")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(EventKind)


def test_every_address_is_documented() -> None:
    listed = re.findall(r"^\| `(GET|POST|PUT|DELETE) ([^`?]+)[^`]*` \|", TEXT, re.MULTILINE)
    assert sorted(listed) == sorted((each.method.value, each.path) for each in OPERATIONS)


def test_every_word_of_a_closed_list_is_documented() -> None:
    for word in (*Role, *PauseReason, *Cause):
        assert f"`{word.value}`" in TEXT


def _refusals(kind: type[errors.Refusal]) -> set[type[errors.Refusal]]:
    """The classes that have a code of their own: all but the root."""
    return {found for each in kind.__subclasses__() for found in {each, *_refusals(each)}}
