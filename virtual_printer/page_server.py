"""The page that shows the papers: files, pictures, and a stream that brings each new one."""

from __future__ import annotations

import io
import json
import re
import socket
import socketserver
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from virtual_printer.conduct import SWITCHES, conduct_from
from virtual_printer.mechanism import Mechanism
from virtual_printer.paper import DOTS_PER_MM
from virtual_printer.tray import PrintedPaper, Tray

STREAM_BEAT_SECONDS = 5.0  # how soon a stream notices that its reader left
STOP_POLL_SECONDS = 0.2
REQUEST_SECONDS_MAX = 30.0
CONDUCT_BYTES_MAX = 4_096

_FOLDER: Final = Path(__file__).parent / "page"
_FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/paper.css": ("paper.css", "text/css; charset=utf-8"),
    "/paper.js": ("paper.js", "text/javascript; charset=utf-8"),
    "/faults.js": ("faults.js", "text/javascript; charset=utf-8"),
    "/favicon.svg": ("favicon.svg", "image/svg+xml"),
}
_PICTURE: Final = re.compile(r"/papers/([1-9][0-9]{0,8})\.png")
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class PageServer:
    """Serves a tray and the printer's switches over HTTP from threads of its own."""

    def __init__(self, tray: Tray, mechanism: Mechanism, host: str, port: int) -> None:
        self._server = _Server((host, port), tray, mechanism)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(STOP_POLL_SECONDS,),
            name="virtual-printer-page",
        )

    @property
    def address(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close() waits until the streams have ended

    def __init__(self, address: tuple[str, int], tray: Tray, mechanism: Mechanism) -> None:
        self.tray = tray
        self.mechanism = mechanism
        self.stopping = threading.Event()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer would look its own name up, which may wait for a name server that is not there.
        socketserver.TCPServer.server_bind(self)

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """A reader that left is no news; anything else is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """GET shows, PUT /conduct switches faults on and off: on this machine, for whoever may use it."""

    server: _Server
    server_version = "virtual-printer"
    sys_version = ""
    timeout = REQUEST_SECONDS_MAX

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        picture = _PICTURE.fullmatch(path)
        if path in _FILES:
            file, kind = _FILES[path]
            self._send((_FOLDER / file).read_bytes(), kind)
        elif path == "/papers":
            self._send(_listing(self.server.tray), "application/json")
        elif path == "/conduct":
            self._send_conduct()
        elif path == "/events":
            self._stream()
        elif picture:
            self._send_picture(int(picture[1]))
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_PUT(self) -> None:
        """PUT, which no form and no foreign page can send without this server's leave."""
        length = self.headers.get("Content-Length", "")
        if urlsplit(self.path).path != "/conduct":
            self.send_error(HTTPStatus.NOT_FOUND)
        elif not length.isdecimal() or int(length) > CONDUCT_BYTES_MAX:
            self.send_error(HTTPStatus.BAD_REQUEST, "no length, or too long")
        else:
            self._switch(self.rfile.read(int(length)))

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class' name
        """Say nothing: the page is the log."""

    def _switch(self, body: bytes) -> None:
        try:
            words = json.loads(body)
            if not isinstance(words, dict):
                raise ValueError("must be an object")
            self.server.mechanism.behave(conduct_from(words))
        except ValueError as error:
            self.send_error(HTTPStatus.BAD_REQUEST, explain=str(error))
        else:
            self._send_conduct()

    def _send_conduct(self) -> None:
        words = self.server.mechanism.conduct.words()
        self._send(
            json.dumps({"conduct": words, "switches": SWITCHES}).encode(), "application/json"
        )

    def _send(self, body: bytes, kind: str, cache: str = "no-store") -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", cache)
        self.end_headers()
        self.wfile.write(body)

    def _send_picture(self, number: int) -> None:
        for printed in self.server.tray.papers:
            if printed.number == number:
                body = io.BytesIO()
                printed.paper.picture().save(body, "PNG")
                # Not cached for long: after a restart the same number is another paper.
                self._send(body.getvalue(), "image/png")
                return
        self.send_error(HTTPStatus.NOT_FOUND)

    def _stream(self) -> None:
        """Send the whole list now and after each new paper: a lost message loses nothing."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.close_connection = True
        seen = -1
        silent_seconds = 0.0
        try:
            while not self.server.stopping.is_set():
                papers = self.server.tray.papers
                newest = papers[-1].number if papers else 0
                if newest != seen:
                    seen, silent_seconds = newest, 0.0
                    self.wfile.write(b"data: " + _listing(self.server.tray) + b"\n\n")
                elif silent_seconds >= STREAM_BEAT_SECONDS:
                    silent_seconds = 0.0
                    self.wfile.write(b": still here\n\n")
                if not self.server.tray.wait_for_number(newest + 1, STOP_POLL_SECONDS):
                    silent_seconds += STOP_POLL_SECONDS
        except OSError:
            return  # the reader left


def _listing(tray: Tray) -> bytes:
    """The papers, newest first, as JSON on one line."""
    return json.dumps({"papers": [_entry(printed) for printed in tray.papers[::-1]]}).encode()


def _entry(printed: PrintedPaper) -> dict[str, object]:
    paper = printed.paper
    return {
        "number": printed.number,
        "printed_at": printed.printed_at.isoformat(timespec="milliseconds"),
        "width_dots": paper.width_dots,
        "height_dots": paper.height_dots,
        "width_mm": paper.width_dots / DOTS_PER_MM,
        "height_mm": paper.height_dots / DOTS_PER_MM,
        "byte_count": paper.byte_count,
        "ending": paper.ending.value,
        "unknown_commands": dict(paper.unknown_commands),
        "picture": f"/papers/{printed.number}.png",
    }
