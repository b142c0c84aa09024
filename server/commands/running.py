"""`nouba serve`, `demo`, `migrate` and `check-config`: the installation as a whole."""

from __future__ import annotations

import errno
import socket
import sys
from importlib.util import find_spec

import click

from server import config as settings
from server import serving
from server.commands.place import Place, with_place
from server.config import Config, ConfigError
from server.db.opening import bring_up_to_date, open_store

_host_option = click.option("--host", help="Address to listen on (server.host).")
_port_option = click.option("--port", type=int, help="Port to listen on (server.port).")


@click.command()
@_host_option
@_port_option
@click.option("--workers", type=int, help="Processes that answer (server.workers).")
@click.option("--public-url", help="Beginning of the QR on tickets (server.public_url).")
@with_place
def serve(
    place: Place,
    /,
    host: str | None,
    port: int | None,
    workers: int | None,
    public_url: str | None,
) -> None:
    """Serve kiosks, screens, desks and phones until told to end."""
    config = place.config(
        server__host=host,
        server__port=port,
        server__workers=workers,
        server__public_url=public_url,
    )
    require_usable(config)
    require_free_port(config)
    open_store(config.database.url, create=True).engine.dispose()
    serving.serve(config)


@click.command()
@_host_option
@_port_option
@click.option("--verbose", is_flag=True, help="Say more in the log.")
@with_place
def demo(place: Place, /, host: str | None, port: int | None, verbose: bool) -> None:
    """Serve the town hall of Berkane, with a printer whose paper you can see."""
    from server import demo as berkane

    config = place.config(
        server__host=host,
        server__port=port,
        server__workers=1,
        log__format="console",
        log__level="info" if verbose else "warning",
    )
    config = berkane.reachable(config)
    require_usable(config)
    require_free_port(config)
    sys.exit(berkane.run(config, say=click.echo, serve=serving.serve_beside))


@click.command()
@with_place
def migrate(place: Place, /) -> None:
    """Bring the database to the schema of this version; take a backup first."""
    config = place.config()
    before, newest = bring_up_to_date(config.database.url)
    if before == newest:
        click.echo(f"the database is up to date ({newest})")
    else:
        click.echo(f"the database went from {before or 'empty'} to {newest}")


@click.command("check-config")
@click.option("--template", is_flag=True, help="Print a config.toml with every default instead.")
@with_place
def check_config(place: Place, /, template: bool) -> None:
    """Name every problem of the settings at once, or say OK and show what is in effect."""
    if template:
        click.echo(settings.template(), nl=False)
        return
    config = place.config()
    require_usable(config)
    click.echo(f"OK: {config.source or 'no file, the defaults'}")
    for name, value in settings.shown(config):
        click.echo(f"  {name} = {value}")


def require_usable(config: Config) -> None:
    """Raises ConfigError naming what valid settings still lack here: packages, a public address."""
    needed = {
        "psycopg": ("database.url", "postgres", config.database.url.startswith("postgresql")),
        "redis": ("redis.url", "cluster", bool(config.redis.url)),
        "eventlet": ("server.async_mode", "eventlet", config.server.async_mode == "eventlet"),
    }
    problems = [
        f"{name}: needs the package {package}, which is not installed: pip install 'nouba[{extra}]'"
        for package, (name, extra, is_needed) in needed.items()
        if is_needed and find_spec(package) is None
    ]
    if config.server.host in settings.EVERY_ADDRESS and not config.server.public_url:
        problems.append(
            f"server.public_url: must be set when server.host is {config.server.host}: no phone "
            "can open that address, and the QR on every ticket would lead there"
        )
    if problems:
        raise ConfigError(str(config.source or "the configuration"), tuple(problems))


def require_free_port(config: Config) -> None:
    """Raises ConfigError when nobody could listen there: better said before than among the logs."""
    host, port = config.server.host, config.server.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the server does: connections that were just closed do not hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            problem = f"server.port: {port} is in use on {host}; choose another with --port"
        else:
            problem = f"server.host: cannot listen on {host} port {port}: {error.strerror or error}"
        raise ConfigError("the address", (problem,)) from error
