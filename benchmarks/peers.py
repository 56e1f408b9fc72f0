"""The tools that are compared: their command lines, and what must be there for them."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import install

HERE = Path(__file__).parent
PICOTRACE = [sys.executable, "-m", "pypicotrace"]
TOOL = [sys.executable, "-m"]
PICOTRACE_TRUSS = [*TOOL, "pypicotrace.tools.truss"]
ON_TERMINAL = [
    *("env", "TERM=xterm", sys.executable, "-c"),
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))",
]
CHOSEN = "openat"
"""The call that filters choose."""

UNTRACED, FLOOR, ASKING = "untraced", "floor", "floor that asks"
FLOOR_FILTER = "floor of a filter"
TEXT, STREAM, STOP, ENTRIES = "text", "stream", "stop per event", "entries only"
NDJSON = "ndjson"
DEFAULT, FILTER = "picotrace as it is", "filter"
TRUSS, TRUSS_COUNTS, TRUSS_LIVE = "truss", "truss -c", "truss --live"
SIGTRACER, STEPPER = "sigtracer", "singlestepper"
STRACE, STRACE_FILTER, STRACE_COUNTS = "strace", "strace --seccomp-bpf", "strace -c"
PYTHON_PTRACE, LIBDEBUG, PERF = "python-ptrace", "libdebug", "perf trace"
PEERS = {
    **dict.fromkeys((STRACE, STRACE_FILTER, STRACE_COUNTS), "strace"),
    **{PYTHON_PTRACE: "", LIBDEBUG: "", PERF: "perf"},
}
"""Those of others, and the program that each is; none: a package of Python's."""


def get(names: Iterable[str]) -> None:
    """Install those of them that are not there.

    :raises SystemExit: it cannot be done, or an extra of our own is not there.
    """
    names = set(names)
    if NDJSON in names and importlib.util.find_spec("msgspec") is None:
        sys.exit("benchmarks: pip install 'pypicotrace[formats]' for ndjson")
    used = names & set(PEERS)
    install.programs(sorted({PEERS[name] for name in used} - {""}))
    if any(not PEERS[name] for name in used):
        install.packages()


def commands(folder: Path) -> dict[str, list[str]]:
    """The command line of each tool, without the program it traces."""
    strace, perf = (shutil.which(name) or name for name in ("strace", "perf"))
    embedded = [sys.executable, str(HERE / "embedded.py")]
    python = str(install.PYTHON)
    to_file = ["-f", "-o", str(folder / "trace")]
    return {
        UNTRACED: [],
        FLOOR: [str(folder / "floor")],
        FLOOR_FILTER: [str(folder / "filtered")],
        ASKING: [str(folder / "floor"), "-i"],
        TEXT: [*PICOTRACE, "--pin", "off", *to_file],
        NDJSON: [*PICOTRACE, "--pin", "off", *to_file, "--format", "ndjson"],
        DEFAULT: [*PICOTRACE, *to_file],
        ENTRIES: [*PICOTRACE, "--pin", "off", *to_file, "-e", "event=sce"],
        FILTER: [*PICOTRACE, *to_file, "-e", f"trace={CHOSEN}"],
        STREAM: [*embedded, "stream"],
        STOP: [*embedded, "stop"],
        TRUSS: [*PICOTRACE_TRUSS, "--pin", "off", *to_file],
        TRUSS_COUNTS: [*PICOTRACE_TRUSS, "--pin", "off", "-c", *to_file],
        TRUSS_LIVE: [*ON_TERMINAL, *PICOTRACE_TRUSS, "--pin", "off", "--live", "-f"],
        SIGTRACER: [*TOOL, "pypicotrace.tools.sigtracer", *to_file],
        STEPPER: [*TOOL, "pypicotrace.tools.singlestepper", *to_file],
        STRACE_COUNTS: [strace, "-c", *to_file],
        STRACE: [strace, *to_file],
        STRACE_FILTER: [strace, "--seccomp-bpf", *to_file, "-e", f"trace={CHOSEN}"],
        # Installed as a script, beside the interpreter.
        PYTHON_PTRACE: [python, str(install.PYTHON.with_name("strace.py")), *to_file, "--"],
        LIBDEBUG: [python, str(HERE / "libdebug_peer.py")],
        PERF: [perf, "trace", "-o", str(folder / "trace"), "--"],
    }
