"""An ESC/POS printer without a printer: takes the bytes of a ticket and shows its paper."""

from virtual_printer.conduct import Conduct
from virtual_printer.decoder import Decoder
from virtual_printer.paper import Ending, Paper
from virtual_printer.printer import VirtualPrinter
from virtual_printer.tray import PrintedPaper

__all__ = ["Conduct", "Decoder", "Ending", "Paper", "PrintedPaper", "VirtualPrinter"]
