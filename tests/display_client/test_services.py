"""The two services as systemd starts them: the program, and Chromium in a process of its own."""

from __future__ import annotations

import base64
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from flask import Response, request
from PIL import Image

from display_client.settings import MachineSettings, Place
from tests.display_client.fake_server import FakeServer, serving
from tests.display_client.running import paired
from tests.display_client.screens import HEADLESS, until
from tests.end_to_end.browsers import chromium_path
from tests.end_to_end.processes import free_port
from tests.end_to_end.programs import ROOT

pytestmark = pytest.mark.browser
DEVICE = 1
STOP_SECONDS_MAX = 20
ASKS = """
addEventListener("load", async () => {
  document.body.style.background = "#ffcc00";
  for (let after = -1; ; ) {
    try {
      const news = await (await fetch(`/local/news?after=${after}&painted=1`)).json();
      after = news.number;
    } catch {
      await new Promise((done) => setTimeout(done, 200));
    }
  }
});
"""


class Services:
    """`nouba-display run --no-browser` and `nouba-display browser`, each on a folder of its own."""

    def __init__(self, folder: Path, fake: FakeServer) -> None:
        self._folder = folder
        port = free_port()
        chromium = folder / "chromium"
        chromium.write_text(f'#!/bin/sh\nexec {chromium_path()} "$@" {" ".join(HEADLESS)}\n')
        chromium.chmod(0o755)
        settings = MachineSettings(
            port=port, browser=str(chromium), player=f"file:{folder / 'heard'}", screen_power="none"
        )
        self.program_place = paired(folder / "program", fake.url, DEVICE)
        self.screen_place = Place(folder=folder / "screen")
        for place in (self.program_place, self.screen_place):
            place.keep_settings(settings)
        self.program = self._start("run", "--no-browser", "--data", str(folder / "program"))
        self.screen = self._start("browser", "--data", str(folder / "screen"))

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        command = str(Path(sys.executable).with_name("nouba-display"))
        with (self._folder / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen([command, *words], stdout=log, stderr=log, cwd=ROOT)

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(encoding="utf-8")

    def browsers(self) -> list[int]:
        """All processes of Chromium on the screen's folder."""
        profile = f"--user-data-dir={self.screen_place.browser_profile}"
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                with suppress(OSError):
                    if profile in (folder / "cmdline").read_text(errors="replace"):
                        found.append(int(folder.name))
        return found

    def stop(self) -> None:
        for process in (self.screen, self.program):
            if process.poll() is None:
                process.terminate()
        for process in (self.screen, self.program):
            process.wait(STOP_SECONDS_MAX)


@contextmanager
def services(folder: Path) -> Iterator[tuple[FakeServer, Services, list[bytes]]]:
    pictures: list[bytes] = []
    with serving() as fake:
        fake._app.view_functions["files"] = lambda name: Response(
            ASKS, content_type="text/javascript"
        )

        def take() -> Response:
            pictures.append(base64.b64decode(request.get_json()["jpeg"]))
            return Response(status=204)

        fake._app.add_url_rule("/api/v1/device/screenshot", view_func=take, methods=["PUT"])
        running = Services(folder, fake)
        try:
            until(lambda: _page(fake) == "ok", f"the page asks: {running.log('browser')}")
            yield fake, running, pictures
        finally:
            running.stop()


def _page(fake: FakeServer) -> str:
    return fake.town.reports[-1][1].page if fake.town.reports else "none"


def test_staff_get_a_picture_of_what_is_on_the_glass(tmp_path: Path) -> None:
    with services(tmp_path) as (fake, running, pictures):
        fake.order(DEVICE, screenshot=1)
        until(lambda: pictures, f"a picture comes: {running.log('run')}")
        picture = Image.open(io.BytesIO(pictures[0]))
        assert picture.size == (640, 360)
        pixel = picture.getpixel((600, 340))
        assert isinstance(pixel, tuple)
        assert pixel[0] > 240 > 100 > pixel[2], "the page's own yellow"
    assert running.program.returncode == 0, running.log("run")
    assert running.screen.returncode == 0, running.log("browser")
    assert running.browsers() == [], "nothing is left behind"


def test_a_supervisor_that_is_killed_takes_its_browser_with_it(tmp_path: Path) -> None:
    with services(tmp_path) as (_, running, _):
        assert running.browsers()
        os.kill(running.screen.pid, signal.SIGKILL)
        running.screen.wait()
        until(lambda: running.browsers() == [], "the browser ends with its pipe", seconds=20)


def test_the_program_may_be_started_anew_under_a_running_browser(tmp_path: Path) -> None:
    """A new version, or a crash: the page stays, and asks the new program."""
    with services(tmp_path) as (fake, running, _):
        before = sorted(running.browsers())
        running.program.send_signal(signal.SIGKILL)
        running.program.wait()
        fake.town.reports.clear()
        place = running.program_place
        running.program = running._start("run", "--no-browser", "--data", str(place.folder))
        until(lambda: _page(fake) == "ok", "the page asks the new program")
        assert before[0] in running.browsers(), "Chromium was not started anew"


def test_an_ordinary_stop_logs_no_error(tmp_path: Path) -> None:
    """Found: stack traces at level error, as the page's question was cut off."""
    with services(tmp_path) as (_, running, _):
        running.program.terminate()
        assert running.program.wait(STOP_SECONDS_MAX) == 0
        assert "Traceback" not in running.log("run")
        assert '"error"' not in running.log("run")
