"""Settings: what is read, what wins, and that every problem is named at once."""

from __future__ import annotations

import stat
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server import config
from server.config import Config, ConfigError

ROOT = Path(__file__).resolve().parents[1]


def load(
    folder: Path,
    text: str = "",
    environ: dict[str, str] | None = None,
    overrides: dict[str, object] | None = None,
) -> Config:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return config.load(file, folder / "var", environ or {}, overrides=overrides)


def problems(
    folder: Path, text: str, overrides: dict[str, object] | None = None
) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, overrides=overrides)
    return caught.value.problems


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    found = config.load(None, None, {"NOUBA_DATA": str(tmp_path)})
    assert found.data == tmp_path
    assert found.database.url == f"sqlite:///{tmp_path}/nouba.sqlite3"
    assert (found.server.host, found.server.port, found.server.workers) == ("127.0.0.1", 8000, 1)
    assert found.printing.expire_seconds == 180


def test_the_file_in_the_checkout_holds_every_default() -> None:
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    assert text == config.template(), "run: nouba check-config --template > config.toml"
    tables = tomllib.loads(text)
    for setting in config.describe():
        assert tables[setting.section].pop(setting.key) == setting.default
    assert not any(tables.values())


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        stray = 1
        [server]
        prot = 80
        port = "80"
        workers = 0
        host = ""
        public_url = "ftp://x"
        async_mode = "twisted"
        [loging]
        [database]
        url = "mysql://x/y"
        body_bytes_max = 5
        [redis]
        url = "redis://"
        [security]
        https = 1
        [printing]
        connect_timeout_seconds = true
        """,
    )
    assert {each.partition(":")[0] for each in found} == {
        "[stray]",
        "server.prot",
        "server.port",
        "server.workers",
        "server.host",
        "server.public_url",
        "server.async_mode",
        "[loging]",
        "database.url",
        "database.body_bytes_max",
        "redis.url",
        "security.https",
        "printing.connect_timeout_seconds",
    }
    assert len(found) == 13


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[server]\nprot = 1", "server.prot: no such key; did you mean port?"),
        ("[sever]", "[sever]: no such section; did you mean server?"),
        ("[server]\nlevel = 1", "server.level: no such key; did you mean log.level?"),
        ("[redis]\nzzz = 1", "redis.zzz: no such key; there are url"),
        ("server = 1", "server: must be a section, written [server]"),
    ],
)
def test_an_unknown_name_comes_with_the_nearest_known_one(
    tmp_path: Path, text: str, hint: str
) -> None:
    assert problems(tmp_path, text) == (hint,)


@pytest.mark.parametrize(
    "value",
    [
        "commune.ma",
        "ftp://commune.ma",
        "https://",
        "https://user:word@commune.ma",
        "https://commune.ma/tickets",
        "https://commune.ma/?a=1",
        "https://commune.ma:99999",
        "https://[::1",
        "https://commune.ma:0",
    ],
)
def test_a_public_url_that_no_phone_could_use_is_refused(tmp_path: Path, value: str) -> None:
    (problem,) = problems(tmp_path, f'[server]\npublic_url = "{value}"')
    assert problem.startswith("server.public_url: ")


def test_a_public_url_is_kept_without_its_last_slash(tmp_path: Path) -> None:
    found = load(tmp_path, '[server]\npublic_url = "https://commune.ma:8443/"')
    assert found.server.public_url == "https://commune.ma:8443"


@pytest.mark.parametrize("value", ["sqlite://", "sqlite:///:memory:", "postgresql://host", "x"])
def test_a_database_that_could_not_last_is_refused(tmp_path: Path, value: str) -> None:
    (problem,) = problems(tmp_path, f'[database]\nurl = "{value}"')
    assert problem.startswith("database.url: ")


def test_several_workers_say_what_to_set(tmp_path: Path) -> None:
    found = problems(tmp_path, '[server]\nworkers = 4\nasync_mode = "eventlet"')
    assert len(found) == 3
    assert "NOUBA_DATABASE_URL" in found[0]
    assert "NOUBA_REDIS_URL" in found[1]
    assert "eventlet" in found[2]


def test_a_pair_with_a_wrong_half_is_named_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        '[server]\nworkers = 4\n[database]\nurl = "mysql://x/y"\n[redis]\nurl = "redis://h"',
    )
    assert found == ("database.url: must begin with sqlite:/// or postgresql://",)


def test_several_workers_with_what_they_need(tmp_path: Path) -> None:
    environ = {
        "NOUBA_DATABASE_URL": "postgresql://nouba:word@db/nouba",
        "NOUBA_REDIS_URL": "redis://:word@cache:6379/0",
    }
    found = load(tmp_path, "[server]\nworkers = 4", environ)
    assert found.server.workers == 4
    told = dict(config.shown(found))
    assert told["database.url"] == "postgresql://nouba:•••@db/nouba"
    assert told["redis.url"] == "redis://:•••@cache:6379/0"
    assert "word" not in "".join(told.values())


def test_https_and_a_plain_public_url_contradict(tmp_path: Path) -> None:
    (problem,) = problems(
        tmp_path, '[server]\npublic_url = "http://commune.ma"\n[security]\nhttps = true'
    )
    assert "https://" in problem


def test_options_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    text = '[server]\nport = 1111\n[redis]\nurl = "redis://file"'
    environ = {"NOUBA_REDIS_URL": "redis://environment"}
    assert load(tmp_path, text).redis.url == "redis://file"
    assert load(tmp_path, text, environ).redis.url == "redis://environment"
    assert load(tmp_path, text, overrides={"server.port": 2222}).server.port == 2222
    (problem,) = problems(tmp_path, text, {"server.port": 70_000})
    assert problem == "server.port: must be from 1 to 65535, not 70000"


def test_a_file_that_is_no_toml_or_not_there(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "[server\n")
    assert "not TOML" in problem
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "absent.toml", tmp_path, {})


def test_the_file_beside_the_data_folder_is_found_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert config.find_file(tmp_path / "var") is None
    (here / "config.toml").touch()
    assert config.find_file(tmp_path / "var") == here / "config.toml"
    (tmp_path / "config.toml").touch()
    assert config.find_file(tmp_path / "var") == tmp_path / "config.toml"


def test_the_secret_key_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    data = tmp_path / "var"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(config.secret_key, [data] * 32))
    assert len(keys) == 1
    assert len(keys.pop()) == 64
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600
    assert [file.name for file in data.iterdir()] == ["secret.key"]


def test_a_damaged_secret_key_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("")
    with pytest.raises(ConfigError, match="damaged"):
        config.secret_key(tmp_path)
