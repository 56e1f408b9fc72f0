"""What is Linux's alone is said to be so, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
ALONE = re.compile(r'\btracee\(\s*"(?!portable/|netbsd/)')


@pytest.fixture
def linux_alone(request: pytest.FixtureRequest) -> dict[str, str]:
    """The table of tests/conftest.py."""
    for plugin in request.config.pluginmanager.get_plugins():
        if getattr(plugin, "__file__", None) == str(TESTS / "conftest.py"):
            table: dict[str, str] = plugin.LINUX_ALONE
            return table
    raise AssertionError("tests/conftest.py is not loaded")


def test_what_is_named_is_there(linux_alone: dict[str, str]) -> None:
    assert [name for name in linux_alone if not (TESTS / name).is_file()] == []


def test_what_needs_tracees_of_linuxs_is_named(linux_alone: dict[str, str]) -> None:
    """Those that every system has are in tracees/portable, NetBSD's own in tracees/netbsd."""
    files = (TESTS / "live").glob("test_*.py")
    unnamed = {f"live/{file.name}" for file in files if ALONE.search(file.read_text())}
    assert unnamed - linux_alone.keys() == set()
