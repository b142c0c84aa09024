"""House rules about the tree: imports point one way, and ARCHITECTURE.md names what is there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATH_LIKE = re.compile(r"(?:[\w.-]+/)*[\w.-]+(?:/|\.(?:py|js|css|html|md|toml|json|svg|po|yaml))")
# Made at set-up or at run time, so not in a fresh clone.
MADE_LATER = (".venv/", "node_modules/", "static/vendor/", "var/")


def test_imports_point_one_way() -> None:
    """The contracts in pyproject.toml hold."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_wire_needs_only_the_standard_library() -> None:
    """The kiosk and the display share wire.py, and install nothing for it."""
    tree = ast.parse((ROOT / "server/wire.py").read_text(encoding="utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= set(sys.stdlib_module_names)


def test_architecture_names_what_is_there() -> None:
    """Every path in backticks or links of ARCHITECTURE.md exists, from the root or server/."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    quoted = re.findall(r"`([^`\n]+)`", text) + re.findall(r"\]\(([^)#\s]+)\)", text)
    paths = {word for word in quoted if PATH_LIKE.fullmatch(word)}
    missing = sorted(
        path
        for path in paths
        if not path.startswith(MADE_LATER)
        and not (ROOT / path).exists()
        and not (ROOT / "server" / path).exists()
    )
    assert paths, "ARCHITECTURE.md names no file at all"
    assert missing == []


def test_commands_can_be_run() -> None:
    """Whoever clones the repository can start what its README names."""
    commands = [
        *("scripts/run", "scripts/test", "scripts/check", "scripts/lock", "scripts/kiosk"),
        ".ci/run",
    ]
    listed = subprocess.run(
        ["git", "ls-files", "--stage", *commands],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    modes = {line.split("\t")[1]: line.split()[0] for line in listed.stdout.splitlines()}
    assert modes == dict.fromkeys(commands, "100755")
