"""Not one call is lost, doubled, out of order, under the wrong LWP or with the wrong result."""

from __future__ import annotations

import os

import pytest
from true_runs import Tell

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
def test_row_48_every_call(tell: Tell, way: str, processes: int, lwps: int) -> None:
    each = (CALLS if way == "command" else CALLS // 20) // (processes * lwps)
    told = tell("markers", str(processes), str(lwps), str(each))
    assert told.status == 10
    assert len(told.truth.accounts) == processes * lwps
    assert all(len(account.calls) >= each for account in told.truth.accounts)
