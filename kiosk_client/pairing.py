"""How a kiosk is paired: as any device, and with a journal that can be written and is handed to the new token."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from device_client import pairing
from device_client.place import Identity
from kiosk_client.journal import Journal, JournalFailure
from kiosk_client.server import HttpServer
from kiosk_client.settings import Place


def pair(
    server: HttpServer,
    place: Place,
    *,
    address: str,
    name: str,
    version: str,
    say: Callable[[str], None],
    wait: Callable[[float], None] = time.sleep,
) -> Identity:
    """Show the code until it is accepted, then keep the token. Raises PairingFailed."""
    place.make()
    # Before the server is asked for anything: a token that cannot be kept would be lost.
    journal = _journal(place, say)
    identity = pairing.ask(
        server, "kiosk", address=address, name=name, version=version, say=say, wait=wait
    )
    journal.hand_to(identity.device)
    journal.close()
    place.keep_identity(identity)
    return identity


def _journal(place: Place, say: Callable[[str], None]) -> Journal:
    """One that can be written. A broken one is put aside, never thrown away. Raises JournalFailure."""
    journal = Journal(place.journal)
    try:
        journal.probe()
    except JournalFailure as failure:
        if failure.state != "broken":
            raise
        say(f"The broken journal is kept as {_put_aside(place.journal)}.")
        journal.probe()
    labels = journal.labels_not_synced()
    if labels:
        # They stay in the journal: the new pairing tries to bring them, and the server judges each.
        say(f"Note: {len(labels)} tickets of the earlier pairing are not with the server:")
        say(f"    {', '.join(labels)}")
    return journal


def _put_aside(journal: Path) -> str:
    number = next(n for n in count(1) if not journal.with_suffix(f".broken-{n}").exists())
    aside = journal.with_suffix(f".broken-{number}")
    for ending in ("", "-wal", "-shm"):
        file = journal.with_name(journal.name + ending)
        if file.exists():
            file.rename(aside.with_name(aside.name + ending))
    return aside.name
