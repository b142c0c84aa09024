"""Sizes of a run, and the folder on this disk where its databases live and die."""

from __future__ import annotations

import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "var" / "bench"
"""What is slow to prepare stays here between runs; everything else is removed at the end."""
DESCRIPTORS_SPARE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much one run measures."""

    rounds: int
    requests: int
    """Tickets issued for one case in one round."""
    clients: tuple[int, ...]
    batches: int
    """Times that all eight agents call, start and finish in one round."""
    single_calls: int
    waiting: int
    past: int
    sockets: tuple[int, ...]
    sockets_of_memory: int
    pages: int
    """Walls in a real browser."""
    receipts: int
    kiosk_taps: int
    offline_tickets: int
    idle_seconds: float
    soak_hours: int
    soak_calls: int
    """In each of these hours."""
    soak_first_calls: int
    """In the first, which fills what is bounded: 64 remembered calls, each line's last, and above all the page's code.

    Chromium compiles what runs often anew, for speed: a tenth of a mebibyte in its first minutes, then no more.
    """


FULL = Size(
    rounds=5,
    requests=256,
    clients=(1, 8, 32),
    batches=12,
    single_calls=40,
    waiting=10_000,
    past=1_000_000,
    sockets=(200, 2_000),
    sockets_of_memory=2_000,
    pages=20,
    receipts=20,
    kiosk_taps=24,
    offline_tickets=3_000,
    idle_seconds=20,
    soak_hours=24,
    soak_calls=250,
    soak_first_calls=250,
)
QUICK = Size(
    rounds=3,
    requests=128,
    clients=(1, 8, 32),
    batches=6,
    single_calls=20,
    waiting=10_000,
    past=100_000,
    sockets=(200, 1_000),
    sockets_of_memory=1_000,
    pages=20,
    receipts=10,
    kiosk_taps=12,
    offline_tickets=1_000,
    idle_seconds=10,
    soak_hours=24,
    soak_calls=8,
    soak_first_calls=250,
)
TINY = Size(
    rounds=1,
    requests=6,
    clients=(1, 3),
    batches=1,
    single_calls=2,
    waiting=60,
    past=500,
    sockets=(3,),
    sockets_of_memory=3,
    pages=2,
    receipts=1,
    kiosk_taps=2,
    offline_tickets=30,
    idle_seconds=1,
    soak_hours=3,
    soak_calls=2,
    soak_first_calls=2,
)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder of this run, removed with all that is in it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=KEPT))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def raise_descriptor_limit(sockets: int) -> None:
    """Let this process and its children hold that many sockets. Raises SystemExit if they may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = sockets + DESCRIPTORS_SPARE
    if soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(f"{sockets} sockets need {needed} descriptors; the hard limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
