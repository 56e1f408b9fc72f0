"""The options of each command: what getopt(3) takes is what the manual page and the help have."""

from __future__ import annotations

import getopt
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "completions"))
from pages import Option, page  # noqa: E402 - from beside the completions that are made of it

COMMANDS = dict(
    re.findall(
        r'^(picotrace[\w-]*) = "([\w.]+):main"$',
        (ROOT / "pyproject.toml").read_text(),
        re.MULTILINE,
    )
)
ASIDE = {"-h", "--help", "-V", "--version"}
"""They are in no synopsis."""
LINES, COLUMNS = 24, 80
"""Of a screen."""


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Asked(Exception):
    """What getopt was asked for."""


def taken(command: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """The options that a command takes, and whether each has a value."""

    def ask(argv: Sequence[str], letters: str, names: Sequence[str]) -> None:
        short = {f"-{letter}": bool(colon) for letter, colon in re.findall("(.)(:?)", letters)}
        raise Asked({**short, **{f"--{n.removesuffix('=')}": n.endswith("=") for n in names}})

    monkeypatch.setattr(getopt, "getopt", ask)
    monkeypatch.setattr(getopt, "gnu_getopt", ask)
    with pytest.raises(Asked) as caught:
        import_module(COMMANDS[command]).main(["--help"])
    options: dict[str, bool] = caught.value.args[0]
    return options


def in_synopsis(command: str) -> dict[str, bool]:
    """What a page's synopsis has; letters without a value stand together there."""
    text = (ROOT / "man" / f"{command}.1").read_text()
    synopsis = text.partition("\n.Sh SYNOPSIS\n")[2].partition("\n.Sh ")[0]
    found = {}
    for option, value in re.findall(r"\bFl (-?\w[\w-]*)( (?:Ar|Cm) )?", synopsis):
        alone = [option] if option.startswith("-") or value else list(option)
        found.update({f"-{name}": bool(value) for name in alone})
    return found


def of_page(command: str) -> list[Option]:
    return page(ROOT / "man" / f"{command}.1").options


def help_of(command: str, capfd: pytest.CaptureFixture[str]) -> str:
    assert import_module(COMMANDS[command]).main(["--help"]) in (0, None)
    return capfd.readouterr().out


def test_the_manual_page_has_what_is_taken(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else, each with a value or without. ``-ff`` is -f, twice."""
    shown = {name: bool(option.value) for option in of_page(command) for name in option.names}
    if command == "picotrace":
        assert not shown.pop("-ff")
    assert shown == taken(command, monkeypatch)


def test_the_synopsis_has_what_is_taken(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = taken(command, monkeypatch)
    aside = {name: options[name] for name in ASIDE & options.keys()}
    assert in_synopsis(command) | aside == options


def test_each_is_described(command: str) -> None:
    for option in of_page(command):
        assert 3 < len(option.help) <= 60, option
        assert not re.search(r"(^|\s)\.[A-Z]|\\", option.help), option


def test_the_help_names_them_all(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    text = help_of(command, capfd)
    named = set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", text))
    for cluster in re.findall(r"\[-(\w+)\]", text):
        named |= {f"-{letter}" for letter in cluster}
    missing = {name for option in of_page(command) for name in option.names} - named
    assert not missing


def test_the_help_fits_one_screen(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    """With room for the shell's next prompt."""
    lines = help_of(command, capfd).splitlines()
    assert len(lines) < LINES
    assert max(map(len, lines)) < COLUMNS
    assert lines[0].startswith(f"usage: {command} ")


def test_the_help_says_where_the_rest_stands() -> None:
    from pypicotrace.arguments import HELP

    assert HELP.splitlines()[-1].endswith("man picotrace")
