"""Running pytest in a process of its own, with our plugin, also where that is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = any(point.value == "pytest_pypicotrace" for point in entry_points(group="pytest11"))


def environment() -> dict[str, str]:
    """For a Python that has to find the package, wherever it runs, and no options of a pytest."""
    own = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    return {**own, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def pytest_command(*words: str) -> list[str]:
    plugin = [] if INSTALLED else ["-p", "pytest_pypicotrace"]
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *plugin, *words]


def run_pytest(folder: Path, *words: str) -> str:
    """What pytest prints; on standard error there is nothing."""
    done = subprocess.run(
        pytest_command(*words),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout
