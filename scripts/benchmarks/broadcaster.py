"""The floor of a fan-out: a plain `websockets` server that sends given bytes to all who are connected.

`python -m benchmarks.broadcaster [port]` prints its port, then takes one JSON order a line, {"frame": text}, and
broadcasts it. Nothing is read, rendered or encoded.
"""

from __future__ import annotations

import asyncio
import json
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

HOST = "127.0.0.1"
BACKLOG = 2048
"""As many as the server that is measured lets wait."""
LINE_BYTES_MAX = 4 * 1024 * 1024


async def main(port: int) -> None:
    """Serve until standard input ends."""
    present: set[ServerConnection] = set()

    async def stay(connection: ServerConnection) -> None:
        present.add(connection)
        await connection.wait_closed()
        present.discard(connection)

    async with serve(
        stay, HOST, port, compression=None, ping_interval=None, backlog=BACKLOG
    ) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        reader = asyncio.StreamReader(limit=LINE_BYTES_MAX)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while line := await reader.readline():
            broadcast(present, json.loads(line)["frame"])


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
