"""Completion as it is met: a line is typed into each shell on a terminal, and the tab key."""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import termios
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cli_support import read_until, running

FOLDER = Path(__file__).resolve().parents[2] / "completions"
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source {}/bash/picotrace"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "fpath=({}/zsh $fpath); autoload -U compinit; compinit -u -D",
    ),
    "tcsh": (["tcsh", "-f", "-i"], "set edit; source {}/tcsh/picotrace.tcsh"),
}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """The keyboard and the screen of a shell that knows the completions."""
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name}(1) here")
    argv, prepare = SHELLS[name]
    ours, theirs = pty.openpty()
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "vt100", "LC_ALL": "C"}
    take = partial(fcntl.ioctl, theirs, termios.TIOCSCTTY, 0)
    with running(argv, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=take, env=env):
        os.close(theirs)
        os.write(ours, f"{prepare.format(FOLDER)} && echo rea''dy\n".encode())
        read_until(ours, b"ready\r\n")
        yield ours
        os.close(ours)


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("picotrace --stop-a", "--stop-after"),
        ("picotrace --format nd", "ndjson"),
        ("picotrace -o x -e trace=getpp", "getppid"),
        ("picotrace -e event=singlest", "singlestep"),
    ],
)
def test_the_tab_key(shell: int, typed: str, rest: str) -> None:
    os.write(shell, f"{typed}\t".encode())
    read_until(shell, rest.encode())
