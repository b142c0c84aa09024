"""What operators read is what the code does: every setting and every command is documented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from display_client.browser import FLAGS as DISPLAY_FLAGS
from display_client.cli import main as display_main
from display_client.settings import MachineSettings
from kiosk_client.browser import FLAGS as KIOSK_FLAGS
from kiosk_client.cli import main as kiosk_main
from server import config
from server.cli import main
from server.config import Setting
from server.delivery.paper import logo
from server.domain import paper_keys, paper_template
from server.domain.paper_keys import Key
from server.domain.paper_layout import Part

DOCS = Path(__file__).resolve().parents[1] / "docs"


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by the words one types."""
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, (*path, name))
    else:
        yield " ".join(path), command


def sections(name: str) -> dict[str, str]:
    """The text below each heading of a page, by heading."""
    text = (DOCS / name).read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


COMMANDS = dict(commands(main, ("nouba",)))
KIOSK_COMMANDS = dict(commands(kiosk_main, ("nouba-kiosk",)))
DISPLAY_COMMANDS = dict(commands(display_main, ("nouba-display",)))
DEVICE_COMMANDS = {**KIOSK_COMMANDS, **DISPLAY_COMMANDS}
PAGES = {"nouba-kiosk": "kiosk.md", "nouba-display": "display.md"}
UNITS = sorted((DOCS.parent / "deploy").glob("*.service"))


@pytest.mark.parametrize("setting", config.describe(), ids=lambda setting: setting.name)
def test_a_setting_is_documented_as_it_is(setting: Setting) -> None:
    body = sections("configuration.md")[f"`[{setting.section}]`"]
    row = (
        f"| `{setting.key}` | `{config.as_toml(setting.default)}` | {setting.allowed} "
        f"| {setting.description} |"
    )
    assert row in body


def test_no_other_setting_is_documented() -> None:
    known = {(f"`[{setting.section}]`", setting.key) for setting in config.describe()}
    found = {
        (heading, key)
        for heading, body in sections("configuration.md").items()
        if heading.startswith("`[")
        for key in re.findall(r"^\| `(\w+)` \|", body, flags=re.MULTILINE)
    }
    assert found == known


def test_the_environment_is_documented() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    for variable, name in config.ENVIRONMENT.items():
        assert f"| `{variable}` | `{name}` |" in text


@pytest.mark.parametrize("key", paper_keys.describe(), ids=lambda key: f"{key.section}.{key.name}")
def test_a_key_of_the_paper_is_documented_as_it_is(key: Key) -> None:
    body = sections("paper.md")[f"`[{key.section}]`"]
    default = paper_keys.as_toml(key.default)
    assert f"| `{key.name}` | `{default}` | {key.allowed} | {key.description} |" in body


def test_nothing_else_of_the_paper_is_documented() -> None:
    known = {(f"`[{key.section}]`", key.name) for key in paper_keys.describe()}
    found = {
        (heading, name)
        for heading, body in sections("paper.md").items()
        if heading.startswith("`[")
        for name in re.findall(r"^\| `(\w+)` \|", body, flags=re.MULTILINE)
    }
    assert found == known
    parts = re.findall(r"^\| `(\w+)` \|", sections("paper.md")["Parts"], flags=re.MULTILINE)
    assert parts == list(Part)


def test_the_example_of_the_paper_is_a_template() -> None:
    text = (DOCS / "paper.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert paper_template.read(example).logo.file == "armoiries.png"


def test_the_limits_of_logos_are_documented() -> None:
    told = f"{logo.LOGO_BYTES_MAX // 1024} KiB"
    pixels = f"{logo.LOGO_PIXELS_MAX // 1_000_000} million pixels"
    text = (DOCS / "paper.md").read_text(encoding="utf-8")
    assert told in text
    assert pixels in text
    (key,) = (key for key in paper_keys.describe() if (key.section, key.name) == ("logo", "file"))
    assert told in key.allowed
    assert f"{logo.LOGO_PIXELS_MAX // 1_000_000} megapixels" in key.allowed


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_is_documented_with_its_options(words: str) -> None:
    command = COMMANDS[words]
    headings = [
        heading
        for heading in sections("commands.md")
        if heading.strip("`") == words or heading.startswith(f"`{words} ")
    ]
    assert len(headings) == 1, f"docs/commands.md has no heading for {words}"
    body = sections("commands.md")[headings[0]]
    assert command.help is not None
    assert command.help in body
    options = {
        parameter.opts[0]: parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
    }
    assert {"--data", "--config"} <= options.keys()
    documented = set(re.findall(r"^\| `(--[\w-]+)` \|", body, flags=re.MULTILINE))
    assert documented == options.keys() - {"--data", "--config"}
    assert all(option.help or option.opts[0] == "--role" for option in options.values())


def test_no_other_command_is_documented() -> None:
    documented = [re.sub(r"`|( [A-Z]+)+`?$", "", each) for each in sections("commands.md")]
    assert documented == list(COMMANDS)


@pytest.mark.parametrize("words", DEVICE_COMMANDS)
def test_a_command_of_a_device_is_documented_with_its_options(words: str) -> None:
    command = DEVICE_COMMANDS[words]
    body = sections(PAGES[words.split(maxsplit=1)[0]])[f"`{words}`"]
    assert command.help is not None
    assert command.help in body
    options = {
        parameter.opts[0]: parameter.help
        for parameter in command.params
        if isinstance(parameter, click.Option)
    }
    documented = set(re.findall(r"^\| `(--[\w-]+)` \|", body, flags=re.MULTILINE))
    assert documented == options.keys() - {"--data"}
    for help_text in options.values():
        assert help_text is not None
        assert help_text in body or "_DATA, else" in help_text


@pytest.mark.parametrize(("program", "page"), PAGES.items())
def test_no_other_command_of_a_device_is_documented(program: str, page: str) -> None:
    found = [each.strip("`") for each in sections(page) if each.startswith(f"`{program}")]
    assert found == [words for words in DEVICE_COMMANDS if words.startswith(program)]


def test_the_board_in_a_terminal_is_documented_with_its_options() -> None:
    body = sections("display.md")["In a terminal"]
    options = {
        parameter.opts[0]: parameter.help
        for parameter in display_main.params
        if isinstance(parameter, click.Option)
    }
    documented = set(re.findall(r"^\| `(--[\w-]+)` \|", body, flags=re.MULTILINE))
    assert documented == options.keys() - {"--data"}
    for name in documented:
        assert f"| `{name}` | {options[name]}" in body


def test_the_settings_of_a_displays_machine_are_documented_as_they_are() -> None:
    body = sections("display.md")["Settings of the machine"]
    documented = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", body, flags=re.MULTILINE))
    settings = {each.name: each.default for each in fields(MachineSettings)}
    assert documented == {name: config.as_toml(value) for name, value in settings.items()}


@pytest.mark.parametrize(
    ("page", "flags"), [("kiosk.md", KIOSK_FLAGS), ("display.md", DISPLAY_FLAGS)]
)
def test_the_browsers_flags_are_documented(page: str, flags: tuple[str, ...]) -> None:
    documented = set(re.findall(r"`(--[^`]+)`", sections(page)["Chromium's flags"]))
    assert documented == set(flags)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_what_there_is(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    (started,) = re.findall(r"^ExecStart=(.+)$", text, flags=re.MULTILINE)
    name, words, *options = started[started.rindex("/.venv/bin/") :].split("/")[-1].split()
    command = {**COMMANDS, **DEVICE_COMMANDS}[f"{name} {words}"]
    known = {opt for parameter in command.params for opt in parameter.opts}
    assert set(options) <= known
    assert re.search(r"^User=nouba", text, flags=re.MULTILINE), "not root"
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "Restart=always"):
        assert line in text.splitlines()
