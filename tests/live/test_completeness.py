"""Not one call is lost, doubled, out of order, under the wrong LWP or with the wrong result."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_support import COMMAND, untraced
from rows import from_events, from_text
from runs import Trace, asks_for_results
from truth import read_truth
from truthful import check_truth

Tracee = Callable[[str], str]

CALLS = int(os.environ.get("PYPICOTRACE_CALLS", "100000"))
"""Marker calls that a test makes in all; tests/live/repeat asks for a million."""
PATIENCE = 60 + CALLS // 1000
"""Ten times what a call takes where tracer and tracee run on different processors."""

# Processes, and LWPs of each.
SHAPES = pytest.mark.parametrize(
    "shape", [(1, 8), (8, 1), (4, 2)], ids=["8 LWPs", "8 processes", "4 of 2 LWPs"]
)


@asks_for_results
@pytest.mark.bound(PATIENCE)
@SHAPES
def test_row_48_every_call(
    trace: Trace, tracee: Tracee, tmp_path: Path, way: str, shape: tuple[int, int]
) -> None:
    processes, lwps = shape
    each = (CALLS if way == "command" else CALLS // 20) // (processes * lwps)
    file = tmp_path / "truth"
    argv = [tracee("markers"), str(file), str(processes), str(lwps), str(each)]
    if way == "command":
        command = ["-f", "-o", str(tmp_path / "trace"), *argv]
        assert untraced([*COMMAND, *command], bound=PATIENCE) == (10, b"", b"")
        truth = read_truth(file)
        with open(tmp_path / "trace", encoding="ascii") as text:
            check_truth(from_text(text), truth)
    else:
        run = trace(argv)
        truth = read_truth(file)
        check_truth(from_events(run.events), truth)
    assert len(truth.accounts) == processes * lwps
    assert all(len(account.calls) >= each for account in truth.accounts)
