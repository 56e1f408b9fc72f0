"""Programs drawn from a seed, that do everything in any order, held against their own records.

PYPICOTRACE_WHIMS is how many; each is traced in both ways.
"""

from __future__ import annotations

import os
import signal

import pytest
from true_runs import Tell

SEEDS = range(int(os.environ.get("PYPICOTRACE_WHIMS", "20")))


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_comes_to_its_mind(tell: Tell, seed: int) -> None:
    tell("whims", str(seed), sent=[signal.SIGCONT])
