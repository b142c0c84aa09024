"""Rows of displays: their settings, what staff asked of them, and their pictures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from server.db.codec import Row
from server.db.tables import devices, displays, screenshots
from server.domain.displays import Display
from server.domain.ids import BranchId, DeviceId
from server.wire_displays import DisplayOrders, DisplaySettings

COLUMNS = (displays.c.settings, displays.c.reloads, displays.c.identifies, displays.c.screenshots)
"""What a statement over devices reads of the display, by an outer join."""
_pictures = (
    sa.select(screenshots.c.device_id, screenshots.c.order, screenshots.c.at)
    .join(devices, devices.c.id == screenshots.c.device_id)
    .where(devices.c.branch_id == sa.bindparam("branch"))
)
_picture = (
    sa.select(screenshots.c.jpeg, screenshots.c.at)
    .join(devices, devices.c.id == screenshots.c.device_id)
    .where(
        devices.c.branch_id == sa.bindparam("branch"),
        devices.c.id == sa.bindparam("device"),
    )
)
_picture_order = sa.select(screenshots.c.order).where(
    screenshots.c.device_id == sa.bindparam("device")
)


def display(row: Row) -> Display:
    """The display of a device's row, which holds `COLUMNS`; as new when it has none of its own yet."""
    if row.settings is None:
        return Display()
    return Display(
        # Kept by an older version: what it did not know has its default.
        settings=msgspec.convert(row.settings, type=DisplaySettings),
        orders=DisplayOrders(
            reload=row.reloads, identify=row.identifies, screenshot=row.screenshots
        ),
    )


def save_display(connection: sa.Connection, device: DeviceId, value: Display) -> None:
    """Write settings and orders; under the branch's lock, so that two never insert one row."""
    values = {
        "settings": msgspec.to_builtins(value.settings),
        "reloads": value.orders.reload,
        "identifies": value.orders.identify,
        "screenshots": value.orders.screenshot,
    }
    _upsert(connection, displays, device, values)


def save_picture(
    connection: sa.Connection, device: DeviceId, *, order: int, jpeg: bytes, now: datetime
) -> None:
    """Keep a picture in the place of the one before; under the branch's lock."""
    _upsert(connection, screenshots, device, {"order": order, "at": now, "jpeg": jpeg})


def picture_order(connection: sa.Connection, device: DeviceId) -> int:
    """Which order the picture answers that is kept; 0 when there is none."""
    found = connection.execute(_picture_order, {"device": device}).scalar_one_or_none()
    return found or 0


def picture(
    connection: sa.Connection, branch: BranchId, device: DeviceId
) -> tuple[bytes, datetime] | None:
    """The picture of a device of this branch, and when it came."""
    row = connection.execute(_picture, {"branch": branch, "device": device}).one_or_none()
    return None if row is None else (bytes(row.jpeg), row.at)


def pictures(
    connection: sa.Connection, branch: BranchId
) -> Mapping[DeviceId, tuple[int, datetime]]:
    """Which order the picture of each device answers, and when it came."""
    rows = connection.execute(_pictures, {"branch": branch})
    return {DeviceId(row.device_id): (row.order, row.at) for row in rows}


def _upsert(
    connection: sa.Connection, table: sa.Table, device: DeviceId, values: Mapping[str, Any]
) -> None:
    present = sa.update(table).where(table.c.device_id == device)
    if not connection.execute(present.values(**values)).rowcount:
        connection.execute(sa.insert(table).values(device_id=device, **values))
