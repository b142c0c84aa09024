"""Chromium's command line is pinned, and whoever runs instead of it is started again when it ends or is silent."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from device_client import browser
from device_client.browser import FLAGS, Browser, command_line, find_browser

WAIT_SECONDS_MAX = 15


def test_the_command_line_is_pinned(tmp_path: Path) -> None:
    line = command_line("/usr/bin/chromium", tmp_path, "http://127.0.0.1:8170/")
    assert line == [
        "/usr/bin/chromium",
        *FLAGS,
        f"--user-data-dir={tmp_path}",
        "http://127.0.0.1:8170/",
    ]
    for needed in ("--kiosk", "--noerrdialogs", "--autoplay-policy=no-user-gesture-required"):
        assert needed in FLAGS
    assert not {"--no-sandbox", "--disable-web-security"} & set(FLAGS)


def test_a_browser_is_found_by_name_or_path(tmp_path: Path) -> None:
    assert find_browser(sys.executable) == sys.executable
    assert find_browser(str(tmp_path / "none")) is None


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_is_started_again_when_it_ends(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"open({str(seen)!r}, 'a').write('x')"
    watched = Browser([sys.executable, "-c", code], lambda: 0.0)
    thread = threading.Thread(target=watched.run)
    thread.start()
    until(lambda: seen.exists() and len(seen.read_text()) >= 2)
    watched.stop()
    thread.join()
    assert watched.starts >= 2


def test_it_is_started_again_when_its_page_is_silent() -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    watched = Browser(sleeper, lambda: 100.0, silent_seconds_max=0.5)
    thread = threading.Thread(target=watched.run)
    thread.start()
    until(lambda: watched.starts >= 2)
    watched.stop()
    thread.join()


def test_a_browser_that_is_not_there_is_no_end(tmp_path: Path) -> None:
    watched = Browser([str(tmp_path / "none")], lambda: 0.0)
    thread = threading.Thread(target=watched.run)
    thread.start()
    time.sleep(0.1)
    watched.stop()
    thread.join()
    assert watched.starts == 0


class Faulty(Browser):
    """Cannot be looked at, as often as the test says."""

    def __init__(self, seconds: float, failures: int) -> None:
        code = f"import time; time.sleep({seconds})"
        super().__init__([sys.executable, "-c", code], lambda: 0.0)
        self.failures = failures
        self.looks = 0
        self.ends = 0

    def find_fault(self, ran_seconds: float) -> str | None:
        self.looks += 1
        if self.looks <= self.failures:
            raise RuntimeError("a bug")
        return None

    def after_end(self) -> None:
        self.ends += 1
        if self.ends == 1:
            raise RuntimeError("another bug")


def test_a_look_that_fails_ends_neither_the_browser_nor_the_loop() -> None:
    watched = Faulty(60, failures=1)
    thread = threading.Thread(target=watched.run)
    thread.start()
    until(lambda: watched.looks >= 2)
    assert (watched.starts, watched.ends) == (1, 0)
    watched.stop()
    thread.join()
    assert watched.ends == 1, "the browser is ended with the loop"


def test_the_loop_outlives_a_bug_after_the_browsers_end() -> None:
    watched = Faulty(0, failures=0)
    thread = threading.Thread(target=watched.run)
    thread.start()
    until(lambda: watched.starts >= 2)
    watched.stop()
    thread.join()


def test_one_that_can_never_be_looked_at_is_started_anew() -> None:
    watched = Faulty(60, failures=1000)
    for _ in range(browser.FAILED_LOOKS_MAX - 1):
        assert watched.fault_of_a_look(1.0) is None
    assert watched.fault_of_a_look(1.0) == "error"
