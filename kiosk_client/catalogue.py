"""The branch as a kiosk keeps it: from the server's catalogue to the domain, and to screens without a server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from server.domain import paper_layout
from server.domain.branch import Branch, Service
from server.domain.errors import UnknownService
from server.domain.hours import DAYS_SEARCHED_MAX, Hours, read_hours
from server.domain.ids import BranchId, Language, Secret, Seq, ServiceId
from server.domain.ranking import HeadStarts
from server.wire import KioskView, ServiceTile
from server.wire_devices import CatalogueService, DeviceCatalogue

_log = structlog.get_logger(__name__)


class Catalogue:
    """One version of it, ready to decide with: built once, read by every tap."""

    def __init__(self, raw: DeviceCatalogue) -> None:
        """Raises ValueError, KeyError or a Refusal when the server's words make no sense here."""
        self.raw = raw
        head_start = timedelta(seconds=raw.priority_head_start_seconds)
        self.branch = Branch(
            id=BranchId(0),  # of no use here: what a kiosk names, it names by slug and code
            slug=raw.branch.slug,
            names={Language(tag): text for tag, text in raw.branch.names.items()},
            languages=tuple(Language(tag) for tag in raw.branch.languages),
            hours=read_hours(raw.branch.zone, raw.hours),
            head_starts=HeadStarts(priority=head_start),
            accent=raw.branch.accent,
            seq=Seq(0),
        )
        self.layout = _layout(raw.layout)
        self._services = {each.code: _service(each) for each in raw.services}

    @property
    def hours(self) -> Hours:
        return self.branch.hours

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(self._services)

    def service(self, code: str) -> Service:
        """Raises UnknownService."""
        found = self._services.get(code)
        if found is None:
            raise UnknownService("this branch has no such service", service=code)
        return found

    def ticket_url(self, secret: Secret) -> str:
        """The address in the QR, the same that the server writes: upper-case, so that the code is small."""
        return f"{self.raw.public_url.rstrip('/')}/T/{secret}".upper()

    def days_to_lease(self, now: datetime) -> tuple[date, ...]:
        """Today, if the branch opens at all today, and the next day on which it does."""
        today = self.hours.business_day(now)
        coming = (today + timedelta(days=offset) for offset in range(1, DAYS_SEARCHED_MAX))
        following = next((day for day in coming if self.hours.spans(day)), None)
        days = (today,) if self.hours.spans(today) else ()
        return days if following is None else (*days, following)

    def tile(self, code: str) -> ServiceTile:
        """A service as a screen shows it that knows nothing of the line. Raises UnknownService."""
        service = self.service(code)
        raw = next(each for each in self.raw.services if each.code == service.code)
        return _tile(raw, is_open=raw.is_open)

    def view(self, now: datetime, *, seq: int) -> KioskView:
        """The services to choose from, by hours and settings alone; who is waiting, only the server knows."""
        is_open = self.hours.is_open(now)
        ordered = sorted(self.raw.services, key=lambda each: (each.position, each.id))
        return KioskView(
            branch=self.raw.branch,
            seq=seq,
            at=now,
            is_open=is_open,
            opens_at=None if is_open else self.hours.next_opening(now),
            services=tuple(_tile(each, is_open=is_open and each.is_open) for each in ordered),
        )


def _layout(raw: Mapping[str, Any] | None) -> paper_layout.PaperLayout | None:
    """The branch's paper; None, which is the default one, also for what only a newer program can print."""
    try:
        return None if raw is None else paper_layout.from_json(raw)
    except ValueError as error:
        _log.warning("paper_layout_unreadable", problem=str(error))
        return None


def _service(raw: CatalogueService) -> Service:
    return Service(
        id=ServiceId(raw.id),
        code=raw.code,
        letter=raw.letter,
        names={Language(tag): text for tag, text in raw.names.items()},
        documents={Language(tag): tuple(items) for tag, items in raw.documents.items()},
        icon=raw.icon,
        position=raw.position,
        is_open=raw.is_open,
        expected=timedelta(0),  # only the server estimates
    )


def _tile(raw: CatalogueService, *, is_open: bool) -> ServiceTile:
    return ServiceTile(
        code=raw.code,
        letter=raw.letter,
        names=raw.names,
        documents=raw.documents,
        icon=raw.icon,
        is_open=is_open,
        waiting=0,
        wait=None,
    )
