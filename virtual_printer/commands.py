"""How many bytes each ESC/POS command takes, where that is fixed, and what to call it.

Lengths are from Epson's public command reference; a command that is not here is unknown, and its
parameters would print as text, as they do on a real printer.
"""

from __future__ import annotations

from typing import Final

DLE, ESC, FS, GS = b"\x10", b"\x1b", b"\x1c", b"\x1d"
EOT, ENQ, DC4 = b"\x04", b"\x05", b"\x14"

PREFIXES: Final = {0x10: "DLE", 0x1B: "ESC", 0x1C: "FS", 0x1D: "GS"}

FIXED_ARGUMENTS: Final[dict[bytes, int]] = {
    **{ESC + bytes([code]): 0 for code in b"2@LSim\x0c"},
    **{ESC + bytes([code]): 1 for code in b" !-3=?EGJMRTUV{adrtu"},
    **{ESC + bytes([code]): 2 for code in b"$\\c"},
    ESC + b"p": 3,
    ESC + b"W": 8,
    **{GS + bytes([code]): 0 for code in b":c"},
    **{GS + bytes([code]): 1 for code in b"!/BEHITabfhrw"},
    **{GS + bytes([code]): 2 for code in b"$LPW\\"},
    GS + b"^": 3,
    **{FS + bytes([code]): 0 for code in b"&."},
    **{FS + bytes([code]): 1 for code in b"!-CW"},
    **{FS + bytes([code]): 2 for code in b"Sp"},
    DLE + EOT: 1,
    DLE + ENQ: 1,
}

# After DLE DC4 fn.
PULSE_ARGUMENTS: Final[dict[int, int]] = {1: 2, 2: 2, 7: 1, 8: 7}


def name(command: bytes) -> str:
    """As people write it: `GS ( k`, `ESC 0x01`."""
    prefix = PREFIXES.get(command[0], f"0x{command[0]:02X}")
    codes = (chr(code) if 0x21 <= code <= 0x7E else f"0x{code:02X}" for code in command[1:])
    return " ".join([prefix, *codes])
