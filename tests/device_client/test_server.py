"""Who a program says it is, and how the server's answers are judged."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from device_client.http import Away, HttpClient
from device_client.server import DeviceServer, Revoked, deaf
from server.domain.errors import Refusal
from server.wire_devices import DeviceReport

PROBLEM = "application/problem+json"


class Reception:
    """Answers all requests alike, and notes who asked for what."""

    def __init__(self) -> None:
        self.status, self.body, self.kind = 200, b"{}", "application/json"
        self.seen: list[tuple[str, str, dict[str, str]]] = []


@contextmanager
def listening(reception: Reception) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reception.seen.append((self.command, self.path, headers))
            self.send_response(reception.status)
            self.send_header("Content-Type", reception.kind)
            self.send_header("Content-Length", str(len(reception.body)))
            self.end_headers()
            self.wfile.write(reception.body)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 (the standard library's names)

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def a_server(url: str, token: str = "nouba_t") -> DeviceServer:
    return DeviceServer(url, token=token, agent="nouba-lamp", heard=deaf)


def test_a_program_says_who_it_is_and_repeats_with_its_key() -> None:
    reception = Reception()
    with listening(reception) as url:
        server = a_server(url)
        server.post("/x", {"a": 1}, key="k1", method="PUT")
        server.post("/x", {"a": 1})
        server.get("/y", "v7")
        server.close()
    (put, _, first), (_, _, second), (_, path, third) = reception.seen
    assert (put, path) == ("PUT", "/api/v1/y")
    assert first["user-agent"] == "nouba-lamp"
    assert first["authorization"] == "Bearer nouba_t"
    assert first["idempotency-key"] == "k1"
    assert second["idempotency-key"] not in ("", "k1")
    assert third["if-none-match"] == '"v7"'


def test_only_the_servers_own_word_shuts_a_device_out() -> None:
    reception = Reception()
    reception.status = 401
    with listening(reception) as url:
        server = a_server(url)
        with pytest.raises(Away):
            server.get("/x")  # a portal that wants a password
        reception.kind, reception.body = PROBLEM, b'{"code": "unauthenticated"}'
        with pytest.raises(Revoked):
            server.get("/x")
        server.close()


def test_refusals_are_the_domains_and_nonsense_is_away() -> None:
    reception = Reception()
    with listening(reception) as url:
        server = a_server(url, token="")
        reception.status, reception.kind = 409, PROBLEM
        reception.body = b'{"code": "something_new", "detail": "no"}'
        with pytest.raises(Refusal, match="no"):
            server.get("/x")
        reception.status = 503
        with pytest.raises(Away):
            server.get("/x")
        reception.status, reception.body = 200, b"<h1>welcome to the hotel</h1>"
        with pytest.raises(Away, match="ReportAnswer"):
            server.report(DeviceReport(version="1"))
        server.close()


def test_a_request_asked_twice_takes_no_longer_than_one() -> None:
    """A speaker's word must be answered before its grant ends: two waits, one after the other, would outlast it."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            kept, _ = listener.accept()
            with kept:
                kept.recv(10_000)
                kept.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                kept.recv(10_000)
                ended.wait(0.5)  # a server that is busy, and then closes what was kept
            fresh, _ = listener.accept()
            with fresh:
                ended.wait(30)  # and says nothing on a new connection

        thread = threading.Thread(target=serve)
        thread.start()
        client = HttpClient(
            f"http://127.0.0.1:{listener.getsockname()[1]}", time.monotonic, agent="nouba-lamp"
        )
        try:
            client.send("GET", "/", headers={}, timeout_seconds=1.0)
            began = time.monotonic()
            with pytest.raises(Away):
                client.send("GET", "/", headers={}, timeout_seconds=1.0)
            assert time.monotonic() - began < 1.4
        finally:
            ended.set()
            thread.join()
            client.close()
