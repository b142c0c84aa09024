"""How a display is paired: as any device. It needs nothing else to be ready."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

from device_client import pairing
from device_client.place import Identity
from device_client.server import DeviceServer
from display_client.settings import Place


def pair(
    server: DeviceServer,
    place: Place,
    *,
    address: str,
    name: str,
    version: str,
    say: Callable[[str], None],
    wait: Callable[[float], None] = time.sleep,
) -> Identity:
    """Show the code until it is accepted, then keep the token. Raises PairingFailed."""
    # Before the server is asked for anything: a token that cannot be kept would be lost.
    place.make()
    place.keep_settings(place.settings())
    identity = pairing.ask(
        server, "display", address=address, name=name, version=version, say=say, wait=wait
    )
    # What was kept is of the branch and the device that this machine was until now.
    shutil.rmtree(place.cache, ignore_errors=True)
    place.keep_identity(identity)
    return identity
