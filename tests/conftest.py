"""The four fixtures of the whole suite; everything else is built by calling `tests.builders`."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from server.db.engine import open_engine
from tests.builders import SeededChance, Town, build_town
from tests.databases import Databases, folder_in_memory

# As every program of ours does: else a server that a test starts would have another day than the test for an hour.
zoneinfo.reset_tzpath(to=())

# Shared machines are slow now and then: a deadline would fail by the neighbours' load, not by ours.
settings.register_profile(
    "nouba", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("nouba")

BOTH = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgres", id="postgres", marks=pytest.mark.postgres),
]


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Makes scratch databases for this process; see `tests.databases`."""
    with TemporaryDirectory(prefix="nouba-", dir=folder_in_memory()) as folder:
        made = Databases(Path(folder))
        yield made
        made.drop_all()


@pytest.fixture(params=BOTH)
def database_kind(request: pytest.FixtureRequest) -> str:
    """A test that asks for it, or for what follows from it, runs on both databases."""
    return str(request.param)


@pytest.fixture
def database_url(databases: Databases, database_kind: str) -> str:
    """A fresh, migrated database."""
    return databases.new(database_kind)


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    """A fresh database with one branch; its clock stands still until the test moves it."""
    engine = open_engine(database_url)
    yield build_town(database_url, engine, SeededChance())
    engine.dispose()
