"""Snapshots that are kept in files, and what a test says of them."""

from __future__ import annotations

import os
from pathlib import Path

from pypicotrace.testing.difference import differences
from pypicotrace.testing.items import items_of
from pypicotrace.testing.snapshot import read, take, written
from pypicotrace.testing.trace import Trace

WRITE = "PYPICOTRACE_SNAPSHOTS"
"""The variable that, set to ``write``, has tests write their snapshots instead of comparing."""


class Changed(AssertionError):
    """A trace is not what its snapshot has. The message says what differs."""


def snapshot(trace: Trace) -> str:
    """A trace without what changes from run to run, as text.

    Choose what is to be in it: ``snapshot(trace.only("openat", "write", pt.Exited))``. Keep the
    events that make children (`Forked`, `Vforked`, `Spawned`) where it follows children, for
    processes are named by them.
    """
    return written(take(items_of(trace.seen)))


def expect_snapshot(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Expect a trace to be what the snapshot in a file has.

    With ``PYPICOTRACE_SNAPSHOTS=write`` in the environment, the file is written.

    :raises Changed: it differs, or there is no file.
    :raises ValueError: the file is no snapshot.
    """
    __tracebackhide__ = True
    file = Path(path)
    text = snapshot(trace)
    if os.environ.get(WRITE) == "write":
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
        return
    if not file.exists():
        raise Changed(f"there is no snapshot {file}; to make it, run this with {WRITE}=write")
    kept = read(file.read_text(encoding="utf-8", errors="surrogateescape"))
    lines = differences(kept, read(text), ("the snapshot", "this run"))
    if lines:
        told = "\n".join(f"  {line}" for line in lines)
        raise Changed(f"{file} has another trace:\n{told}\nif this one is right: {WRITE}=write")
