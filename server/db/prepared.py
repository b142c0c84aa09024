"""Statements of SQLAlchemy that are compiled once and then run on the driver's own cursor.

A tap costs seven statements, and SQLAlchemy needs ten times as long for each as the driver does (measured: a seventh
of a tap). Its tables, its SQL, its types, its connections and its errors stay; what is left out is what it decides
anew at every execution. For the statements of the hot paths; all others use it as it is.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

Row = Any
"""One row: its columns as attributes, in Python's own types."""
_Convert = Callable[[Any], Any]


class Prepared:
    """One statement. Its parameters are all named by `bindparam`; it may not hold an expanding one."""

    def __init__(self, statement: sa.Executable) -> None:
        self._statement = statement
        self._ready: dict[str, _Ready] = {}

    def run(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> None:
        """Execute without asking for rows. Raises what `Connection.execute` raises."""
        with closing(connection.connection.cursor()) as cursor:
            self._for(connection).execute(connection, cursor, parameters)

    def run_many(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute for each of `rows`, in one go of the driver. Raises what `Connection.execute` raises."""
        with closing(connection.connection.cursor()) as cursor:
            self._for(connection).execute_many(connection, cursor, rows)

    def first(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> Row | None:
        """The first row, if there is one. Raises what `Connection.execute` raises."""
        rows = self.all(connection, parameters)
        return rows[0] if rows else None

    def one(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> Row:
        """The only row of a statement that always has one."""
        (row,) = self.all(connection, parameters)
        return row

    def all(self, connection: sa.Connection, parameters: Mapping[str, Any]) -> list[Row]:
        """Every row. Raises what `Connection.execute` raises."""
        ready = self._for(connection)
        with closing(connection.connection.cursor()) as cursor:
            ready.execute(connection, cursor, parameters)
            return ready.rows(cursor)

    def _for(self, connection: sa.Connection) -> _Ready:
        # By name: two databases of one kind get the same SQL.
        dialect = connection.dialect
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _Ready(self._statement, dialect)
        return ready


class _Ready:
    """A statement as one kind of database takes it."""

    def __init__(self, statement: Any, dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._dialect = dialect
        self._driver_error: type[Exception] = cast("Any", dialect.loaded_dbapi).Error
        self._text = str(compiled)
        assert not any(bind.expanding for bind in compiled.bind_names), "a list of any length"
        binds = {
            name: _Bind(
                name=name,
                fixed=() if bind.required else (bind.value,),
                convert=_binder(bind.type, dialect),
            )
            for bind, name in compiled.bind_names.items()
        }
        self._is_positional: bool = compiled.positional
        # SQLite's driver takes them in the order of the text, each as often as it stands there.
        self._binds = tuple(binds[name] for name in compiled.positiontup or binds)
        self._columns = list(getattr(statement, "exported_columns", ()))
        self._row = _row_type([each.key for each in self._columns])
        self._converts: tuple[tuple[int, _Convert], ...] | None = None

    def execute(
        self, connection: sa.Connection, cursor: Any, parameters: Mapping[str, Any]
    ) -> None:
        """Run the statement on the driver's cursor."""
        given = self._bound(parameters)
        try:
            connection.dialect.do_execute(cursor, self._text, given)
        except self._driver_error as error:
            raise self._wrapped(error) from error

    def execute_many(
        self, connection: sa.Connection, cursor: Any, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """The same for each of `rows`."""
        given = [self._bound(parameters) for parameters in rows]
        try:
            connection.dialect.do_executemany(cursor, self._text, given)
        except self._driver_error as error:
            raise self._wrapped(error) from error

    def rows(self, cursor: Any) -> list[Row]:
        """What the cursor holds, converted."""
        found = cursor.fetchall()
        if self._converts is None:
            self._converts = tuple(self._readers(cursor.description))
        if not self._converts:
            return [self._row(*raw) for raw in found]
        return [self._converted(raw, self._converts) for raw in found]

    def _bound(self, parameters: Mapping[str, Any]) -> Any:
        if self._is_positional:
            return tuple([bind.of(parameters) for bind in self._binds])
        return {bind.name: bind.of(parameters) for bind in self._binds}

    def _converted(self, raw: Sequence[Any], converts: tuple[tuple[int, _Convert], ...]) -> Row:
        values = list(raw)
        for index, convert in converts:
            values[index] = convert(values[index])
        return self._row(*values)

    def _readers(self, description: Sequence[Any]) -> list[tuple[int, _Convert]]:
        readers = []
        for index, column in enumerate(self._columns):
            impl = column.type.dialect_impl(self._dialect)
            convert = impl.result_processor(self._dialect, description[index][1])
            if convert is not None:
                readers.append((index, convert))
        return readers

    def _wrapped(self, error: Exception) -> BaseException:
        """As SQLAlchemy would raise it, its statement shown and its values hidden."""
        kind, dialect = self._driver_error, self._dialect
        wrapped: BaseException = sa.exc.DBAPIError.instance(
            self._text, None, error, kind, hide_parameters=True, dialect=dialect
        )
        return wrapped


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bind:
    name: str
    fixed: tuple[Any, ...]
    """The value that the statement itself has for it; none when every execution brings its own."""
    convert: _Convert | None

    def of(self, parameters: Mapping[str, Any]) -> Any:
        value = self.fixed[0] if self.fixed else parameters[self.name]
        return value if self.convert is None else self.convert(value)


def _row_type(names: list[str]) -> Callable[..., Row]:
    return cast("Callable[..., Row]", namedtuple("Row", names))


def _binder(kind: Any, dialect: sa.Dialect) -> _Convert | None:
    found: _Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found
