"""A program whose thread died ends with a code that says so, for systemd starts it anew."""

from __future__ import annotations

import threading

from device_client.commands import wait_for_end


def test_a_program_ends_when_one_of_its_threads_has_died() -> None:
    stop = threading.Event()
    lives = threading.Thread(target=stop.wait, daemon=True)
    dies = threading.Thread(target=lambda: None)
    lives.start()
    dies.start()
    assert not wait_for_end(threading.Event(), [lives, dies])
    stop.set()
    lives.join()


def test_a_program_that_is_asked_to_end_ends_well() -> None:
    stop, end = threading.Event(), threading.Event()
    lives = threading.Thread(target=stop.wait, daemon=True)
    lives.start()
    timer = threading.Timer(0.05, end.set)
    timer.start()
    assert wait_for_end(end, [lives])
    stop.set()
    lives.join()
