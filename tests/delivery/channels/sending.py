"""Sending in one line: a job to a channel, with what the watcher was told."""

from __future__ import annotations

from server.delivery.channels import Channel, PrinterStatus, Receipt


class Notes:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.last_ink_count = 0

    def told(self, status: PrinterStatus) -> None:
        if not self.codes or self.codes[-1] != status.code:
            self.codes.append(status.code)

    def before_last_ink(self) -> None:
        self.last_ink_count += 1


def send(
    channel: Channel,
    data: bytes,
    *,
    notes: Notes | None = None,
    patience_seconds: float = 0.0,
    is_mute: bool = True,
) -> Receipt:
    """Hand over one job, without the question before it unless told."""
    return channel.send(
        "job-1",
        data,
        watcher=notes or Notes(),
        patience_seconds=patience_seconds,
        is_mute=is_mute,
    )
