"""What the documentation shows is so: each of its commands and programs is run.

A comment above a block says what the block is: ``file: NAME`` is written to that file, ``run`` is
given to a shell and ends with status 0, or with the one that is named (``run: 1``); ``output`` is
found, line after line, in what the last run printed, but for the numbers; ``not run: REASON``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cli_support import Finished, untraced

import pypicotrace as pt
from pypicotrace import ending

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT / "docs").as_posix()
    for path in (ROOT / "docs").rglob("*.md")
    if "```sh" in path.read_text() or "```python" in path.read_text()
)
BLOCK = re.compile(
    r"(?:^<!-- ([^\n]*) -->\n)?^```([a-z{}-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
LANGUAGES = {
    **{"sh": "run", "text": "output", "console": "not run"},
    **dict.fromkeys(("c", "lua", "make", "python", "sql"), "file"),
}
FOUND_BY = {"Kyuafile": "kyua test"}
"""Files that a command finds without being told their names."""
BOUND = 120.0
"""Seconds that a block may run: some of them step through programs, or compare speeds."""


class Block(NamedTuple):
    what: str
    """The word before the colon of its comment,"""
    more: str
    """and what is behind it."""
    language: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    text = (ROOT / "docs" / page).read_text()
    found = BLOCK.findall(text)
    assert len(found) * 2 == text.count("```"), "a block that is not at the start of a line"
    for comment, language, body in found:
        what, _, more = comment.partition(": ")
        if not language.startswith("{"):
            yield Block(what, more, language, body)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page: str) -> None:
    for block in blocks(page):
        allowed = {LANGUAGES[block.language], "not run", "as in README.md"}
        assert block.what in allowed, block.text
        assert block.more or block.what in ("run", "output"), block.text
    runs = "".join(block.text for block in blocks(page) if block.language == "sh" or block.more)
    for block in blocks(page):
        name = FOUND_BY.get(block.more, block.more)
        assert block.what != "file" or name in runs, f"{block.more} is never run"


@pytest.mark.bound(400)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_so(page: str, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "EXAMPLES": str(ROOT / "examples"), "LC_ALL": "C"}
    # As on a terminal: what several programs print comes in the order in which they do.
    env["PYTHONUNBUFFERED"] = "1"
    env["PYPICOTRACE_TRACEES"] = str(tmp_path / "compiled")
    last = Finished(0, b"", b"")
    for block in blocks(page):
        if block.what == "file":
            (tmp_path / block.more).write_text(block.text)
        elif block.what == "run":
            argv = ["bash", "-c", block.text]
            last = untraced(argv, bound=BOUND, cwd=tmp_path, env=env, stderr=subprocess.STDOUT)
            assert last.status == int(block.more or 0), block.text + last.out.decode()
        elif block.what == "output":
            find(block.text, last.out.decode())


def find(expected: str, printed: str) -> None:
    """Each line that is expected is part of one that was printed, in this order."""
    place = 0
    for line in filter(None, map(str.strip, expected.splitlines())):
        if line == "...":
            continue
        pattern = re.sub(r"0x[0-9a-f]+|\d+", lambda found: like(found[0]), re.escape(line))
        found = re.compile(re.sub(r"(\\ )+", r"\\s+", pattern)).search(printed, place)
        assert found, f"{line}\nis not in what is left of\n{printed}"
        place = found.end()


def like(number: str) -> str:
    return "0x[0-9a-f]+" if number.startswith("0x") else r"\d+" if len(number) > 2 else number


def test_the_reference_has_every_public_name() -> None:
    """And no other."""
    text = (ROOT / "docs" / "reference.md").read_text()
    documented = set(re.findall(r"^\.\. auto\w+:: (\w+)", text, re.MULTILINE))
    public = {name for name in pt.__all__ if not isinstance(getattr(pt, name), pt.Mask)}
    assert documented == public | set(ending.__all__)


@pytest.mark.parametrize("page", PAGES)
def test_what_the_readme_has_as_well_is_the_same(page: str) -> None:
    readme = (ROOT / "README.md").read_text()
    for block in blocks(page):
        if block.what == "as in README.md":
            assert f"<!-- {block.more} -->\n```{block.language}\n{block.text}```" in readme
