"""Plays a sound on this machine, and notices when it cannot: the way to the room's loudspeaker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from server.voice import sound

PROGRAMS: Final = ("pw-play", "paplay", "aplay")
"""In the order in which they are looked for: PipeWire, PulseAudio, ALSA."""
INSTALL: Final = "apt install alsa-utils"
"""What gives a machine one of them, as docs/display.md has it."""
OVERTIME_SECONDS: Final = 5.0
"""A player that runs this much longer than its sound hangs, and is ended."""
CHECK_SECONDS_MAX: Final = 3.0
SOUNDED_PART_MIN: Final = 0.5
"""A player that ends after less than this part of its sound has played nothing."""
DUMMY_SINK: Final = "auto_null"
"""What PipeWire and PulseAudio play into when the machine has no audio device left."""
RECORDINGS_MAX: Final = 2_000
_SHORT_SECONDS: Final = 0.6
"""What is shorter is not measured: starting a program takes as long."""


class PlayerFailed(Exception):
    """There is no sound: no device, no program, or it hangs."""


class Playing(Protocol):
    """One sound under way."""

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, waiting for it no longer than `seconds`. Raises PlayerFailed."""
        ...

    def stop(self) -> None:
        """End it now."""
        ...


class Player(Protocol):
    """Plays one sound at a time."""

    def start(self, wav: bytes, *, volume_percent: int, title: str) -> Playing:
        """Begin to play; `title` says what, for a log. Raises PlayerFailed."""
        ...

    def check(self) -> None:
        """Raises PlayerFailed when nothing would be heard now."""
        ...


def find_player(wanted: str) -> Player | None:
    """`wanted` is "" (what is found here), a program's name or path, or `file:DIR` to write what would be heard.

    None when nothing is found.
    """
    if wanted.startswith("file:"):
        return RecordingPlayer(Path(wanted.removeprefix("file:")))
    names = (wanted,) if wanted else PROGRAMS
    found = next(filter(None, map(shutil.which, names)), None)
    return CommandPlayer(found) if found is not None else None


def why_none(wanted: str, settings_file: Path) -> str:
    """What is wrong where `find_player` found none: the setting, if it names one."""
    if wanted:
        return f'player = "{wanted}" in {settings_file}: no such program'
    return f"none of {', '.join(PROGRAMS)} is here"


def player_advice(wanted: str) -> str:
    """What to do about it."""
    return 'correct that line; player = "" takes what is here' if wanted else INSTALL


class NoPlayer:
    """On a machine that has no way to play: always a fault, until a program is installed."""

    def __init__(self, why: str) -> None:
        self._why = why

    def start(self, wav: bytes, *, volume_percent: int, title: str) -> Playing:
        del wav, volume_percent, title
        raise PlayerFailed(self._why)

    def check(self) -> None:
        raise PlayerFailed(self._why)


class CommandPlayer:
    """`pw-play`, `paplay`, `aplay` or a program that is used like them: it takes the path of a WAV file."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._options = ("-q",) if Path(program).name == "aplay" else ()

    def start(self, wav: bytes, *, volume_percent: int, title: str) -> Playing:
        del title
        self._check_sink()
        samples = _louder(sound.read(wav), volume_percent)
        # In memory, with a name that only the player sees: it works with a full disk.
        file = os.memfd_create("nouba-sound", 0)
        try:
            with os.fdopen(os.dup(file), "wb") as out:
                out.write(sound.write(samples))
            process = subprocess.Popen(  # noqa: S603 (our own command line)
                [self._program, *self._options, f"/proc/self/fd/{file}"],
                pass_fds=(file,),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            raise PlayerFailed(f"{self._program}: {error.strerror}") from error
        finally:
            os.close(file)
        return _Process(process, len(samples) / sound.RATE)

    def check(self) -> None:
        silence = array("h", bytes(2 * round(0.1 * sound.RATE)))
        playing = self.start(sound.write(silence), volume_percent=100, title="")
        try:
            if not playing.wait(CHECK_SECONDS_MAX):
                raise PlayerFailed("the player hangs")
        finally:
            playing.stop()

    def _check_sink(self) -> None:
        """Sound servers take every sound without a device, too: into a sink that is no loudspeaker."""
        asking = shutil.which("pactl")
        if asking is None or Path(self._program).name == "aplay":
            return
        with suppress(OSError, subprocess.TimeoutExpired):
            told = subprocess.run(  # noqa: S603 (a program of the system)
                [asking, "get-default-sink"],
                capture_output=True,
                text=True,
                timeout=CHECK_SECONDS_MAX,
                check=False,
            )
            if told.stdout.strip() == DUMMY_SINK:
                raise PlayerFailed("the machine has no audio device")


class _Process:
    """A player's process; never left behind."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process = process
        self._seconds = seconds
        self._began = time.monotonic()

    def wait(self, seconds: float) -> bool:
        try:
            _, said = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            if time.monotonic() - self._began > self._seconds + OVERTIME_SECONDS:
                self.stop()
                raise PlayerFailed("the player hangs") from None
            return False
        lasted = time.monotonic() - self._began
        if self._process.returncode != 0:
            words = said.decode(errors="replace").strip().splitlines()
            raise PlayerFailed(words[-1] if words else f"exit code {self._process.returncode}")
        if self._seconds > _SHORT_SECONDS and lasted < self._seconds * SOUNDED_PART_MIN:
            raise PlayerFailed("the player ended before its sound")
        return True

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One line of the log of a `RecordingPlayer`; `at` are steady seconds, the same for all programs of a machine."""

    event: str
    """`began`, `ended` or `stopped`."""
    title: str
    file: str
    at: float


class RecordingPlayer:
    """Writes what would be heard into a folder, with a log, in the time it would take. For tests and trials.

    A file `broken` in the folder is an audio device that is gone.
    """

    def __init__(
        self,
        folder: Path,
        *,
        pace: float = 1.0,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`pace` 10.0 plays ten times as fast."""
        self._folder = folder
        self._pace = pace
        self._steady = steady
        self._count = 0

    def start(self, wav: bytes, *, volume_percent: int, title: str) -> Playing:
        self.check()
        samples = _louder(sound.read(wav), volume_percent)
        self._count += 1
        name = f"{os.getpid()}-{self._count % RECORDINGS_MAX:05d}.wav"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / name).write_bytes(sound.write(samples))
        except OSError as error:
            raise PlayerFailed(str(error)) from error
        seconds = len(samples) / sound.RATE / self._pace
        return _Recording(self, title, name, self._steady() + seconds)

    def check(self) -> None:
        if (self._folder / "broken").exists():
            raise PlayerFailed("the audio device is gone")

    def log(self, event: str, title: str, file: str) -> None:
        """One more line."""
        line = {"event": event, "title": title, "file": file, "at": round(self._steady(), 3)}
        with suppress(OSError), (self._folder / "log.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")

    def steady(self) -> float:
        return self._steady()


class _Recording:
    def __init__(self, player: RecordingPlayer, title: str, file: str, ends_at: float) -> None:
        self._player, self._title, self._file = player, title, file
        self._ends_at = ends_at
        self._over = threading.Event()
        player.log("began", title, file)

    def wait(self, seconds: float) -> bool:
        left = self._ends_at - self._player.steady()
        self._over.wait(max(0.0, min(left, seconds)))
        self._player.check()
        if self._player.steady() < self._ends_at:
            return False
        if not self._over.is_set():
            self._over.set()
            self._player.log("ended", self._title, self._file)
        return True

    def stop(self) -> None:
        if not self._over.is_set():
            self._over.set()
            self._player.log("stopped", self._title, self._file)


def recorded(folder: Path) -> list[Recorded]:
    """What a `RecordingPlayer` has logged there so far, by any process."""
    try:
        lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [Recorded(**json.loads(line)) for line in lines]


def one_stream(parts: Sequence[bytes], pause_seconds: float) -> bytes:
    """Several sounds as one, with silence between: a player that is started anew each time clicks and hesitates."""
    return sound.write(sound.joined([sound.read(part) for part in parts], pause_seconds))


def seconds_of(wav: bytes) -> float:
    """How long a sound lasts."""
    return len(sound.read(wav)) / sound.RATE


def _louder(samples: array[int], percent: int) -> array[int]:
    """As loud as asked, by ear: half the figure sounds about half as loud."""
    if percent >= 100:
        return samples
    gain = (max(0, percent) / 100) ** 2
    return array("h", (round(each * gain) for each in samples))
