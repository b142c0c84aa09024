"""Helpers of a bench that run as processes of their own and take one JSON order a line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.figures import BenchWrong
from benchmarks.running import end, environment
from benchmarks.scratch import ROOT


class Child:
    """A running helper."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def tell(self, **order: object) -> None:
        """Give an order that has no answer."""
        assert self._process.stdin is not None, "started with a pipe"
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()

    def ask(self, **order: object) -> Any:
        """Give an order and wait for its answer. Raises BenchWrong when the helper has ended."""
        self.tell(**order)
        return self.answer()

    def answer(self) -> Any:
        """The next line it says."""
        assert self._process.stdout is not None, "started with a pipe"
        line = self._process.stdout.readline()
        if not line:
            raise BenchWrong("a helper of the bench ended; what it said is above")
        return json.loads(line)


@contextmanager
def running_child(module: str, *arguments: str) -> Iterator[Child]:
    """`python -m benchmarks.<module> arguments` until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        env=environment(),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield Child(process)
    finally:
        end(process)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
