"""There is a manual page for each command, and the documentation names them all."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = (ROOT / "pyproject.toml").read_text()
COMMANDS = dict(re.findall(r'^(picotrace[a-z-]*) = "([\w.]+):main"$', PROJECT, re.MULTILINE))
COMMANDS_PAGE = ROOT / "docs" / "commands.md"


def test_a_page_for_each_command() -> None:
    assert {file.stem for file in (ROOT / "man").iterdir()} == set(COMMANDS)
    installed = set(re.findall(r'"man/([\w-]+)\.1"', PROJECT))
    assert installed == set(COMMANDS)


def test_the_documentation_names_each_command() -> None:
    """By what its page says that it does."""
    rows = re.findall(r"^\| `([\w-]+)` \| (.*) \|$", COMMANDS_PAGE.read_text(), re.MULTILINE)
    described = {}
    for name in COMMANDS:
        page = (ROOT / "man" / f"{name}.1").read_text()
        described[name] = "".join(re.findall(r"^\.Nd (.*)$", page, re.MULTILINE))
    assert dict(rows) == described
