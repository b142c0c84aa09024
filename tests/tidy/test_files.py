"""House rules about single files: length, docstrings, and what must never be written down."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
LIMITED_SUFFIXES = {".py", ".js", ".css", ".html"}

# The last character class of each keeps this file from matching itself.
FORBIDDEN = {
    "a registry's address": r'"resolved": *"http[s:]|index[-]url|pythonhost[e]|registry[.]npm',
    "a path of one machine": r"(?<![A-Za-z0-9_.])/(?:work|root|farm)/[A-Za-z.]",
    "a patched mock": r"mock[.]patch",
    "a silenced type error": r"type: *ignor[e]",
    "a silenced test": r"pytest[.]mark[.]skip[(]|xfail[(]",
}


def test_files_are_short() -> None:
    """A file that outgrows its limit has two subjects."""
    long_files = {
        name: lines
        for name in project_files()
        if Path(name).suffix in LIMITED_SUFFIXES
        and (lines := text_of(name).count("\n")) > FILE_LINES_MAX
    }
    assert long_files == {}


def test_functions_are_short() -> None:
    """A function is read in one look; a migration is a list of statements, read once."""
    long_functions = {
        f"{name}:{node.lineno} {node.name}": lines
        for name, tree in python_trees()
        if "/migrations/versions/" not in name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert long_functions == {}


def test_modules_say_what_they_are_for() -> None:
    """Every module opens with a docstring; an empty __init__.py has nothing to say."""
    silent = [name for name, tree in python_trees() if tree.body and not ast.get_docstring(tree)]
    assert silent == []


def test_nothing_forbidden_is_written_down() -> None:
    """No address, no machine path, no mocking, no silencing, in any file of ours."""
    found = [
        f"{name}:{number}: {what}"
        for name in project_files()
        for number, line in enumerate(text_of(name).splitlines(), start=1)
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern, line)
    ]
    assert found == []


def test_nothing_fetched_is_tracked() -> None:
    """Third-party files and locks that hold addresses stay out of the repository."""
    fetched = [
        name
        for name in project_files()
        if name.startswith(("static/vendor/", "node_modules/"))
        or Path(name).name in {"uv.lock", "poetry.lock"}
    ]
    assert fetched == []


def python_trees() -> Iterator[tuple[str, ast.Module]]:
    """Name and syntax tree of every Python file, the commands in scripts/ included."""
    for name in project_files():
        if name.endswith(".py") or text_of(name).startswith("#!/usr/bin/env python3"):
            yield name, ast.parse(text_of(name), filename=name)


@cache
def project_files() -> tuple[str, ...]:
    """Files that are or would be committed, relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


@cache
def text_of(name: str) -> str:
    """A file's text; nothing for pictures and sounds."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
