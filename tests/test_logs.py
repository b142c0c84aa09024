"""The log tells what went wrong, and nothing of what people typed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
import sqlalchemy as sa
import structlog

from server.config import LogSettings
from server.db.engine import open_engine
from server.logs import configure

SECRET = "a password that nobody may read"


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_variable_of_a_frame_is_logged(form: str) -> None:
    with _logging(form) as said:
        _fail_with(SECRET)
    assert "ZeroDivisionError" in said.getvalue()
    assert SECRET not in said.getvalue()


def test_json_is_one_object_a_line() -> None:
    with _logging("json") as said:
        structlog.get_logger("test").warning("printer_gone", printer=3)
    assert json.loads(said.getvalue())["event"] == "printer_gone"


def test_no_value_of_a_statement_is_in_an_error() -> None:
    engine = open_engine("sqlite:////nowhere/at/all.db")
    statement = sa.text("SELECT 1 WHERE :secret = 1")
    assert engine.hide_parameters
    with pytest.raises(sa.exc.OperationalError) as failed, engine.connect() as connection:
        connection.execute(statement, {"secret": SECRET})
    assert SECRET not in str(failed.value)


def _fail_with(password: str) -> None:
    try:
        assert password
        print(1 // 0)
    except ZeroDivisionError:
        structlog.get_logger("test").exception("request_failed")


@contextmanager
def _logging(form: str) -> Iterator[StringIO]:
    """What is said within, with the machinery of the server; the test's own logging is put back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    said = StringIO()
    configure(LogSettings(format=form))
    stream = root.handlers[0]
    assert isinstance(stream, logging.StreamHandler)
    stream.setStream(said)
    try:
        yield said
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
