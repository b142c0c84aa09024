"""What a display asks of the server, in the words of `server/wire_displays.py`."""

from __future__ import annotations

import base64
from typing import Final, Protocol
from urllib.parse import quote

from device_client.http import Away
from device_client.server import POLL_TIMEOUT_SECONDS, TIME_HEADER, DeviceServer, Heard, read
from display_client.board import Painting
from server.wire import BoardView
from server.wire_devices import DeviceReport, ReportAnswer
from server.wire_displays import SpeechAnswer, SpeechStep

AGENT: Final = "nouba-display"
SPEECH_TIMEOUT_SECONDS: Final = 2.0
"""A grant lives 5 s: two questions fit into it."""
GOING_TIMEOUT_SECONDS: Final = 1.0
"""A lost word must leave time for the next one."""
KNOCK_TIMEOUT_SECONDS: Final = 0.9
"""While the server is away, a question that is asked too early must not hang past the network's return."""
_SEQ_HEADER: Final = "x-nouba-seq"


class Server(Protocol):
    """Each method may raise Away (nothing is known), Revoked, or the server's own Refusal."""

    def painting(self, look: str, known: int | None) -> Painting | None: ...
    def view(self, known: int | None) -> BoardView | None: ...
    def report(self, report: DeviceReport) -> ReportAnswer: ...
    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer: ...
    def screenshot(self, order: int, jpeg: bytes) -> None: ...


class Granting(Protocol):
    """The server, as far as speech goes. May raise Away, Revoked or a Refusal."""

    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer: ...


class HttpDisplayServer(DeviceServer):
    """The real one."""

    def __init__(self, address: str, *, token: str, branch: str, heard: Heard) -> None:
        super().__init__(address, token=token, agent=AGENT, heard=heard)
        self._branch = quote(branch, safe="")
        self._etags: dict[str, tuple[int, str]] = {}
        """By look: the seq and the ETag of what this object last fetched; a push has none."""

    def painting(self, look: str, known: int | None) -> Painting | None:
        """The fragment of a look; None when the version `known`, if it was fetched, is true to the letter."""
        query = f"{look}&fragment=1" if look else "fragment=1"
        seq_known, etag = self._etags.get(look, (-1, ""))
        headers = {"If-None-Match": etag} if etag and known == seq_known else {}
        reply = self._http.send(
            "GET",
            f"/board/{self._branch}?{query}",
            headers=headers,
            timeout_seconds=KNOCK_TIMEOUT_SECONDS,
        )
        said = reply.headers.get(TIME_HEADER)
        if said is None:
            raise Away("an answer that is not the server's")
        self._note_time(reply)
        if reply.status == 304:
            return None
        seq = reply.headers.get(_SEQ_HEADER, "")
        if reply.status != 200 or not seq.isdecimal():
            raise Away(f"no board: answered {reply.status}")
        self._etags = {look: (int(seq), reply.headers.get("etag", ""))}
        html = reply.body.decode(errors="replace")
        return Painting(seq=int(seq), at=said, html=html, look=look)

    def view(self, known: int | None) -> BoardView | None:
        """The board as data; None when the version `known` is still true."""
        etag = None if known is None else str(known)
        reply = self.get(f"/branches/{self._branch}/views/board", etag)
        return None if reply.status == 304 else read(reply, BoardView)

    def speech(self, call: str, step: SpeechStep, *, key: str) -> SpeechAnswer:
        """Whether this display may speak a call now."""
        body = {"call": call, "step": step}
        timeout = GOING_TIMEOUT_SECONDS if step == "going" else SPEECH_TIMEOUT_SECONDS
        reply = self.post("/device/speech", body, key=key, timeout=timeout)
        return read(reply, SpeechAnswer)

    def screenshot(self, order: int, jpeg: bytes) -> None:
        """What is on the glass, for the order with this number."""
        body = {"order": order, "jpeg": base64.b64encode(jpeg).decode()}
        self.post("/device/screenshot", body, method="PUT", timeout=POLL_TIMEOUT_SECONDS)
