"""Cases that are to fail do: each of these mistakes in a tracee is found, and said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
PORTABLE = HERE.parent / "live" / "tracees" / "portable"


class Mistake(NamedTuple):
    """What is changed in which tracee, the case that is to find it, and what it is to say."""

    tracee: str
    right: str
    wrong: str
    case: str
    reason: str
    message: str


MISTAKES = [
    Mistake(
        "atf/tracees/calls.c",
        "WANT(write(fds[1], data, size) == (ssize_t)size);",
        "(void)write(fds[1], data, size - 1);",
        "t_ptrace_syscall.py:test_bytes_transferred_512_pipe",
        "Exited(",
        "tracee: line ",
    ),
    Mistake(
        "atf/tracees/calls.c",
        "(void)close(fds[1]);",
        "(void)close(fds[1]); fds[0] = dup(fds[0]);",
        "t_ptrace_syscall.py:test_bytes_transferred_512_pipe",
        "read(fd=3, count=70000) retval=512 error=0 did not happen after #",
        "fd: expected 3, got ",
    ),
    Mistake(
        "atf/tracees/dispositions.c",
        "WANT(kill(getpid(), signo) == 0);",
        "WANT(kill(getpid(), signo) == 0 && kill(getpid(), signo) == 0);",
        "t_ptrace_signal.py:test_ignored_USR1",
        "Stopped(signo=10) happened twice, not once",
        "Stopped SIGUSR1",
    ),
    Mistake(
        "live/tracees/portable/families.c",
        "	_exit(17);",
        "	_exit(18);",
        "t_ptrace_fork.py:test_end_is_the_one_its_parent_is_told_fork_exit",
        "not so: assert (parent, status) == ",
        "",
    ),
    Mistake(
        "atf/tracees/execs.c",
        "(void)execve(argv[1], argv + 1, environ);",
        "(void)execve(argv[1], argv + 1, environ), (void)execve(argv[0], argv + 1, environ);",
        "t_ptrace_exec.py:test_that_fails_ENOENT",
        "Exec() happened twice, not once",
        "Exec execs",
    ),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The test programs and their tracees, to be spoiled."""
    for folder in (HERE, PORTABLE):
        shutil.copytree(folder, tmp_path / folder.relative_to(HERE.parent))
    return tmp_path


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: f"{Path(m.tracee).stem}-{m.case}")
def test_a_mistake_in_a_tracee_is_found(copy: Path, mistake: Mistake) -> None:
    name, case = mistake.case.split(":")
    source = copy / mistake.tracee
    text = source.read_text()
    assert text.count(mistake.right) == 1
    result = copy / "result"

    def run(work: str) -> subprocess.CompletedProcess[str]:
        (copy / work).mkdir()
        return subprocess.run(
            [sys.executable, copy / "atf" / name, "-r", result, "-s", copy / "atf", case],
            cwd=copy / work,
            env={**os.environ, "PYPICOTRACE_TRACEES": str(copy / "compiled")},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("before").returncode == 0
    assert result.read_text() == "passed\n"
    source.write_text(text.replace(mistake.right, mistake.wrong))
    done = run("after")
    assert done.returncode == 1
    said = result.read_text()
    assert said.startswith(f"failed: {name}:") or said.startswith("failed: witness.py:")
    assert mistake.reason in said
    assert mistake.message in done.stderr
