"""One program on one data folder: its version, its loops, and the lock that keeps a second one out."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version as version_of

from device_client.place import DevicePlace, SettingsError

_LOCK = "running.lock"


def program_version() -> str:
    """What reports and pairings tell."""
    return version_of("nouba")


def started(loops: Mapping[str, Callable[[], None]]) -> list[threading.Thread]:
    """Begin each loop in a thread of its own, named after it; none outlives the program."""
    threads = [
        threading.Thread(target=loop, name=f"nouba-{name}", daemon=True)
        for name, loop in loops.items()
    ]
    for thread in threads:
        thread.start()
    return threads


@contextmanager
def alone(place: DevicePlace) -> Iterator[None]:
    """One program a data folder: two would do everything twice. Raises SettingsError."""
    path = place.folder / _LOCK
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(f"{place.folder}: another {place.program} runs on it") from error
        yield
    finally:
        os.close(descriptor)


def is_running(place: DevicePlace) -> bool:
    """Whether a program runs on this data folder."""
    try:
        with alone(place):
            return False
    except SettingsError:
        return True
