"""Ways to a printer: network, device file, memory."""

from server.delivery.channels.address import open_channel
from server.delivery.channels.channel import (
    Broken,
    Channel,
    ChannelError,
    Refused,
    TimedOut,
    Unreachable,
)
from server.delivery.channels.file import FileChannel
from server.delivery.channels.memory import MemoryChannel
from server.delivery.channels.network import NetworkChannel

__all__ = [
    "Broken",
    "Channel",
    "ChannelError",
    "FileChannel",
    "MemoryChannel",
    "NetworkChannel",
    "Refused",
    "TimedOut",
    "Unreachable",
    "open_channel",
]
