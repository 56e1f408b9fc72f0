"""Getting what is compared: packages into environments of their own, others by apt-get."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
HOME = CHECKOUT / "build" / "benchmarks"
"""The environment, which is kept."""
OWN = CHECKOUT / "build" / "installed"
"""The environment of what is measured as users have it; made anew."""
PYTHON = HOME / "bin" / "python"
PACKAGES = ("python-ptrace", "libdebug")
SYSTEM = {"strace": "strace", "perf": "linux-perf"}
"""Debian's packages, by the program that is wanted."""


def packages() -> None:
    """Python's, unless they are there."""
    done = HOME / "installed"
    if done.exists() and done.read_text().split() == list(PACKAGES):
        return
    venv.create(HOME, clear=True, with_pip=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    done.write_text("\n".join(PACKAGES))


def own() -> str:
    """The command of this checkout, installed for use; one for development starts later."""
    venv.create(OWN, clear=True, with_pip=True)
    python = OWN / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", CHECKOUT], check=True)
    return str(OWN / "bin" / "picotrace")


def programs(names: Iterable[str]) -> None:
    """The system's, unless they are there.

    :raises SystemExit: they are not, and cannot be had.
    """
    wanted = [SYSTEM[name] for name in names if shutil.which(name) is None]
    if not wanted:
        return
    if shutil.which("apt-get") is None:
        sys.exit(f"benchmarks: install {', '.join(wanted)}, or leave them out: see --help")
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *wanted]):
        subprocess.run([*sudo, "apt-get", *command], check=True)
