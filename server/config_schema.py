"""What can be set: every key with its type, default, limits and description, in one place.

`server/config.py` reads it from TOML; `docs/configuration.md` and `config.toml` are checked
against it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

_PORT_MAX = 65_535
_RATE_MAX = 100_000

T = TypeVar("T")


def _setting(
    default: T,
    description: str,
    *,
    between: tuple[float, float] | None = None,
    one_of: tuple[str, ...] | None = None,
    check: Callable[[str], str | None] | None = None,
) -> T:
    metadata = {"description": description, "between": between, "one_of": one_of, "check": check}
    return cast(T, dataclasses.field(default=cast(Any, default), metadata=metadata))


_QR_HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]+)?")


def _public_url_problem(value: str) -> str | None:
    if not value:
        return None
    parts, problem = _split(value)
    if parts is None:
        return problem
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must be an address such as https://file.commune.ma (http or https)"
    if parts.username or parts.password:
        return "must hold no user name or password: it is printed on every ticket"
    if _QR_HOST.fullmatch(parts.netloc) is None:
        return "must have a host of letters, digits, dots and dashes: the QR holds nothing else"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "must end after the host and port: the QR writes the rest in upper case"
    return None


def _database_url_problem(value: str) -> str | None:
    parts, problem = _split(value)
    if parts is None:
        return problem
    match parts.scheme:
        case "sqlite":
            if not value.startswith("sqlite:///") or value in {"sqlite:///", "sqlite:///:memory:"}:
                return "must name a file, as in sqlite:///{data}/nouba.sqlite3"
        case "postgresql" | "postgresql+psycopg":
            if not parts.path.strip("/"):
                return "must name a database, as in postgresql://nouba@127.0.0.1/nouba"
        case _:
            return "must begin with sqlite:/// or postgresql://"
    return None


def _redis_url_problem(value: str) -> str | None:
    if not value:
        return None
    parts, problem = _split(value)
    if parts is None:
        return problem
    if parts.scheme not in {"redis", "rediss", "unix"}:
        return "must begin with redis://, rediss:// or unix://"
    if parts.scheme != "unix" and not parts.hostname:
        return "must name a host, as in redis://127.0.0.1:6379/0"
    return None


def _host_problem(value: str) -> str | None:
    if not value or any(character in value for character in " /@"):
        return "must be an address or a host name to listen on, as in 127.0.0.1 or 0.0.0.0"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the server listens and how many processes answer."""

    host: str = _setting(
        "127.0.0.1",
        "Address to listen on. 127.0.0.1 is this machine only; 0.0.0.0 is every network it is in.",
        check=_host_problem,
    )
    port: int = _setting(8000, "TCP port to listen on.", between=(1, _PORT_MAX))
    workers: int = _setting(
        1,
        "Processes that answer requests. More than one needs PostgreSQL and Redis.",
        between=(1, 64),
    )
    public_url: str = _setting(
        "",
        "Address under which citizens' phones reach the server: the beginning of the QR on every "
        "ticket. Empty: http, the host and the port above.",
        check=_public_url_problem,
    )
    trusted_proxies: int = _setting(
        0,
        "Reverse proxies in front of the server whose X-Forwarded-* headers are believed. "
        "Too many, and anybody can claim any address.",
        between=(0, 8),
    )
    async_mode: Literal["gevent", "eventlet"] = _setting(
        "gevent",
        "Engine of the live connections. eventlet is kept for those who need it and runs one "
        "process.",
        one_of=("gevent", "eventlet"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """Where everything is kept."""

    url: str = _setting(
        "sqlite:///{data}/nouba.sqlite3",
        "Address of the database, sqlite:///… or postgresql://…; {data} is the data folder.",
        check=_database_url_problem,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSettings:
    """What several processes talk through."""

    url: str = _setting(
        "",
        "Address of Redis, as in redis://127.0.0.1:6379/0; needed only with several workers.",
        check=_redis_url_problem,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """How much one stranger may ask for."""

    body_bytes_max: int = _setting(
        65_536, "Longest request that is read, in bytes.", between=(4_096, 16_777_216)
    )
    tickets_per_minute_open_kiosk: int = _setting(
        30,
        "Tickets a minute from one address at a kiosk that needs no token.",
        between=(1, _RATE_MAX),
    )
    secret_lookups_per_minute: int = _setting(
        120,
        "Look-ups of tickets by their secret, a minute and an address. A hall full of phones "
        "behind one access point is one address.",
        between=(1, _RATE_MAX),
    )
    sign_ins_per_minute: int = _setting(
        10, "Attempts to sign in, a minute and an address.", between=(1, _RATE_MAX)
    )
    pairings_per_minute: int = _setting(
        10, "Codes that new devices ask for, a minute and an address.", between=(1, _RATE_MAX)
    )
    pairing_claims_per_minute: int = _setting(
        300,
        "Questions of new devices whether their code was accepted, a minute and an address; each "
        "asks every two seconds.",
        between=(1, _RATE_MAX),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintingSettings:
    """How long paper is waited for."""

    expire_seconds: int = _setting(
        180,
        "A ticket that could not be printed for this long is not printed any more: its citizen "
        "has noted the number and left the kiosk.",
        between=(10, 3_600),
    )
    connect_timeout_seconds: float = _setting(
        3.0, "How long a printer may take to answer.", between=(0.1, 60)
    )
    send_timeout_seconds: float = _setting(
        10.0,
        "How long a printer may take no byte and give no answer before an attempt is given up.",
        between=(0.5, 120),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSettings:
    """What walls show between calls."""

    picture_seconds: int = _setting(
        12,
        "How long a picture of the municipality stays on a wall while nobody is called; a video "
        "plays to its end.",
        between=(4, 600),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What the server says about itself, on standard error."""

    level: str = _setting(
        "info", "The least that is worth a line.", one_of=("debug", "info", "warning", "error")
    )
    format: str = _setting(
        "json", "json for machines, console for people.", one_of=("json", "console")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecuritySettings:
    """What browsers are told."""

    https: bool = _setting(
        False,  # noqa: FBT003 (a default)
        "Citizens and staff reach the server by https: cookies travel no other way, and browsers "
        "are told so for a year (HSTS).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting of one run. Build it with `load`, which has checked it."""

    data: Path
    """The folder that holds the database, the key of the cookies and nothing else; absolute."""
    source: Path | None = None
    """The file that was read, if there was one."""
    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    limits: LimitSettings = LimitSettings()
    printing: PrintingSettings = PrintingSettings()
    board: BoardSettings = BoardSettings()
    log: LogSettings = LogSettings()
    security: SecuritySettings = SecuritySettings()


def _split(value: str) -> tuple[SplitResult | None, str]:
    """The parts of an address, or what is wrong with it."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        return None, f"is no address: {error}"
    return (None, "has port 0") if port == 0 else (parts, "")
