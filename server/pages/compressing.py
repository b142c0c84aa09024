"""Sends scripts, styles and drawings of `static/` compressed to who takes them so: a quarter of the bytes.

Only these: they hold no secret, and each is compressed once. Pages are not: one that tells a secret and repeats what a
stranger sent must not be compressed at all, and pushes are whole anyway.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path
from typing import Final

from flask import Flask, Response, request

from server.pages.rendering import STATIC

_KINDS: Final = ("text/css", "text/javascript", "application/javascript", "image/svg+xml")
_LEVEL: Final = 9
"""Once a file: time is no matter."""
_FILES_KEPT_MAX: Final = 256


def compress_static(app: Flask) -> None:
    """After every answer of the static folder."""
    app.after_request(_compressed)


def _compressed(answer: Response) -> Response:
    if request.endpoint != "static" or answer.mimetype not in _KINDS:
        return answer
    answer.vary.add("Accept-Encoding")
    if answer.status_code != 200 or request.accept_encodings["gzip"] <= 0 or request.range:
        return answer
    file = STATIC / str((request.view_args or {})["filename"])
    answer.direct_passthrough = False
    close = getattr(answer.response, "close", None)
    if close is not None:
        close()  # the file that Flask has opened
    # Of the file, not of the answer: to a question for the head alone the answer is empty.
    answer.set_data(_gzipped(file, file.stat().st_mtime_ns))
    answer.headers["Content-Encoding"] = "gzip"
    tag, _ = answer.get_etag()
    if tag is not None:
        answer.set_etag(tag, weak=True)
    return answer


@lru_cache(maxsize=_FILES_KEPT_MAX)
def _gzipped(file: Path, stamp: int) -> bytes:
    assert stamp, "a file that was answered has a time"
    return gzip.compress(file.read_bytes(), _LEVEL, mtime=0)
