"""Runs simulated days: `--seed N`, or `--seeds A-B` for a long run; says how to repeat what failed.

Each seed is three days: of kiosks that are pages of the server, of kiosks that can stand alone, and of displays.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.databases import Databases, folder_in_memory
from tests.simulation.day import Day
from tests.simulation.display_day import DisplayDay
from tests.simulation.kiosk_day import KioskDay


def main() -> None:
    """Exit code 1 when a seed failed."""
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int, help="one seed")
    which.add_argument("--seeds", metavar="A-B", help="many seeds, both ends included")
    parser.add_argument("--citizens", type=int, default=24, help="a day (%(default)s)")
    parser.add_argument("--kind", choices=KINDS, help="only days of this kind")
    options = parser.parse_args()
    # Broken printers, clocks that were set and revoked tokens are no news here.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    first, _, last = (options.seeds or str(options.seed)).partition("-")
    days = [
        (kind, seed)
        for seed in range(int(first), int(last or first) + 1)
        for kind in ([options.kind] if options.kind else KINDS)
    ]
    failed = [day for day in days if not survives(*day, options.citizens)]
    print(f"{len(days) - len(failed)} days passed, {len(failed)} failed")
    if failed:
        sys.exit(1)


def _pages(seed: int, folder: Path, citizens: int) -> Day:
    return Day(seed, Databases(folder).new("sqlite"), citizens=citizens)


def _alone(seed: int, folder: Path, citizens: int) -> KioskDay:
    return KioskDay(seed, Databases(folder).new("sqlite"), folder, citizens=citizens)


def _displays(seed: int, folder: Path, citizens: int) -> DisplayDay:
    return DisplayDay(seed, Databases(folder).new("sqlite"), folder, citizens=citizens)


KINDS: Mapping[str, Callable[[int, Path, int], Day]] = {
    "pages": _pages,
    "alone": _alone,
    "displays": _displays,
}


def survives(kind: str, seed: int, citizens: int) -> bool:
    """Simulate one day, and say how it went."""
    started = time.monotonic()
    with TemporaryDirectory(prefix="nouba-", dir=folder_in_memory()) as folder:
        day = KINDS[kind](seed, Path(folder), citizens)
        try:
            day.run()
        except Exception:
            traceback.print_exc()
            print(f"seed {seed} ({kind}) FAILED at step {day.steps}, {day.clock.now()}")
            again = f"--seed {seed} --citizens {citizens} --kind {kind}"
            print(f"run it again: scripts/simulate {again}", flush=True)
            return False
        finally:
            day.stop()
    faults = ", ".join(f"{count} {fault}" for fault, count in sorted(day.met().items()))
    seconds = time.monotonic() - started
    print(f"seed {seed} ({kind}): {day.steps} steps, {faults}: ok in {seconds:.1f} s", flush=True)
    return True


if __name__ == "__main__":
    main()
