"""Runs the server: gunicorn with gevent, or eventlet through Flask-SocketIO's own server.

Both replace Python's blocking calls, and must do so before any other module takes hold of them (psycopg decides
how it waits when it is imported). So serving happens in a fresh interpreter, `python -m server.serving`, which
gets its settings through the environment and patches first.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import zoneinfo
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import msgspec

from server.config_schema import Config
from server.family import end_with_parent

SETTINGS_VARIABLE = "NOUBA_SERVING"
PAPER_VARIABLE = "NOUBA_PAPER_URL"
BACKLOG = 2048
"""Sockets that may wait to be accepted: all screens of a country come back after a restart."""
SOCKETS_MAX = 20_000
"""Open connections of one process, live screens included; gunicorn's own 1,000 would shut out the rest silently."""
GRACE_SECONDS = 3
GARBAGE_MIN = 10_000
"""New objects between two looks of the collector: a request makes thousands that need none."""
_COMMAND = (sys.executable, "-m", "server.serving")


def serve(config: Config) -> NoReturn:
    """Become the server: this process is replaced, so signals of systemd reach it directly."""
    os.execve(_COMMAND[0], _COMMAND, _environment(config, ""))  # noqa: S606 (our own module, no shell)


def serve_beside(config: Config, paper_url: str) -> int:
    """Run the server as a child until it ends or this process is told to; returns its exit status."""
    child = subprocess.Popen(  # noqa: S603 (our own module)
        _COMMAND,
        env=_environment(config, paper_url),
        # Safe here: the demo has no threads of its own.
        preexec_fn=end_with_parent(),  # noqa: PLW1509
    )

    def forward(number: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            child.send_signal(number)

    # A terminal's Ctrl-C reaches the child by itself; it ends, and then so do we.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, forward)
    return child.wait()


def _environment(config: Config, paper_url: str) -> dict[str, str]:
    settings = msgspec.json.encode(config, enc_hook=str).decode()
    return {**os.environ, SETTINGS_VARIABLE: settings, PAPER_VARIABLE: paper_url}


def _path(wanted: type, value: Any) -> Any:
    if wanted is Path:
        return Path(value)
    raise NotImplementedError(wanted)


def _main() -> None:
    # A person's Ctrl-C must end us, whatever the process that started us ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # As the nouba command does: Morocco's clock comes from the tzdata package, the same on every machine.
    zoneinfo.reset_tzpath(to=())
    settings = os.environ.pop(SETTINGS_VARIABLE)
    config = msgspec.json.decode(settings, type=Config, dec_hook=_path)
    paper_url = os.environ.pop(PAPER_VARIABLE, "")
    if config.server.async_mode == "eventlet":
        _run_eventlet(config, paper_url)
    else:
        _run_gevent(config, paper_url)


def _run_gevent(config: Config, paper_url: str) -> None:
    from gevent import monkey

    monkey.patch_all()
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):
        """gunicorn, set from our own settings instead of its command line."""

        nouba: Any = None

        def load_config(self) -> None:
            options = {
                "bind": f"{_bracketed(config.server.host)}:{config.server.port}",
                "workers": config.server.workers,
                "worker_class": "gevent",
                "backlog": BACKLOG,
                "worker_connections": SOCKETS_MAX,
                "post_request": _take_turns,
                "graceful_timeout": GRACE_SECONDS,
                "loglevel": config.log.level,
                "proc_name": "nouba",
                "control_socket_disable": True,
                # Only `trusted_proxies` says whose headers are believed.
                "forwarded_allow_ips": "",
                "post_worker_init": _hang_up_at_the_end,
                "worker_exit": lambda _arbiter, worker: worker.app.stop(),
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            from server.app import create_app
            from server.logs import configure

            configure(config.log)
            self.nouba = create_app(config, paper_url=paper_url)
            self.nouba.worker.start()
            self.nouba.warmer.start()
            self.nouba.renderer.warm_up()
            # What is there now stays: the collector need not look through it at each turn.
            gc.collect()
            gc.freeze()
            gc.set_threshold(GARBAGE_MIN)
            return self.nouba.flask

        def hang_up(self) -> None:
            if self.nouba.live.live is not None:
                self.nouba.live.live.hang_up()

        def stop(self) -> None:
            # gunicorn calls this in the parent too, for a worker that it had to kill or that never loaded.
            if self.nouba is not None:
                self.nouba.worker.stop()
                self.nouba.warmer.stop()

    _allow_descriptors()
    Server().run()


def _hang_up_at_the_end(worker: Any) -> None:
    """Screens are let go of as soon as the end is ordered; only requests under way have the time of grace."""
    from gevent import spawn

    def end(number: int, frame: FrameType | None) -> None:
        worker.handle_exit(number, frame)
        spawn(worker.app.hang_up)

    signal.signal(signal.SIGTERM, end)


def _take_turns(_worker: object, _request: object, _environ: object, _response: object) -> None:
    """Let the others go after each request.

    Under gevent a greenlet gives way only when it must wait. A client whose next request is always there
    already would keep it for itself: other clients and all pushes wait behind it (measured: 0.5 s and more).
    """
    from gevent import sleep

    sleep(0)


def _allow_descriptors() -> None:
    """Use as many descriptors as this process may: one a screen; the usual first limit is 1,024."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _run_eventlet(config: Config, paper_url: str) -> None:
    import eventlet

    eventlet.monkey_patch()
    from server.app import create_app
    from server.logs import configure

    configure(config.log)
    nouba = create_app(config, paper_url=paper_url)
    nouba.worker.start()
    nouba.warmer.start()
    with suppress(KeyboardInterrupt):
        nouba.io.run(nouba.flask, host=config.server.host, port=config.server.port)
    nouba.worker.stop()
    nouba.warmer.stop()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    _main()
