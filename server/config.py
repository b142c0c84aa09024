"""Reads the settings of one installation and checks them all at once.

From TOML; `NOUBA_DATABASE_URL`, `NOUBA_REDIS_URL` and `NOUBA_DATA` win over the file, a command's
own options over both. Nothing secret is printed: passwords in addresses are hidden by `shown`, and
the key of the cookies is a file of its own (`secret_key`).
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import secrets
import tempfile
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from server.config_schema import (
    BoardSettings,
    Config,
    DatabaseSettings,
    LimitSettings,
    LogSettings,
    PrintingSettings,
    RedisSettings,
    SecuritySettings,
    ServerSettings,
)

__all__ = [
    "BoardSettings",
    "Config",
    "ConfigError",
    "DatabaseSettings",
    "LimitSettings",
    "LogSettings",
    "PrintingSettings",
    "RedisSettings",
    "SecuritySettings",
    "ServerSettings",
    "Setting",
    "describe",
    "find_file",
    "load",
    "secret_key",
    "shown",
    "template",
]

DATA_DEFAULT = Path("var")
FILE_NAME = "config.toml"
SECRET_KEY_FILE = "secret.key"  # noqa: S105 (the name of a file)
SECRET_KEY_BYTES = 32
TEMPLATE_WIDTH = 96
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 (recognised, not listened on)
ENVIRONMENT = {"NOUBA_DATABASE_URL": "database.url", "NOUBA_REDIS_URL": "redis.url"}
"""Environment variables and the settings they replace."""
_TYPE_WORDS: Mapping[type, str] = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


class ConfigError(Exception):
    """The settings cannot be used; `problems` names every one of them, not only the first."""

    def __init__(self, source: str, problems: tuple[str, ...]) -> None:
        assert problems, "an error has a reason"
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{source} has {count}:{lines}")
        self.problems = problems


_SECTIONS: Mapping[str, Any] = {
    "server": ServerSettings,
    "database": DatabaseSettings,
    "redis": RedisSettings,
    "limits": LimitSettings,
    "printing": PrintingSettings,
    "board": BoardSettings,
    "log": LogSettings,
    "security": SecuritySettings,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key as people read about it; `allowed` is empty where the description says it all."""

    section: str
    key: str
    default: str | int | float | bool
    description: str
    allowed: str

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"


def describe() -> tuple[Setting, ...]:
    """Every setting, in the order of the file."""
    return tuple(
        Setting(
            section=section,
            key=field.name,
            default=cast(Any, field.default),
            description=field.metadata["description"],
            allowed=_allowed(field),
        )
        for section, field in _fields()
    )


def load(
    path: Path | None,
    data_dir: Path | None,
    environ: Mapping[str, str],
    *,
    overrides: Mapping[str, object] | None = None,
) -> Config:
    """The settings of `path` (None: defaults), the environment and `overrides` (by "server.port").

    `data_dir` None means NOUBA_DATA, else ./var. Touches no file but `path`. Raises ConfigError.
    """
    data = (data_dir or Path(environ.get("NOUBA_DATA") or DATA_DEFAULT)).absolute()
    tables, problems = _read(path)
    values, found = _from_tables(tables)
    problems += found
    outside: dict[str, object] = {
        name: environ[variable] for variable, name in ENVIRONMENT.items() if environ.get(variable)
    }
    outside.update(overrides or {})
    for name, value in outside.items():
        section, _, key = name.partition(".")
        values.setdefault(section, {})[key] = value
    bad = _value_problems(values)
    problems += [f"{name}: {problem}" for name, problem in bad.items()]
    for name in bad:
        section, _, key = name.partition(".")
        del values[section][key]
    config = _build(values, data, path)
    # A pair of which one half is wrong already says nothing new.
    problems += [problem for names, problem in _pair_problems(config) if not names & bad.keys()]
    if problems:
        raise ConfigError(str(path or "the configuration"), tuple(problems))
    return config


def find_file(data_dir: Path) -> Path | None:
    """The file that is read when none was named: in the data folder, beside it, else in this folder."""
    data = data_dir.absolute()
    places = (data / FILE_NAME, data.parent / FILE_NAME, Path.cwd() / FILE_NAME)
    return next((place for place in places if place.is_file()), None)


def shown(config: Config) -> Iterator[tuple[str, str]]:
    """Names and values fit for a terminal and a log: passwords in addresses are dots."""
    yield "data", str(config.data)
    for section, field in _fields():
        value = getattr(getattr(config, section), field.name)
        text = _without_password(value) if isinstance(value, str) else as_toml(value)
        yield f"{section}.{field.name}", text or "(empty)"


def template() -> str:
    """A `config.toml` in which every key has its default and its description."""
    lines = [
        "# Settings of Nouba. Every key shows its default; docs/configuration.md says more.",
        "# `nouba check-config` names every mistake at once; an unknown key stops the start.",
    ]
    section = ""
    for setting in describe():
        if setting.section != section:
            section = setting.section
            lines += ["", f"[{section}]"]
        allowed = f" ({setting.allowed})" if setting.allowed else ""
        text = textwrap.wrap(setting.description + allowed, TEMPLATE_WIDTH)
        lines += [f"# {line}" for line in text]
        lines.append(f"{setting.key} = {as_toml(setting.default)}")
    return "\n".join(lines) + "\n"


def as_toml(value: object) -> str:
    """A setting's value as TOML writes it; our defaults need no escapes."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def secret_key(data: Path) -> str:
    """The key that signs cookies, made on first use; processes that start together get the same."""
    path = data / SECRET_KEY_FILE
    if not path.exists():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Readable by us alone from its first byte, and under its name only once it is whole.
        descriptor, unfinished = tempfile.mkstemp(dir=data, prefix=f".{SECRET_KEY_FILE}.")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(SECRET_KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # the other process was faster: its key is everybody's
                os.link(unfinished, path)
        finally:
            Path(unfinished).unlink()
    key = path.read_text(encoding="ascii").strip()
    if len(key) < SECRET_KEY_BYTES * 2:
        problem = f"{path} is damaged: delete it, and everybody signs in again"
        raise ConfigError("the data folder", (problem,))
    return key


# ---------------------------------------------------------------- reading and checking


def _fields() -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    for section, settings in _SECTIONS.items():
        for field in dataclasses.fields(settings):
            yield section, field


def _allowed(field: dataclasses.Field[Any]) -> str:
    if field.metadata["one_of"]:
        return " or ".join(f'"{word}"' for word in field.metadata["one_of"])
    if field.metadata["between"]:
        low, high = field.metadata["between"]
        return f"{low} to {high}"
    return "true or false" if isinstance(field.default, bool) else ""


def _read(path: Path | None) -> tuple[dict[str, Any], list[str]]:
    if path is None:
        return {}, []
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except OSError as error:
        return {}, [f"it cannot be read: {error.strerror}"]
    except ValueError as error:  # not TOML, or not UTF-8
        return {}, [f"it is not TOML: {error}"]


def _from_tables(tables: Mapping[str, Any]) -> tuple[dict[str, dict[str, object]], list[str]]:
    """The values of the known keys, and a problem for each unknown one."""
    values: dict[str, dict[str, object]] = {}
    problems: list[str] = []
    for section, table in tables.items():
        if section not in _SECTIONS:
            problems.append(_unknown("section", f"[{section}]", section, list(_SECTIONS)))
        elif not isinstance(table, dict):
            problems.append(f"{section}: must be a section, written [{section}]")
        else:
            known = [field.name for field in dataclasses.fields(_SECTIONS[section])]
            problems += [
                _unknown("key", f"{section}.{key}", key, known) for key in table if key not in known
            ]
            values[section] = {key: value for key, value in table.items() if key in known}
    return values, problems


def _unknown(kind: str, name: str, word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"{name}: no such {kind}; did you mean {near[0]}?"
    elsewhere = [f"{section}.{field.name}" for section, field in _fields() if field.name == word]
    if elsewhere:
        return f"{name}: no such {kind}; did you mean {elsewhere[0]}?"
    return f"{name}: no such {kind}; there are {', '.join(known)}"


def _value_problems(values: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """What is wrong with single values, by name."""
    problems = {}
    for section, field in _fields():
        if field.name in values.get(section, {}):
            problem = _value_problem(field, values[section][field.name])
            if problem:
                problems[f"{section}.{field.name}"] = problem
    return problems


def _value_problem(field: dataclasses.Field[Any], value: object) -> str | None:
    wanted = type(field.default)
    # In Python true is a whole number and 3 is no float; in a settings file, the other way round.
    fits = type(value) is wanted or (wanted is float and type(value) is int)
    if not fits:
        return f"must be {_TYPE_WORDS[wanted]}, not {value!r}"
    if field.metadata["one_of"] and value not in field.metadata["one_of"]:
        return f"must be {_allowed(field)}, not {value!r}"
    if field.metadata["between"] and isinstance(value, int | float):
        low, high = field.metadata["between"]
        if not low <= value <= high:
            return f"must be from {low} to {high}, not {value!r}"
    check = field.metadata["check"]
    return check(value) if check else None


def _build(values: Mapping[str, Mapping[str, Any]], data: Path, source: Path | None) -> Config:
    sections = {name: settings(**values.get(name, {})) for name, settings in _SECTIONS.items()}
    config = Config(data=data, source=source, **sections)
    url = config.database.url.replace("{data}", str(data))
    public_url = config.server.public_url.rstrip("/")
    return dataclasses.replace(
        config,
        database=dataclasses.replace(config.database, url=url),
        server=dataclasses.replace(config.server, public_url=public_url),
    )


def _pair_problems(config: Config) -> Iterator[tuple[set[str], str]]:
    """What no setting is guilty of alone, each with the names it is about."""
    server = config.server
    if server.workers > 1 and config.database.url.startswith("sqlite"):
        yield (
            {"server.workers", "database.url"},
            (
                f"server.workers: {server.workers} workers need PostgreSQL; set database.url (or "
                "NOUBA_DATABASE_URL) to postgresql://…, or workers to 1"
            ),
        )
    if server.workers > 1 and not config.redis.url:
        yield (
            {"server.workers", "redis.url"},
            (
                f"server.workers: {server.workers} workers need Redis to reach each other's "
                "screens; set redis.url (or NOUBA_REDIS_URL) to redis://…, or workers to 1"
            ),
        )
    if server.workers > 1 and server.async_mode == "eventlet":
        yield (
            {"server.workers", "server.async_mode"},
            "server.workers: eventlet runs one process; set server.async_mode to gevent",
        )
    if config.security.https and server.public_url.startswith("http:"):
        yield (
            {"server.public_url", "security.https"},
            (
                "server.public_url: must begin with https:// when security.https is true, or "
                "citizens' phones are sent where the browser refuses to go"
            ),
        )


def _without_password(value: str) -> str:
    parts = urlsplit(value)
    if parts.password is None:
        return value
    user, _, place = parts.netloc.rpartition("@")
    return value.replace(f"{user}@{place}", f"{user.partition(':')[0]}:•••@{place}", 1)
