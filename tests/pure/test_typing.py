"""What mypy says of programs that use the package: nothing of a right one, and each mistake."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pypicotrace

HERE = Path(__file__).parent / "typing"


def mypy(path: Path, cache: Path) -> list[str]:
    """What it says of a file, strictly."""
    options = [
        "--strict",
        "--python-version",
        "3.10",
        "--cache-dir",
        str(cache),
        "--no-error-summary",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(path)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_program_that_is_right(tmp_path: Path) -> None:
    assert mypy(HERE / "right.py", tmp_path) == []


def test_each_mistake_is_found(tmp_path: Path) -> None:
    """A line with a comment ``wrong: CODE`` gets an error of that code, and no other line does."""
    path = HERE / "wrong.py"
    expected = {
        (number, code)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for code in re.findall(r"# wrong: ([\w-]+)", line)
    }
    said = (re.search(r":(\d+): error: .*\[([\w-]+)\]$", line) for line in mypy(path, tmp_path))
    found = {(int(match[1]), match[2]) for match in said if match is not None}
    assert found == expected
    assert len(expected) > 10


def test_all_that_is_public_is_used_in_the_right_one() -> None:
    text = (HERE / "right.py").read_text()
    assert [name for name in pypicotrace.__all__ if not re.search(rf"\bpt\.{name}\b", text)] == []
