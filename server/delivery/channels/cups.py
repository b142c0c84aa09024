"""A printer behind a queue of CUPS, which passes our bytes on as they are (`lp -o raw`).

The commands, not pycups: that one has no wheel and wants a compiler and CUPS' headers on every kiosk, for what
three commands do without root (docs/decisions/0011-ways-to-a-printer.md). CUPS knows its queue, seldom the
paper: a queue without an alert is `unknown`.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from typing import Final

from server.delivery.channels.channel import (
    SEND_TIMEOUT_SECONDS,
    ChannelError,
    Faulty,
    Handed,
    Receipt,
    Refused,
    TimedOut,
    Unreachable,
    Watcher,
)
from server.delivery.channels.status import UNKNOWN, Fault, Paper, PrinterStatus, failed

COMMAND_TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 1.0

_REQUEST: Final = re.compile(r"request id is (\S+-\d+)")
_ALERTS: Final = re.compile(r"^\s*Alerts:\s*(.*)$", re.MULTILINE)
_SEVERITY: Final = re.compile(r"-(error|warning|report)$")
_FAULTS: Final = {
    "cover-open": Fault.COVER_OPEN,
    "door-open": Fault.COVER_OPEN,
    "interlock-open": Fault.COVER_OPEN,
    "media-empty": Fault.PAPER_END,
    "media-needed": Fault.PAPER_END,
    "media-jam": Fault.ERROR,
    "fuser-over-temp": Fault.OVERHEATED,
    "offline": Fault.OFFLINE,
    "paused": Fault.OFFLINE,
    "timed-out": Fault.TIMED_OUT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CupsChannel:
    """Gives a job to the queue and follows it until the queue has passed it on."""

    queue: str
    send_timeout_seconds: float = SEND_TIMEOUT_SECONDS

    def send(
        self,
        job_id: str,
        data: bytes,
        *,
        watcher: Watcher,
        patience_seconds: float,
        is_mute: bool,
    ) -> Receipt:
        """As the Protocol says. Of a job that the queue has begun nobody can tell how far it came."""
        del is_mute  # the queue is asked, not the printer
        status = self.status()
        watcher.told(status)
        if status.fault is not None:
            raise Faulty(status.fault, f"queue {self.queue}: {status.fault.value}")
        watcher.before_last_ink()
        request = self._hand_over(job_id, data)
        now = time.monotonic()
        no_fault_until, give_up_at = now + self.send_timeout_seconds, now + patience_seconds
        while request in self._waiting():
            status = self.status()
            watcher.told(status)
            now = time.monotonic()
            limit = no_fault_until if status.fault is None else max(no_fault_until, give_up_at)
            if now > limit:
                self._cancel(request)
                message = f"queue {self.queue}: job {job_id} not passed on"
                if status.fault is None:
                    raise TimedOut(message, handed=Handed.ALL_INK)
                raise Faulty(status.fault, message, handed=Handed.ALL_INK)
            time.sleep(POLL_SECONDS)
        return Receipt(is_proven=False, status=self.status())

    def status(self) -> PrinterStatus:
        """What CUPS says of the queue."""
        try:
            told = _run("lpstat", "-l", "-p", self.queue)
        except ChannelError as error:
            return failed(error.fault)
        return read_queue(told)

    def _hand_over(self, job_id: str, data: bytes) -> str:
        told = _run("lp", "-d", self.queue, "-o", "raw", "-t", f"nouba-{job_id}", data=data)
        found = _REQUEST.search(told)
        if found is None:
            raise Refused(f"queue {self.queue}: {told.strip()}")
        return found[1]

    def _waiting(self) -> set[str]:
        try:
            told = _run("lpstat", "-W", "not-completed", "-o", self.queue)
        except ChannelError as error:
            error.handed = Handed.ALL_INK
            raise
        return {line.split()[0] for line in told.splitlines() if line.strip()}

    def _cancel(self, request: str) -> None:
        try:
            _run("cancel", request)
        except ChannelError as error:
            error.handed = Handed.ALL_INK
            raise


def read_queue(told: str) -> PrinterStatus:
    """The status in the answer of `lpstat -l -p`."""
    found = _ALERTS.search(told)
    alerts = {_SEVERITY.sub("", word) for word in (found[1] if found else "").split()}
    for alert, fault in _FAULTS.items():
        if alert in alerts:
            return failed(fault)
    if " disabled since " in told:
        return failed(Fault.OFFLINE)
    if "media-low" in alerts:
        return PrinterStatus(state="ok", paper=Paper.NEAR_END)
    return UNKNOWN


def _run(*command: str, data: bytes = b"") -> str:
    """What a command of CUPS says; its refusal, its silence and its absence are ChannelErrors."""
    try:
        done = subprocess.run(  # noqa: S603 (our own words; the queue's name was checked)
            command,
            input=data,
            capture_output=True,
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired as error:
        raise TimedOut(f"{command[0]}: no answer", handed=_perhaps(data)) from error
    except OSError as error:
        raise Unreachable(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        kind = Refused if "not accepting" in said else Unreachable
        raise kind(f"{command[0]}: {said or done.returncode}")
    return done.stdout.decode(errors="replace")


def _perhaps(data: bytes) -> Handed:
    """`lp` that was killed may have filed its job before."""
    return Handed.ALL_INK if data else Handed.NOTHING
