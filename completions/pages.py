"""The options of a command, as its manual page has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HELP_MAX = 60
"""As long as a line beside an option may be."""
KEY = re.compile(r"\s*\.It Cm (\w+) Ns = .*")
SENTENCE = re.compile(r"(.*?)(?:[.:;(]|, (?:made|see|which)\b)(?: |$)")


class Option(NamedTuple):
    """An option: its ``names``, with their dashes; the name of its ``value``, empty where there is
    none; what it does, in short; the ``words`` among which its value is chosen, if those are few;
    the ``keys`` that the value may begin with, before a ``=``; and whether it may come ``again``.
    """

    names: list[str]
    value: str
    help: str
    words: list[str]
    keys: list[str]
    again: bool


class Page(NamedTuple):
    """A command's ``name``, what it does, its ``options``, and whether its operand is a command, or
    else files.
    """

    name: str
    help: str
    options: list[Option]
    runs_command: bool


def page(path: Path) -> Page:
    """A page of mdoc(7)."""
    lines = path.read_text().splitlines()
    [about] = [line.removeprefix(".Nd ") for line in lines if line.startswith(".Nd ")]
    synopsis = lines[lines.index(".Sh SYNOPSIS") : lines.index(".Sh DESCRIPTION")]
    options = [option(head, body) for head, body in entries(lines)]
    return Page(path.stem, about, options, ".Ar command" in synopsis)


def entries(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The head and the text of each entry of the list of options."""
    first = next(n for n, line in enumerate(lines) if line.startswith(".It Fl "))
    depth, head, body = 1, "", list[str]()
    for line in lines[first:]:
        depth += line.startswith(".Bl ") - line.startswith(".El")
        if depth == 0:
            break
        if depth == 1 and line.startswith(".It Fl "):
            if head:
                yield head, body
            head, body = line, []
        elif line != ".El":
            body.append("  " * (depth - 1) + line)
    yield head, body


def option(head: str, body: list[str]) -> Option:
    """An entry; what is in a list of its own there is indented."""
    flags, _, value = head.removeprefix(".It ").partition(" Ar ")
    names = [f"-{name}" for name in re.findall(r"(?:Fl|,) (?!Fl)([\w-]+)", flags)]
    words = [word for line in body if line.startswith(".Cm ") for word in words_of(line)]
    keys = [match[1] for line in body if (match := KEY.fullmatch(line)) is not None]
    again = any(words in line for line in body for words in ("several times", "given twice"))
    return Option(names, value.split(" ")[0], sentence(body), words, keys, again)


def words_of(line: str) -> list[str]:
    return [word for word in line.split()[1:] if re.fullmatch(r"[\w-]+", word)]


def sentence(body: list[str]) -> str:
    """The beginning of a text, without what mdoc(7) has in it."""
    text = " ".join(map(plain, body)).replace(" ,", ",").replace(" .", ".")
    match = SENTENCE.match(text)
    short = match[1] if match is not None else text
    if len(short) <= HELP_MAX:
        return short
    cut = short[: HELP_MAX + 1]
    return cut[: max(cut.rfind(", "), cut.rfind(" ") if ", " not in cut else 0)].rstrip(",")


def plain(line: str) -> str:
    if not line.startswith("."):
        return line.replace("\\&", "")
    macro, _, rest = line[1:].partition(" ")
    if macro == "Nx":
        return "NetBSD"
    if macro == "Nm":
        return "picotrace"
    if macro == "Fl":
        return f"-{rest}"
    if macro == "Xr":
        return re.sub(r"(\S+) (\d)", r"\1(\2)", rest)
    return rest.replace("\\&", "")
