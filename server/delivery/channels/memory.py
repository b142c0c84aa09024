"""A printer that only remembers: for tests and previews."""

from __future__ import annotations

from collections import deque

from server.delivery.channels.channel import ChannelError, Receipt, Watcher
from server.delivery.channels.status import Paper, PrinterStatus

JOBS_KEPT_MAX = 1_000
WELL = PrinterStatus(state="ok", paper=Paper.OK)


class MemoryChannel:
    """Keeps the last jobs in order, and fails as it was told to."""

    def __init__(self) -> None:
        self.jobs: deque[tuple[str, bytes]] = deque(maxlen=JOBS_KEPT_MAX)
        self.says = WELL
        self._errors: deque[ChannelError] = deque()

    def fail_next(self, *errors: ChannelError) -> None:
        """Raise these, one for each of the next jobs, and keep nothing of those jobs."""
        self._errors.extend(errors)

    def send(
        self,
        job_id: str,
        data: bytes,
        *,
        watcher: Watcher,
        patience_seconds: float,
        is_mute: bool,
    ) -> Receipt:
        del patience_seconds, is_mute
        if self._errors:
            raise self._errors.popleft()
        watcher.before_last_ink()
        self.jobs.append((job_id, data))
        return Receipt(is_proven=True, status=self.says)

    def status(self) -> PrinterStatus:
        return self.says
