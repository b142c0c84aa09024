"""Ways to a printer: network, USB, serial, CUPS, file, memory; how it is, and what became of a job."""

from server.delivery.channels.address import open_channel
from server.delivery.channels.attempts import (
    AfterRepair,
    Fate,
    after_repair,
    cause_of,
    fate_after,
    fate_after_crash,
)
from server.delivery.channels.channel import (
    Broken,
    Channel,
    ChannelError,
    Faulty,
    Handed,
    Receipt,
    Refused,
    TimedOut,
    Unreachable,
    Unwatched,
    Watcher,
)
from server.delivery.channels.cups import CupsChannel
from server.delivery.channels.file import FileChannel
from server.delivery.channels.memory import MemoryChannel
from server.delivery.channels.network import NetworkChannel
from server.delivery.channels.serial import SerialChannel
from server.delivery.channels.status import Fault, Paper, PrinterStatus
from server.delivery.channels.usb import UsbChannel

__all__ = [
    "AfterRepair",
    "Broken",
    "Channel",
    "ChannelError",
    "CupsChannel",
    "Fate",
    "Fault",
    "Faulty",
    "FileChannel",
    "Handed",
    "MemoryChannel",
    "NetworkChannel",
    "Paper",
    "PrinterStatus",
    "Receipt",
    "Refused",
    "SerialChannel",
    "TimedOut",
    "Unreachable",
    "Unwatched",
    "UsbChannel",
    "Watcher",
    "after_repair",
    "cause_of",
    "fate_after",
    "fate_after_crash",
    "open_channel",
]
