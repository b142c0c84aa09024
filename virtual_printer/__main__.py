"""`python -m virtual_printer`: run the printer and its page until told to end."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from virtual_printer.conduct import NAMES, SWITCHES, Conduct, conduct_from
from virtual_printer.printer import PAGE_PORT, PRINTER_PORT, VirtualPrinter


def main() -> None:
    """Print both addresses, then wait for SIGTERM or SIGINT."""
    options = _options()
    try:
        conduct = _conduct(options)
    except ValueError as error:
        sys.exit(f"virtual printer: {error}")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    printer = VirtualPrinter(
        host=options.host,
        port=options.port,
        page_port=options.page_port,
        width_dots=options.width,
    )
    printer.behave(conduct)
    try:
        printer.start()
    except OSError as error:
        sys.exit(f"virtual printer: {error}")
    host, port = printer.address
    sys.stdout.write(f"printer tcp://{host}:{port}\npage    {printer.page_address}\n")
    sys.stdout.flush()
    if options.ready_file is not None:
        _write_ready_file(options.ready_file, printer)
    ended.wait()
    printer.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m virtual_printer", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=PRINTER_PORT, help="0 takes any free port")
    parser.add_argument("--page-port", type=int, default=PAGE_PORT, help="0 takes any free port")
    parser.add_argument("--width", type=int, choices=(384, 576), default=576, help="dots")
    parser.add_argument("--ready-file", type=Path, help="written, as JSON, once both ports listen")
    faults = parser.add_argument_group("faults", "how it fails, until the page or a PUT mends it")
    faults.add_argument(
        "--fault", action="append", default=[], choices=SWITCHES, help="may be given several times"
    )
    for name in NAMES:
        if name not in SWITCHES:
            faults.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N")
    return parser.parse_args()


def _conduct(options: argparse.Namespace) -> Conduct:
    words: dict[str, object] = dict.fromkeys(options.fault, True)
    for name in NAMES:
        if getattr(options, name, None) is not None:
            words[name] = getattr(options, name)
    return conduct_from(words)


def _write_ready_file(path: Path, printer: VirtualPrinter) -> None:
    """Whoever waits for the file never reads half of it."""
    host, port = printer.address
    words = {"printer": f"tcp://{host}:{port}", "page": printer.page_address}
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(json.dumps(words), encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    main()
