"""One program of ours as a process of its own, with its log: started until it answers, asked to end, or killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 40
STOP_SECONDS_MAX = 15
LOG_CHARACTERS_MAX = 4000


class OwnProcess:
    """Subclasses say what to run (`launch`) and when it answers (`_answers`)."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "it was started"
        return self._process.pid

    def launch(
        self, program: str, arguments: Sequence[str], environ: Mapping[str, str] | None = None
    ) -> None:
        """Run one of our console scripts; returns once it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(Path(sys.executable).with_name(program)), *arguments],
                stdout=log,
                stderr=log,
                env={**os.environ, **(environ or {})},
                cwd=ROOT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._answers():
            assert self._process.poll() is None, f"it ended: {self.log()}"
            assert time.monotonic() < deadline, f"it does not answer: {self.log()}"
            time.sleep(0.05)

    def kill(self) -> None:
        """`kill -9` of every process of the program at once, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        assert self._process is not None, "it was started"
        self._process.wait()

    def stop(self) -> bool:
        """Ask it to end; returns once it did: by itself (True), or because it was killed in the end."""
        if self._process is None or self._process.poll() is not None:
            return True
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True

    def log(self) -> str:
        """What it has said last."""
        if not self._log.exists():
            return ""
        return self._log.read_text(encoding="utf-8", errors="replace")[-LOG_CHARACTERS_MAX:]

    def _answers(self) -> bool:
        raise NotImplementedError
