"""A command's options are those of its manual page and of its help, and no others are."""

from __future__ import annotations

import getopt
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = (ROOT / "pyproject.toml").read_text()
COMMANDS = dict(re.findall(r'^(picotrace[a-z-]*) = "([\w.]+):main"$', PROJECT, re.MULTILINE))
COMMANDS_PAGE = ROOT / "docs" / "commands.md"
ASIDE = {"-h", "--help", "-V", "--version"}
"""They are in no synopsis."""

Options = dict[str, bool]
"""Each with whether it takes an argument."""


class Asked(Exception):
    """What a command told getopt(3)."""

    def __init__(self, _: Sequence[str], letters: str, long: Sequence[str] = ()) -> None:
        super().__init__()
        found = re.findall(r"(\w)(:?)", letters)
        self.options = {f"-{letter}": bool(colon) for letter, colon in found}
        self.options |= {f"--{word.rstrip('=')}": word.endswith("=") for word in long}


def options(command: str, monkeypatch: pytest.MonkeyPatch) -> Options:
    """What it takes."""

    def ask(*args: Any) -> None:
        raise Asked(*args)

    monkeypatch.setattr(getopt, "getopt", ask)
    with pytest.raises(Asked) as asked:
        import_module(COMMANDS[command]).main([])
    return asked.value.options


def page(command: str) -> str:
    return (ROOT / "man" / f"{command}.1").read_text()


def names(words: str) -> list[str]:
    """The options in the words of a line of mdoc(7): ``Fl f , Fl i``, ``Fl -pin Ar when``."""
    return [f"-{name}" for name in re.findall(r"\bFl (-?\w[\w-]*)", words)]


def explained(text: str) -> Options:
    """What has an entry in a page."""
    description = text.partition("\n.Sh DESCRIPTION\n")[2].partition("\n.Sh ")[0]
    lists = description.partition("options are as follows")[2].partition("\n.Ss ")[0]
    lines = re.findall(r"^\.It (Fl .*)$", lists, re.MULTILINE)
    return {name: bool(re.search(r" (Ar|Cm) ", line)) for line in lines for name in names(line)}


def usable(text: str) -> Options:
    """What its synopsis has; letters without arguments stand together there."""
    synopsis = text.partition("\n.Sh SYNOPSIS\n")[2].partition("\n.Sh ")[0]
    found = {}
    for option, argument in re.findall(r"\bFl (-?\w[\w-]*)( (?:Ar|Cm) )?", synopsis):
        alone = [option] if option.startswith("-") or argument else list(option)
        found.update({f"-{name}": bool(argument) for name in alone})
    return found


def helped(text: str) -> Options:
    """What the lines of the help explain: ``-f, -i  text``, ``-o FILE  text``."""
    found = {}
    for names, argument in re.findall(
        r"^  (-[\w-]+(?:, -[\w-]+)*)( [A-Z]\S*)?(?=  |\n)", text, re.MULTILINE
    ):
        found.update(dict.fromkeys(names.split(", "), bool(argument)))
    return found


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_page_for_each_command() -> None:
    assert {file.stem for file in (ROOT / "man").iterdir()} == set(COMMANDS)
    installed = set(re.findall(r'"man/([\w-]+)\.1"', PROJECT))
    assert installed == set(COMMANDS)


def test_the_documentation_names_each_command() -> None:
    """By what its page says that it does."""
    rows = re.findall(r"^\| `([\w-]+)` \| (.*) \|$", COMMANDS_PAGE.read_text(), re.MULTILINE)
    described = {name: re.search(r"^\.Nd (.*)$", page(name), re.MULTILINE) for name in COMMANDS}
    assert dict(rows) == {name: found and found[1] for name, found in described.items()}


def test_the_page_explains_each_option(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert explained(page(command)) == options(command, monkeypatch)


def test_the_synopsis_has_each_option(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = options(command, monkeypatch)
    shown = usable(page(command))
    assert shown | {o: taken[o] for o in ASIDE & taken.keys()} == taken


def test_the_help_has_each_option(
    command: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert import_module(COMMANDS[command]).main(["--help"]) == 0
    shown = helped(capfd.readouterr().out)
    several = {"-tt", "-ttt"}
    assert {name: shown[name] for name in shown.keys() - several} == options(command, monkeypatch)


def test_what_is_compared_is_read_right() -> None:
    text = """
.Sh SYNOPSIS
.Nm
.Op Fl ab
.Op Fl -long Ar n
.Op Fl o Ar file Op Fl -append
.Sh DESCRIPTION
The options are as follows.
.Bl -tag -width Ds
.It Fl a , Fl i
.It Fl -long Ar n
.Bl -tag
.It Cm word
.El
.Fl c
.El
.Ss More
.It Fl x
.Sh EXIT STATUS
"""
    assert usable(text) == {"-a": False, "-b": False, "--long": True, "-o": True, "--append": False}
    assert explained(text) == {"-a": False, "-i": False, "--long": True}
    lines = (
        "  -f, -i         both\n  -o FILE        a file\n  --json\n    -x no\n  --last N      n\n"
    )
    alone = dict.fromkeys(("-f", "-i", "--json"), False)
    assert helped(lines) == {**alone, "-o": True, "--last": True}
