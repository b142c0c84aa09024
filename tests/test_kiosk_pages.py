"""The kiosk's pages over a house that is no database: what the program on a kiosk's own machine serves."""

from __future__ import annotations

import subprocess
import sys

FORBIDDEN = ("sqlalchemy", "alembic", "msgspec", "gevent", "socketio")


def test_the_pages_bring_no_database_along() -> None:
    """In an interpreter of its own: this one has everything."""
    code = (
        "import sys, server.kiosk_pages, server.pages.protection, server.pages.errors\n"
        f"print(*[name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
