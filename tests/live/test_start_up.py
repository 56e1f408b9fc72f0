"""What the command does without, so that it starts soon."""

from __future__ import annotations

import subprocess
import sys

import pytest
from system import EXIT

HEAVY = {"dataclasses", "inspect", "asyncio", "argparse", "subprocess"}


@pytest.mark.parametrize("options", [[], ["-f", "-e", f"trace={EXIT}"]])
def test_what_is_not_needed_is_not_imported(options: list[str]) -> None:
    """Neither Python's heavy modules nor the events, which are made for Python programs alone."""
    argv = [sys.executable, "-X", "importtime", "-m", "pypicotrace", *options, "true"]
    run = subprocess.run(argv, capture_output=True, text=True, check=False)
    lines = [line for line in run.stderr.splitlines() if line.startswith("import time:")]
    imported = {line.rpartition("|")[2].strip() for line in lines}
    assert "pypicotrace.cli" in imported
    assert imported & HEAVY == set()
    for module in ("api", "events", "records", "stop", "stream", "tracer"):
        assert f"pypicotrace.{module}" not in imported
