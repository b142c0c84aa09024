"""The branch's opening hours, for the screen's power."""

from __future__ import annotations

from typing import Final, Protocol

import structlog

from device_client.http import Away
from device_client.server import Revoked
from server.domain.errors import Refusal
from server.domain.hours import Hours, read_hours
from server.wire_devices import DeviceCatalogue

_log: Final = structlog.get_logger(__name__)


class Catalogues(Protocol):
    """The server, as far as hours go. May raise Away, Revoked or a Refusal."""

    def catalogue(self, known: str | None) -> DeviceCatalogue | None: ...


class HoursKeeper:
    """Asks for them now and then; None is not known: the screen stays on."""

    def __init__(self, server: Catalogues) -> None:
        self._server = server
        self._known: str | None = None
        self.hours: Hours | None = None

    def refresh(self) -> None:
        """Nothing happens while the server is away."""
        try:
            found = self._server.catalogue(self._known)
        except (Away, Revoked, Refusal) as problem:
            _log.debug("no_hours", problem=str(problem))
            return
        if found is None:
            return
        try:
            self.hours = read_hours(found.branch.zone, found.hours)
        except (ValueError, KeyError, TypeError, Refusal) as error:
            # A newer server may know words that this program does not.
            _log.error("hours_not_understood", problem=str(error))
            return
        self._known = found.version
