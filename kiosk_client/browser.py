"""What a kiosk's Chromium is started with: what every device's is, and a screen that is touched."""

from __future__ import annotations

from typing import Final

from device_client import browser

FLAGS: Final = (
    *browser.FLAGS,
    "--overscroll-history-navigation=0",  # a swipe is not "back"
    "--disable-pinch",  # two fingers do not zoom
    "--touch-events=enabled",
)
"""The whole command line but for the profile and the page. docs/kiosk.md explains it; a test compares the two."""
