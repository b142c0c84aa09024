"""The page server of a device: it ends without an error, whatever is being asked."""

from __future__ import annotations

import logging
import threading
from http.client import HTTPConnection

import pytest
from flask import Flask

from device_client.pages import HOST, PageServer

PATIENCE_SECONDS = 10.0
LARGE = b"x" * 5_000_000


class Asked:
    """A server whose one answer waits for the test, and who asks for it."""

    def __init__(self) -> None:
        self.is_asked, self.may_answer = threading.Event(), threading.Event()
        self.answers: list[bytes] = []
        app = Flask("test", static_folder=None)

        @app.get("/")
        def answer() -> bytes:
            self.is_asked.set()
            assert self.may_answer.wait(PATIENCE_SECONDS)
            return LARGE

        self.server = PageServer(app, 0)
        self.serving = threading.Thread(target=self.server.run)
        self.asking = threading.Thread(target=self._ask)
        self.stopping = threading.Thread(target=self.server.stop)

    def _ask(self) -> None:
        connection = HTTPConnection(HOST, self.server.port, timeout=PATIENCE_SECONDS)
        connection.request("GET", "/")
        self.answers.append(connection.getresponse().read())
        connection.close()


def test_what_is_being_answered_at_the_end_is_answered_and_no_error_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Found: each ordinary stop logged "Exception while serving ... Bad file descriptor", twice."""
    asked = Asked()
    asked.serving.start()
    asked.asking.start()
    assert asked.is_asked.wait(PATIENCE_SECONDS)
    asked.stopping.start()
    asked.stopping.join(0.3)  # a server that ends at once has ended
    asked.may_answer.set()
    for thread in (asked.asking, asked.stopping, asked.serving):
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert asked.answers == [LARGE]
    with pytest.raises(ConnectionRefusedError):
        HTTPConnection(HOST, asked.server.port).connect()


def test_a_server_that_never_ran_ends_too() -> None:
    server = PageServer(Flask("test", static_folder=None), 0)
    server.stop()
    server.stop()
    server.run()
    with pytest.raises(ConnectionRefusedError):
        HTTPConnection(HOST, server.port).connect()
