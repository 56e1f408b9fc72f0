"""On a Linux before 5.3, which does not say what the stop of a call is: as old_kernel.c has it."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_support import COMMAND, Finished, Words, untraced
from failing import build

Tracee = Callable[[str], str]
Old = Callable[[Words], Finished]

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="registers tell the call on x86-64 alone"
)


@pytest.fixture
def old(tmp_path: Path) -> Old:
    """Runs the command there."""
    library = str(build(tmp_path, "old_kernel"))
    return lambda words: untraced([*COMMAND, *words], env={**os.environ, "LD_PRELOAD": library})


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is nothing to choose")
def test_nobody_is_pinned_who_could_not_be_told_the_truth(old: Old) -> None:
    many = "import os\nfor _ in range(9999): os.getppid()\nprint(len(os.sched_getaffinity(0)))"
    done = old(["-o", os.devnull, "python3", "-c", many])
    assert (done.status, done.out, done.err) == (0, b"%d\n" % len(os.sched_getaffinity(0)), b"")
