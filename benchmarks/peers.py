"""The tools that are compared: their command lines, and what must be there for them."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
PICOTRACE = [sys.executable, "-m", "pypicotrace"]
CHOSEN = "openat"
"""The call that filters choose."""

UNTRACED, FLOOR = "untraced", "floor"
TEXT, STREAM, STOP, ENTRIES = "text", "stream", "stop per event", "entries only"
DEFAULT, FILTER = "picotrace as it is", "filter"
STRACE, STRACE_FILTER = "strace", "strace --seccomp-bpf"
PYTHON_PTRACE, LIBDEBUG = "python-ptrace", "libdebug"
PEERS = (STRACE, STRACE_FILTER, PYTHON_PTRACE, LIBDEBUG)


class Missing(Exception):
    """A tool to compare with is not there."""


def commands(folder: Path) -> dict[str, list[str]]:
    """The command line of each tool, without the program it traces.

    What is not there has an empty one: `missing` names them.
    """
    strace = shutil.which("strace") or ""
    # Installed as a script, beside the interpreter.
    ptrace = Path(sys.executable).with_name("strace.py")
    embedded = [sys.executable, str(HERE / "embedded.py")]
    debug = importlib.util.find_spec("libdebug") is not None
    to_file = ["-f", "-o", str(folder / "trace")]
    return {
        UNTRACED: [],
        FLOOR: [str(folder / "floor")],
        TEXT: [*PICOTRACE, "--pin", "off", *to_file],
        DEFAULT: [*PICOTRACE, *to_file],
        ENTRIES: [*PICOTRACE, "--pin", "off", *to_file, "-e", "event=sce"],
        FILTER: [*PICOTRACE, *to_file, "-e", f"trace={CHOSEN}"],
        STREAM: [*embedded, "stream"],
        STOP: [*embedded, "stop"],
        STRACE: [strace, *to_file],
        STRACE_FILTER: [strace, "--seccomp-bpf", *to_file, "-e", f"trace={CHOSEN}"],
        PYTHON_PTRACE: [sys.executable, str(ptrace), *to_file, "--"] if ptrace.exists() else [""],
        LIBDEBUG: [sys.executable, str(HERE / "libdebug_peer.py")] if debug else [""],
    }


def missing(tools: dict[str, list[str]]) -> list[str]:
    """The tools that are not there."""
    return [name for name, command in tools.items() if command and not command[0]]
