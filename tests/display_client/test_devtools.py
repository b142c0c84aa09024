"""The DevTools pipe: a browser that answers, one that does not, one that says nonsense, one that ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from display_client.devtools import DevTools, DevToolsFailure, start_with_pipe

BROWSER = """
import json, os, sys
kept = b""
while True:
    part = os.read(3, 65536)
    if not part:
        break
    kept += part
    while b"\\0" in kept:
        raw, _, kept = kept.partition(b"\\0")
        asked = json.loads(raw)
        name = asked["method"]
        said = {"id": asked["id"], "result": {"params": asked["params"]}}
        if name == "silent":
            continue
        if name == "end":
            sys.exit(0)
        if name == "wrong":
            said = {"id": asked["id"], "error": {"message": "no such thing"}}
        if name == "nonsense":
            os.write(4, b"{nonsense\\0[1]\\0" + json.dumps({"method": "Other.event"}).encode() + b"\\0")
        if name == "Target.getTargets":
            said["result"] = {"targetInfos": [
                {"targetId": "W", "type": "worker"}, {"targetId": "P", "type": "page"}]}
        if name == "Target.attachToTarget":
            said["result"] = {"sessionId": "S"}
        if name == "crash":
            event = {"method": "Target.targetCrashed", "params": {"targetId": asked["params"]["who"]}}
            os.write(4, json.dumps(event).encode() + b"\\0")
        raw = json.dumps(said).encode() + b"\\0"
        os.write(4, raw[:7])
        os.write(4, raw[7:])
"""


@contextmanager
def pretended() -> Iterator[DevTools]:
    """A program that speaks as Chromium does, in two pieces a message."""
    process, devtools = start_with_pipe([sys.executable, "-c", BROWSER])
    try:
        yield devtools
    finally:
        devtools.close()
        assert process.wait(10) == 0, "the end of the pipe is its end"


def test_commands_are_answered_in_pieces() -> None:
    with pretended() as devtools:
        for word in ("first", "second"):
            assert devtools.call("echo", {"word": word}) == {"params": {"word": word}}


def test_what_cannot_be_is_said() -> None:
    with pretended() as devtools:
        with pytest.raises(DevToolsFailure, match="no such thing"):
            devtools.call("wrong")
        with pytest.raises(DevToolsFailure, match="silent: no answer"):
            devtools.call("silent", timeout_seconds=0.2)
        assert devtools.call("echo", {}) == {"params": {}}, "and it goes on"


def test_nonsense_is_passed_over() -> None:
    with pretended() as devtools:
        assert devtools.call("nonsense") == {"params": {}}
        assert devtools.call("echo", {}) == {"params": {}}
        assert not devtools.has_crashed.is_set()


def test_only_the_pages_crash_counts() -> None:
    with pretended() as devtools:
        devtools.attach()
        assert devtools.is_attached
        devtools.call("crash", {"who": "W"})
        assert not devtools.has_crashed.is_set()
        devtools.call("crash", {"who": "P"})
        assert devtools.has_crashed.is_set()


def test_who_waits_is_told_of_the_end() -> None:
    with pretended() as devtools:
        began = time.monotonic()
        with pytest.raises(DevToolsFailure, match="gone"):
            devtools.call("end", timeout_seconds=20)
        assert time.monotonic() - began < 15
        with pytest.raises(DevToolsFailure):
            devtools.call("echo", timeout_seconds=0.5)
        devtools.close()
        with pytest.raises(DevToolsFailure, match="gone"):
            devtools.call("echo")


def test_a_browser_that_reads_nothing_blocks_nobody() -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    process, devtools = start_with_pipe(sleeper)
    try:
        began = time.monotonic()
        with pytest.raises(DevToolsFailure):
            devtools.call("echo", {"much": "x" * 1_000_000}, timeout_seconds=60)
        assert time.monotonic() - began < 30
    finally:
        process.kill()
        process.wait()
        devtools.close()
