"""The examples of docs/TESTING.md work as printed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "TESTING.md"
BLOCK = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```\n", re.DOTALL)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of the page."""
    blocks = BLOCK.findall(PAGE.read_text())
    assert len(blocks) == 6
    for name, text in blocks:
        (tmp_path / name).write_text(text.replace("/usr/bin/env python3", sys.executable))
        if text.startswith("#!"):
            (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PYPICOTRACE_TRACEES", str(tmp_path / "compiled"))
    return tmp_path


def run(*argv: str, cwd: Path) -> str:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_under_pytest(files: Path) -> None:
    names = sorted(path.name for path in files.glob("t*_*.py"))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error"]
    out = run(*command, *names, cwd=files)
    assert "12 passed, 1 xfailed" in out
    assert "traced tests: 11 ran" in out


def test_by_its_command_line(files: Path) -> None:
    listed = run("./t_exits.py", "-l", cwd=files)
    assert re.findall("^ident: (.*)$", listed, re.MULTILINE) == [
        "test_fork_reports_child",
        *("test_status_0", "test_status_1", "test_status_255"),
        *("test_makes_a_file", "test_is_killed"),
    ]
    run("./t_exits.py", "-r", str(files / "result"), "-s", ".", "test_status_1", cwd=files)
    assert (files / "result").read_text() == "passed\n"


@pytest.mark.skipif(shutil.which("kyua") is None, reason="Kyua is not installed")
def test_under_kyua(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(files))
    out = run("kyua", "test", f"--results-file={files}/results.db", cwd=files)
    assert "6/6 passed (0 failed)" in out
    report = run("kyua", "report", "--verbose", f"--results-file={files}/results.db", cwd=files)
    assert "6 total, 0 skipped, 1 expected failures, 0 broken, 0 failed" in report


def test_variables_of_the_page_are_those_of_the_code() -> None:
    from pypicotrace.testing import kept, tracees

    assert {kept.WRITE, tracees.FOLDER} == set(re.findall(r"\bPYPICOTRACE_\w+", PAGE.read_text()))
