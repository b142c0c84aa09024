"""`python -m benchmarks`: what `scripts/bench` becomes once everything is set up."""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType

from benchmarks import call, fanout, issue, kiosk, memory, painted, receipt, soak, storm
from benchmarks.figures import BenchWrong, Figure, table
from benchmarks.scratch import FULL, QUICK, TINY, Size, raise_descriptor_limit, scratch_folder

BENCHES: Mapping[str, Callable[[Path, Size], Iterator[Figure]]] = {
    issue.NAME: issue.measure,
    call.NAME: call.measure,
    fanout.NAME: fanout.measure,
    receipt.NAME: receipt.measure,
    memory.NAME: memory.measure,
    kiosk.NAME: kiosk.measure,
    painted.NAME: painted.measure,
    storm.NAME: storm.measure,
    soak.NAME: soak.measure,
}


def main() -> int:
    """Run the named benches, all of them if none is named; 1 when an answer was wrong.

    A missed target is told, and is no error: on a shared machine a figure is evidence, not a verdict.
    """
    options = _options()
    # As the server does: else between two midnights of Morocco its day would be another one than ours.
    zoneinfo.reset_tzpath(to=())
    # Told to end, we leave as after Ctrl-C: through every `finally` that ends a child.
    signal.signal(signal.SIGTERM, _interrupt)
    size: Size = options.size
    if options.rounds:
        size = dataclasses.replace(size, rounds=options.rounds)
    raise_descriptor_limit(max((*size.sockets, size.sockets_of_memory)))
    figures: list[Figure] = []
    wrong = False
    for name in options.names or BENCHES:
        try:
            with scratch_folder() as folder:
                for figure in BENCHES[name](folder, size):
                    figures.append(figure)
                    if options.json:
                        print(figure.as_json(), flush=True)
        except BenchWrong as error:
            wrong = True
            print(f"{name}: WRONG: {error}", file=sys.stderr, flush=True)
    if not options.json:
        print(table(figures))
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each case")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", dest="size", action="store_const", const=QUICK)
    sizes.add_argument(
        "--tiny",
        dest="size",
        action="store_const",
        const=TINY,
        help="no figures, only that it runs",
    )
    parser.set_defaults(size=FULL)
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BENCHES))
    if unknown:
        parser.error(f"no such bench: {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
    return options


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
