"""How a device gets its token: it shows a code, an administrator accepts it, the claim fetches the token."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import qrcode
from qrcode.constants import ERROR_CORRECT_L

from device_client.http import Away
from device_client.place import Identity
from device_client.server import DeviceServer
from server.domain.errors import Refusal
from server.wire_devices import ClaimAnswer, DeviceKind, PairingAnswer

POLL_SECONDS: Final = 2.0
_ROWS: Final = 5
_DIGITS: Final = {
    "0": (" ███ ", "█   █", "█   █", "█   █", " ███ "),
    "1": ("  █  ", " ██  ", "  █  ", "  █  ", " ███ "),
    "2": ("████ ", "    █", " ███ ", "█    ", "█████"),
    "3": ("████ ", "    █", " ███ ", "    █", "████ "),
    "4": ("█  █ ", "█  █ ", "█████", "   █ ", "   █ "),
    "5": ("█████", "█    ", "████ ", "    █", "████ "),
    "6": (" ███ ", "█    ", "████ ", "█   █", " ███ "),
    "7": ("█████", "   █ ", "  █  ", " █   ", " █   "),
    "8": (" ███ ", "█   █", " ███ ", "█   █", " ███ "),
    "9": (" ███ ", "█   █", " ████", "    █", " ███ "),
}


class PairingFailed(Exception):
    """Nothing was kept; the message says what to do."""


def ask(
    server: DeviceServer,
    kind: DeviceKind,
    *,
    address: str,
    name: str,
    version: str,
    say: Callable[[str], None],
    wait: Callable[[float], None] = time.sleep,
) -> Identity:
    """Show the code until it is accepted; the caller keeps what it brought. Raises PairingFailed."""
    opened = _opened(server, kind, name, version)
    say(invitation(opened, address))
    claimed = _claimed(server, opened, wait)
    assert claimed.token is not None, "accepted with a token"
    assert claimed.branch is not None, "accepted by a branch"
    assert claimed.device is not None, "accepted as a device"
    return Identity(
        server=address,
        branch=claimed.branch,
        device=claimed.device,
        name=claimed.name or name,
        token=claimed.token,
    )


def invitation(opened: PairingAnswer, address: str) -> str:
    """The code, large, with what to do with it and a QR of the server's page for devices."""
    return "\n".join(
        [
            "",
            *big(opened.code),
            "",
            f"Code: {opened.code[:3]} {opened.code[3:]}",
            f"An administrator opens {address}/devices and types the code there,",
            "or types on the server, with its branch and its data folder:",
            f"    nouba device accept {opened.code} --branch SLUG --data FOLDER",
            "",
            *terminal_qr(f"{address}/devices"),
            "",
            "Waiting …",
        ]
    )


def big(digits: str) -> list[str]:
    """Digits that can be read across a room."""
    return ["  ".join(_DIGITS[digit][row] for digit in digits) for row in range(_ROWS)]


def terminal_qr(text: str) -> list[str]:
    """A QR of half blocks, light on dark as terminals are: two rows of modules a line."""
    code = qrcode.QRCode(border=2, error_correction=ERROR_CORRECT_L)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    marks = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    return [
        "".join(marks[bool(upper), bool(lower)] for upper, lower in zip(top, bottom, strict=True))
        for top, bottom in zip(rows[::2], rows[1::2], strict=True)
    ]


def _opened(server: DeviceServer, kind: DeviceKind, name: str, version: str) -> PairingAnswer:
    try:
        return server.open_pairing(kind=kind, name=name, version=version)
    except Away as error:
        raise PairingFailed(f"the server does not answer ({error}): check --server") from error
    except Refusal as refusal:
        raise PairingFailed(f"the server refused: {refusal.message}") from refusal


def _claimed(
    server: DeviceServer, opened: PairingAnswer, wait: Callable[[float], None]
) -> ClaimAnswer:
    while True:
        wait(POLL_SECONDS)
        try:
            claimed = server.claim(opened.claim)
        except Away:
            continue  # the code lives on the server: a lost answer is asked for again
        except Refusal as refusal:
            raise PairingFailed("the code has expired: start again") from refusal
        if claimed.state == "accepted":
            return claimed
