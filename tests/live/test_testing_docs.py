"""The Kyuafile of docs/TESTING.md, and its test program, under Kyua; test_docs.py runs the rest."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pypicotrace import testing
from pypicotrace.testing import atf

PAGE = Path(__file__).resolve().parents[2] / "docs" / "TESTING.md"
BLOCK = re.compile(r"<!-- file: (t_exits\.py|Kyuafile) -->\n```\w+\n(.*?)```\n", re.DOTALL)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    blocks = dict(BLOCK.findall(PAGE.read_text()))
    assert blocks.keys() == {"t_exits.py", "Kyuafile"}
    for name, text in blocks.items():
        (tmp_path / name).write_text(text.replace("/usr/bin/env python3", sys.executable))
    (tmp_path / "t_exits.py").chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def run(*argv: str, cwd: Path) -> str:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("kyua") is None, reason="Kyua is not installed")
def test_under_kyua(files: Path) -> None:
    results = f"--results-file={files}/results.db"
    assert "6/6 passed (0 failed)" in run("kyua", "test", results, cwd=files)
    report = run("kyua", "report", "--verbose", results, cwd=files)
    assert "6 total, 0 skipped, 1 expected failures, 0 broken, 0 failed" in report


def test_variables_of_the_page_are_those_of_the_code() -> None:
    from pypicotrace.testing import kept, tracees

    assert {kept.WRITE, tracees.FOLDER} == set(re.findall(r"\bPYPICOTRACE_\w+", PAGE.read_text()))


def test_the_reference_has_every_public_name() -> None:
    """And no other."""
    text = (PAGE.parent / "reference-testing.md").read_text()
    documented = set(re.findall(r"^\.\. (?:auto\w+|data):: (\w+)", text, re.MULTILINE))
    assert documented == {*testing.__all__, *atf.__all__}
