"""Not one call is lost, doubled, out of order, under the wrong LWP or with the wrong result."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from markers import accounts, check_markers, from_events, from_text
from runs import Trace

import pypicotrace as pt

Tracee = Callable[[str], str]

CALLS = int(os.environ.get("PYPICOTRACE_CALLS", "100000"))
"""Marker calls that a test makes in all; tests/live/repeat asks for a million."""
PATIENCE = 60 + CALLS // 1000
"""Ten times what a call takes where tracer and tracee run on different processors."""

# Processes, and LWPs of each.
SHAPES = pytest.mark.parametrize(
    ("processes", "lwps"), [(1, 8), (8, 1), (4, 2)], ids=["8 LWPs", "8 processes", "4 of 2 LWPs"]
)


@pytest.mark.bound(PATIENCE)
@SHAPES
def test_row_48_every_call_in_the_text(
    tracee: Tracee, tmp_path: Path, processes: int, lwps: int
) -> None:
    each = CALLS // (processes * lwps)
    argv = [tracee("markers"), str(processes), str(lwps), str(each), str(tmp_path / "truth")]
    with open(tmp_path / "trace", "wb") as file, pt.spawn(argv, follow=True) as loop:
        assert loop.write_text(file.fileno()) == 0
    assert loop.status == pt.Exited(pid=loop.root, lwp=0, program=b"markers", status=10)
    truth = accounts(tmp_path / "truth", processes * lwps, each)
    assert [account.calls for account in truth] == [each] * (processes * lwps)
    with open(tmp_path / "trace", encoding="ascii") as text:
        check_markers(from_text(text), truth)


@pytest.mark.bound(PATIENCE)
@SHAPES
def test_row_48_every_call_in_events(
    trace: Trace, tracee: Tracee, tmp_path: Path, processes: int, lwps: int
) -> None:
    each = CALLS // 20 // (processes * lwps)
    run = trace([tracee("markers"), str(processes), str(lwps), str(each), str(tmp_path / "truth")])
    truth = accounts(tmp_path / "truth", processes * lwps, each)
    assert [account.calls for account in truth] == [each] * (processes * lwps)
    check_markers(from_events(run.events), truth)
