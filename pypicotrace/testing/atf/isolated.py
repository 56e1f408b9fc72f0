"""A test case in a process of its own, as a runtime engine would run it."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pypicotrace.testing.atf import current
from pypicotrace.testing.atf.cases import Case
from pypicotrace.testing.atf.program import flush_streams, run_body, write_result
from pypicotrace.testing.atf.result import Result, judge
from pypicotrace.testing.atf.run import Run

TIMEOUT = 300
"""Seconds that a case may take which says nothing of it, atf-test-case(4)."""


class Surroundings(NamedTuple):
    """Where a case runs: its directory, for itself alone; the program's; and the configuration."""

    workdir: Path
    srcdir: Path
    config: dict[str, str]


def run_isolated(case: Case, where: Surroundings) -> Result:
    """Run a case, and its cleanup after it, in processes forked from this one.

    The result is what `judge` makes of what it said and how it ended.
    """
    # Not in its directory, of which the case may make what it likes.
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "result"
        run = Run(lambda result: write_result(str(results), result), where.config, where.srcdir)
        timeout = int(case.properties.get("timeout", TIMEOUT))
        status = in_child(lambda: run_body(case, run), where.workdir, timeout)
        text = said_in(results)
    result = judge(text, status)
    return _after(case, where, result) if case.cleanup is not None else result


def said_in(results: Path) -> str | None:
    """What a file of results has, to the byte; None: there is none."""
    try:
        return results.read_bytes().decode(errors="backslashreplace")
    except FileNotFoundError:
        return None


def _after(case: Case, where: Surroundings, result: Result) -> Result:
    def clean() -> int:
        current.begin(Run(lambda result: None, where.config, where.srcdir))
        if case.cleanup is not None:
            case.cleanup()
        return 0

    status = in_child(clean, where.workdir, TIMEOUT)
    if status != 0 and result.good:
        return Result("broken", "its cleanup did not end well")
    return result


def in_child(function: Callable[[], int], workdir: Path, timeout: int) -> int | None:
    """The wait status of a function that runs in a child; None where it took too long (seconds).

    The child is the first of its own session; what is left of that in the end is killed.
    """
    flush_streams()
    # The thread stays so: handlers run in the main thread alone, and it would not be woken for one.
    # NetBSD gives a signal to any thread that does not block it (kern_sig.c: kpsignal2()).
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            _be_child(function, workdir, before)
        ended = threading.Event()
        waiter = threading.Thread(target=_tell_end, args=(pid, ended), daemon=True)
        # Its pid stays its own until the last line: nobody else is killed in its place.
        try:
            waiter.start()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            in_time = _wait(ended, timeout)
        finally:  # ^C, of which the child, in its own session, has not heard
            os.kill(pid, signal.SIGKILL)
            if waiter.ident is not None:
                waiter.join()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return status if in_time else None


def _tell_end(pid: int, ended: threading.Event) -> None:
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    finally:
        ended.set()


def _wait(ended: threading.Event, timeout: int) -> bool:
    """Whether it ended within so many seconds; 0: it may take its time.

    A signal that comes just before the thread sleeps does not wake it (Python's handlers run
    between two instructions of its own), so it never sleeps for long.
    """
    end = time.monotonic() + timeout if timeout else math.inf
    while not ended.wait(min(1, max(0, end - time.monotonic()))):
        if time.monotonic() >= end:
            return False
    return True


def _be_child(function: Callable[[], int], workdir: Path, mask: set[int | signal.Signals]) -> None:
    status = 1
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.setsid()
        os.umask(0o022)
        os.chdir(workdir)
        status = function()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        flush_streams()
        os._exit(status & 0xFF)
