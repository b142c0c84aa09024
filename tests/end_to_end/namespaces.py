"""Two machines on one: network namespaces with a cable between them that can be pulled.

Nothing reaches any other network: the pair of interfaces is their only way out, and it leads to the other one.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.databases import required

SERVER_ADDRESS, KIOSK_ADDRESS = "192.0.2.1", "192.0.2.2"
"""Reserved for examples: no machine has them."""
_CLONE_NEWNET = 0x40000000
_PLACES = Path("/run/netns")
_HERE = Path("/proc/thread-self/ns/net")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cable:
    """The namespaces at its two ends; the server's interface is the one that is switched off."""

    server: str
    kiosks: str

    def pull(self) -> None:
        """No packet passes, and nobody is told."""
        _ip("-n", self.server, "link", "set", "cable", "down")

    def put_back(self) -> None:
        """As before."""
        _ip("-n", self.server, "link", "set", "cable", "up")


@contextmanager
def cable() -> Iterator[Cable]:
    """Two namespaces, gone with the block whatever happens in it; skips where the machine allows none."""
    _require_namespaces()
    ends = Cable(server=f"nouba-{os.getpid()}-s", kiosks=f"nouba-{os.getpid()}-k")
    names = (ends.server, ends.kiosks)
    addresses = (SERVER_ADDRESS, KIOSK_ADDRESS)
    try:
        for name in names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        peer = ("peer", "name", "cable", "netns", ends.kiosks)
        _ip("-n", ends.server, "link", "add", "cable", "type", "veth", *peer)
        for name, address in zip(names, addresses, strict=True):
            _ip("-n", name, "address", "add", f"{address}/30", "dev", "cable")
            _ip("-n", name, "link", "set", "cable", "up")
        yield ends
    finally:
        for name in names:
            if (_PLACES / name).exists():
                _ip("netns", "del", name)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This thread, and the processes and threads that it starts, are on that machine while the block runs."""
    with _HERE.open("rb") as home, (_PLACES / namespace).open("rb") as away:
        _move_to(away.fileno())
        try:
            yield
        finally:
            _move_to(home.fileno())


def _move_to(descriptor: int) -> None:
    # Python has os.setns from 3.12 on.
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _require_namespaces() -> None:
    reason = why_none()
    if reason is None:
        return
    if "netns" in required():
        pytest.fail(reason)
    pytest.skip(reason)


def why_none() -> str | None:
    """None where this machine lets us make namespaces."""
    if shutil.which("ip") is None:
        return "no network namespaces: install the package `iproute2`"
    probe = f"nouba-{os.getpid()}-probe"
    command = ["ip", "netns", "add", probe]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode == 0:
        _ip("netns", "del", probe)
        return None
    return f"no network namespaces (they need root): {made.stderr.strip()}"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
