"""A printer that only remembers: for tests and previews."""

from __future__ import annotations

from collections import deque

from server.delivery.channels.channel import ChannelError

JOBS_KEPT_MAX = 1_000


class MemoryChannel:
    """Keeps the last jobs in order, and fails as it was told to."""

    def __init__(self) -> None:
        self.jobs: deque[tuple[str, bytes]] = deque(maxlen=JOBS_KEPT_MAX)
        self._errors: deque[ChannelError] = deque()

    def fail_next(self, *errors: ChannelError) -> None:
        """Raise these, one for each of the next jobs, and keep nothing of those jobs."""
        self._errors.extend(errors)

    def send(self, job_id: str, data: bytes) -> None:
        if self._errors:
            raise self._errors.popleft()
        self.jobs.append((job_id, data))
