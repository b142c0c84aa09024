"""A ticket's secret out of what a scanner reads or a person types: the address in the QR, or the bare characters."""

from __future__ import annotations

import re
import unicodedata

from server.domain.ids import Secret

SECRET_LENGTH = 13
_IN_ADDRESS = re.compile(r"/T/([0-9A-Z]+)(?:[/?#].*)?$")
_BARE = re.compile(r"[0-9A-HJKMNP-TV-Z]{13}")
"""Crockford's alphabet: without I, L, O and U."""
_READ_AS = str.maketrans("ILO", "110")
"""What people take a 1 and a 0 for."""


def spaced(secret: str) -> str:
    """The secret as it is read from paper or screen and typed: in groups that one holds in one's head."""
    return f"{secret[:4]} {secret[4:8]} {secret[8:]}"


def secret_of(text: str) -> Secret | None:
    """The secret in `text`, upper- or lower-case, spaced or not; None when there is none."""
    plain = "".join(
        str(unicodedata.digit(each)) if each.isdecimal() else each for each in text
    ).upper()
    found = _IN_ADDRESS.search(plain.strip())
    bare = found.group(1) if found else re.sub(r"[\s.\-–_]", "", plain)
    secret = bare.translate(_READ_AS)
    return Secret(secret) if _BARE.fullmatch(secret) else None
