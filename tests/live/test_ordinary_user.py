"""What is said to bad input is tested once more as somebody who is not root."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from cli_support import NOBODY, as_user, needs_root
from pytest_support import environment, pytest_command

HERE = Path(__file__).parent
ROOTS_OWN = ("only root can become another user", "a mount of the test's own needs root")
"""Why tests are skipped then. All others run."""


@needs_root
@pytest.mark.bound(400)
def test_every_bad_input(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    run = subprocess.run(
        [*as_user(), *pytest_command("-q", "-rs", "-k", "input_", str(HERE))],
        env={**environment(), "TMPDIR": str(tmp_path)},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:]
    skipped = re.findall(r"^SKIPPED \[\d+\] \S+ (.*)$", run.stdout, re.MULTILINE)
    assert skipped
    assert all(reason.startswith(ROOTS_OWN) for reason in skipped), skipped
    (passed,) = re.findall(r"(\d+) passed", run.stdout)
    assert int(passed) > 100
