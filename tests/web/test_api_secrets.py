"""Guessing secrets: nothing tells a near miss from nonsense, and an address has only so many guesses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import Town
from tests.statements import recorded
from tests.web.builders import open_site, problem_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


def test_wrong_and_impossible_secrets_get_one_answer_for_the_same_work(
    town: Town, tmp_path: Path
) -> None:
    stranger = open_site(town, tmp_path).api(None)
    secret = town.issue().value.secret or ""
    near = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    answers, work = set(), set()
    for guess in (near, "0" * 13, "x", "%00", "o" * 60):
        with recorded(town.engine) as sent:
            answer = stranger.get(f"/tickets/{guess}")
        answers.add((answer.status_code, answer.data))
        work.add(tuple(text for text, _ in sent))
    assert len(answers) == 1
    assert len(work) == 1


def test_failed_look_ups_are_limited_and_good_ones_are_not(town: Town, tmp_path: Path) -> None:
    stranger = open_site(town, tmp_path, limits__secret_lookups_per_minute=3).api(None)
    secret = town.issue().value.secret
    for _ in range(5):
        assert stranger.get(f"/tickets/{secret}").status_code == 200
    for _ in range(3):
        assert stranger.get("/tickets/0000000000000").status_code == 404
    answer = stranger.get("/tickets/0000000000000")
    assert problem_of(answer) == (429, "too_many_requests")
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_all_addresses_of_secrets_share_one_budget(town: Town, tmp_path: Path) -> None:
    site = open_site(town, tmp_path, limits__secret_lookups_per_minute=3)
    stranger, phone = site.api(None), site.app.test_client()
    stranger.get("/tickets/0000000000000")
    stranger.post("/tickets/0000000000000/cancellation")
    assert phone.get("/t/0000000000000").status_code == 404
    for answer in (
        stranger.get("/tickets/0000000000000"),
        stranger.post("/tickets/0000000000000/cancellation"),
    ):
        assert problem_of(answer) == (429, "too_many_requests")
    assert phone.get("/T/0000000000000").status_code == 429
