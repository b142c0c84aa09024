"""The migrations make exactly the tables of `server.db.tables`, on both databases, however often they run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from server.db.engine import begin, open_engine
from server.db.migrate import configuration, migrate
from server.db.schema import present_and_newest
from server.db.tables import metadata
from tests.databases import Databases

OLD_DAY = (
    "INSERT INTO branches VALUES (1, 'b', '{}', '[]', 'UTC', '{}', 0, '#000000', '0', 7)",
    "INSERT INTO services VALUES (1, 1, 'a', 'A', '{}', '{}', 'x', 0, '1', 60, 60.0, 1.0)",
    "INSERT INTO lines VALUES (1, '2026-06-01', 1, 41, 3)",
)
"""A branch, its service and the line of a day, as revision 0001 holds them."""


@contextmanager
def opened(url: str) -> Iterator[sa.Engine]:
    """An engine that is closed again."""
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def differences(engine: sa.Engine) -> list[object]:
    """What `alembic check` would complain about."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[object] = compare_metadata(context, metadata)
        return found


def schema(engine: sa.Engine) -> dict[str, tuple[set[str], set[str | None], set[str | None]]]:
    """Columns, indexes and unique constraints of every table."""
    inspector = sa.inspect(engine)
    return {
        table: (
            {column["name"] for column in inspector.get_columns(table)},
            {index["name"] for index in inspector.get_indexes(table)},
            {each["name"] for each in inspector.get_unique_constraints(table)},
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_migrations_make_what_the_tables_say(databases: Databases, database_kind: str) -> None:
    """Compared by alembic, and table by table with a database made straight from the metadata."""
    with opened(databases.new(database_kind)) as engine:
        assert differences(engine) == []
        with opened(databases.empty(database_kind)) as other:
            metadata.create_all(other)
            assert schema(engine) == schema(other)


def test_partial_indexes_are_partial(database_url: str) -> None:
    """Without the condition one desk could never serve a second ticket; alembic does not compare it."""
    with opened(database_url) as engine, engine.connect() as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        here = "pg_indexes WHERE schemaname = current_schema()"
        catalogue = "sqlite_master" if is_sqlite else here
        name, text = ("name", "sql") if is_sqlite else ("indexname", "indexdef")
        rows = connection.exec_driver_sql(f"SELECT {name}, {text} FROM {catalogue}").all()
    partial = {row[0] for row in rows if row[1] and " WHERE " in row[1]}
    wanted = {
        str(index.name)
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    assert wanted
    assert wanted <= partial


def test_migrating_again_changes_nothing(database_url: str) -> None:
    with opened(database_url) as engine:
        before = schema(engine)
        migrate(engine)
        assert schema(engine) == before
        present, newest = present_and_newest(engine)
        assert present == newest is not None


def test_down_and_up_again(database_url: str) -> None:
    with opened(database_url) as engine:
        before = schema(engine)
        with engine.begin() as connection:
            begin(connection, writes=True)
            command.downgrade(configuration(connection), "base")
        assert schema(engine) == {}
        migrate(engine)
        assert schema(engine) == before
        assert differences(engine) == []


def test_a_day_that_began_before_the_upgrade_goes_on(
    databases: Databases, database_kind: str
) -> None:
    """Lines of the first schema: none of their numbers is leased to a kiosk."""
    with opened(databases.empty(database_kind)) as engine:
        with engine.begin() as connection:
            begin(connection, writes=True)
            command.upgrade(configuration(connection), "0001")
            for statement in OLD_DAY:
                connection.exec_driver_sql(statement)
        migrate(engine)
        with engine.connect() as connection:
            (row,) = connection.execute(sa.select(metadata.tables["lines"])).all()
        assert (row.last_number, row.reserved_from) == (41, 1000)
        assert differences(engine) == []


def test_an_empty_database_has_no_revision(databases: Databases, database_kind: str) -> None:
    with opened(databases.empty(database_kind)) as engine:
        assert present_and_newest(engine)[0] is None


def test_servers_that_start_together_take_turns(databases: Databases, database_kind: str) -> None:
    url = databases.empty(database_kind)

    def start(_: int) -> None:
        with opened(url) as engine:
            migrate(engine)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(4)))
    with opened(url) as engine:
        assert differences(engine) == []
