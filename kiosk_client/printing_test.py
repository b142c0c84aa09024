"""`nouba-kiosk test-print`: what the printer makes of every script, of a ruler and of a QR."""

from __future__ import annotations

from typing import Final

from device_client.place import SettingsError
from device_client.program import alone
from kiosk_client.running import FONTS
from kiosk_client.settings import Place
from server.delivery.channels import ChannelError, Unwatched, open_channel
from server.delivery.paper import PaperPress

PATIENCE_SECONDS: Final = 30.0
_JOB: Final = "test-page"


def print_test_page(place: Place) -> str:
    """Send the page to the printer of `kiosk.toml`; returns what to look at. Raises SettingsError."""
    settings = place.settings()
    if not settings.printer:
        raise SettingsError(f"no printer: set one in {place.settings_file}")
    data = PaperPress(FONTS).test_page_escpos(settings.width_dots, "nouba-kiosk test-print")
    # A printer has one pair of ears: the running kiosk would speak at the same time.
    with alone(place):
        try:
            open_channel(settings.printer).send(
                _JOB, data, watcher=Unwatched(), patience_seconds=PATIENCE_SECONDS, is_mute=False
            )
        except ChannelError as error:
            raise SettingsError(f"the printer said {error.code}: {error}") from error
    return (
        "Printed. Look at the paper: every line can be read, Arabic letters are joined, the ruler ends "
        f"at the paper's edge ({settings.paper_mm} mm paper), a phone reads the QR."
    )
