"""On an old Linux, which does not say what a call's stop is, nor lists children: old_kernel.c."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_support import COMMAND, Finished, Words, untraced
from failing import build
from runs import Target, until

Tracee = Callable[[str], str]
Start = Callable[..., Target]
Old = Callable[[Words], Finished]

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="registers tell the call on x86-64 alone"
)


@pytest.fixture
def old(tmp_path: Path) -> Old:
    """Runs a tracer there."""
    library = str(build(tmp_path, "old_kernel"))
    return lambda argv: untraced(argv, env={**os.environ, "LD_PRELOAD": library})


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is nothing to choose")
def test_nobody_is_pinned_who_could_not_be_told_the_truth(old: Old) -> None:
    many = "import os\nfor _ in range(9999): os.getppid()\nprint(len(os.sched_getaffinity(0)))"
    done = old([*COMMAND, "-o", os.devnull, "python3", "-c", many])
    assert (done.status, done.out, done.err) == (0, b"%d\n" % len(os.sched_getaffinity(0)), b"")


def test_children_are_found_also_where_the_kernel_has_no_list_of_them(
    start: Start, old: Old
) -> None:
    target = start(
        ["sh", "-c", "exec 3<&0; (read line <&3) & echo ready; wait"], stdin=subprocess.PIPE
    )
    until(lambda: target.said("ready"), "ready")
    attach = (
        "import sys, pypicotrace as pt\n"
        "with pt.attach(int(sys.argv[1]), children=True) as loop: print(len(loop.attached))"
    )
    done = old([sys.executable, "-c", attach, str(target.pid)])
    assert (done.status, done.out, done.err) == (0, b"2\n", b"")
