"""The QR of a ticket as modules, and how large they may be drawn."""

from __future__ import annotations

import qrcode
from PIL import Image
from qrcode.util import QRData

QUIET_ZONE_MODULES = 4


def qr_picture(url: str, *, side_dots: int, module_dots_min: int) -> Image.Image:
    """A one-bit QR (level M) with its quiet zone, within `side_dots` if the modules allow it."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=QUIET_ZONE_MODULES)
    # QRData picks the alphanumeric mode by itself: TicketPaper lets nothing else through.
    code.add_data(QRData(url))
    code.make(fit=True)
    modules = code.get_matrix()
    side = len(modules)
    picture = Image.new("1", (side, side))
    picture.putdata([0 if dark else 255 for row in modules for dark in row])
    module_dots = max(module_dots_min, side_dots // side)
    size = (side * module_dots, side * module_dots)
    return picture.resize(size, Image.Resampling.NEAREST)
