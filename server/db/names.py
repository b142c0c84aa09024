"""What never changes once it is there: the code of a service, the number of a desk. Asked once a process."""

from __future__ import annotations

import sqlalchemy as sa

from server.db.tables import desks, services
from server.domain.ids import DeskId, ServiceId

_code = sa.select(services.c.code).where(services.c.id == sa.bindparam("id"))
_number = sa.select(desks.c.number).where(desks.c.id == sa.bindparam("id"))


class Names:
    """The names by which answers speak of ids that are known to exist. One for each `Store`."""

    def __init__(self) -> None:
        self._codes: dict[ServiceId, str] = {}
        self._numbers: dict[DeskId, int] = {}

    def service_code(self, connection: sa.Connection, service: ServiceId) -> str:
        """`civil-status`."""
        if service not in self._codes:
            self._codes[service] = connection.execute(_code, {"id": service}).scalar_one()
        return self._codes[service]

    def desk_number(self, connection: sa.Connection, desk: DeskId) -> int:
        """3, as in "desk 3"."""
        if desk not in self._numbers:
            self._numbers[desk] = connection.execute(_number, {"id": desk}).scalar_one()
        return self._numbers[desk]
