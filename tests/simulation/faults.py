"""A server process that can die between any two steps of what it does, and be started again.

A step is a statement sent to the database, the moment before COMMIT, or the moment after it. Dying is an
exception that nothing catches on its way out; what it leaves in the file is what `kill -9` would leave,
since SQLite undoes what was not committed either way.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sa

from server.actions.hall import Hall
from server.clock import Chance, Clock
from server.db.engine import open_engine
from server.db.unit_of_work import Store
from tests.statements import watched


class SimulatedCrash(BaseException):
    """The process died here; not an Exception, so that no handler can survive it."""


class Fuse:
    """Counts steps down and blows; disarmed until `arm`."""

    def __init__(self) -> None:
        self._steps_left: int | None = None

    def arm(self, steps: int) -> None:
        """Blow after this many more steps."""
        self._steps_left = steps

    def disarm(self) -> None:
        """Let the process live."""
        self._steps_left = None

    def step(self, where: str) -> None:
        """Raises SimulatedCrash when the count is over."""
        if self._steps_left is None:
            return
        if self._steps_left == 0:
            self.disarm()
            raise SimulatedCrash(where)
        self._steps_left -= 1


class Process:
    """One life after the other of a server over the same file."""

    def __init__(self, url: str, clock: Clock, chance: Chance) -> None:
        self._url, self._clock, self._chance = url, clock, chance
        self.fuse = Fuse()
        self.crashes = 0
        self._watching = ExitStack()
        self._engine, self.hall = self._start()

    def restart(self) -> None:
        """What an init system does after a crash."""
        self.crashes += 1
        self.stop()
        self._engine, self.hall = self._start()

    def stop(self) -> None:
        """Close the file."""
        self.fuse.disarm()
        self._watching.close()
        self._engine.dispose()

    def _start(self) -> tuple[sa.Engine, Hall]:
        engine = open_engine(self._url)
        fuse = self.fuse

        class Connection(sqlite3.Connection):
            """Dies before a commit, when nothing was written, or after it, when nobody was told."""

            def commit(self) -> None:
                fuse.step("before COMMIT")
                super().commit()
                fuse.step("after COMMIT")

        def use_it(
            _dialect: object, _record: object, _given: list[Any], options: dict[str, Any]
        ) -> None:
            options["factory"] = Connection

        sa.event.listen(engine, "do_connect", use_it)
        self._watching.enter_context(watched(engine, lambda text, _parameters: fuse.step(text)))
        return engine, Hall(store=Store(engine), clock=self._clock, chance=self._chance)
