"""Runs simulated days: `--seed N`, or `--seeds A-B` for a long run; says how to repeat what failed."""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.databases import Databases, folder_in_memory
from tests.simulation.day import Day


def main() -> None:
    """Exit code 1 when a seed failed."""
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int, help="one day")
    which.add_argument("--seeds", metavar="A-B", help="many days, both ends included")
    parser.add_argument("--citizens", type=int, default=24, help="a day (%(default)s)")
    options = parser.parse_args()
    # A broken printer is no news here.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    first, _, last = (options.seeds or str(options.seed)).partition("-")
    seeds = range(int(first), int(last or first) + 1)
    failed = [seed for seed in seeds if not survives(seed, options.citizens)]
    print(f"{len(seeds) - len(failed)} days passed, {len(failed)} failed")
    if failed:
        sys.exit(1)


def survives(seed: int, citizens: int) -> bool:
    """Simulate one day, and say how it went."""
    started = time.monotonic()
    with TemporaryDirectory(prefix="nouba-", dir=folder_in_memory()) as folder:
        day = Day(seed, Databases(Path(folder)).new("sqlite"), citizens=citizens)
        try:
            day.run()
        except Exception:
            traceback.print_exc()
            print(f"seed {seed} FAILED at step {day.steps}, {day.clock.now()}")
            print(f"run it again: scripts/simulate --seed {seed} --citizens {citizens}", flush=True)
            return False
        finally:
            day.process.stop()
    faults = ", ".join(f"{count} {fault}" for fault, count in sorted(day.network.met.items()))
    seconds = time.monotonic() - started
    print(f"seed {seed}: {day.steps} steps, {faults}: ok in {seconds:.1f} s", flush=True)
    return True


if __name__ == "__main__":
    main()
