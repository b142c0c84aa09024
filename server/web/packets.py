"""The JSON of Socket.IO's packets: in UTF-8 as it is, where the standard library writes six bytes an Arabic letter."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def dumps(value: object, **_how: Any) -> str:
    """As compact as JSON is. Raises TypeError for what is no plain data."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        # Half a character, as only a faulty program sends it: UTF-8 has no bytes for it, JSON has an escape.
        return json.dumps(value, separators=(",", ":"))


def loads(text: str | bytes, **_how: Any) -> Any:
    """Raises ValueError."""
    return json.loads(text)
