"""Fatal faults: seen as they arrive, with what the kernel tells of them, and as deadly as ever."""

from __future__ import annotations

import itertools
import os
import platform
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from runs import Trace

import pypicotrace as pt

Tracee = Callable[[str], str]

# Signal and si_code, as sigaction(2) and the kernel's asm-generic/siginfo.h have them.
FAULTS = {
    "maperr": (signal.SIGSEGV, 1),
    "accerr": (signal.SIGSEGV, 2),
    "bus": (signal.SIGBUS, 2),
    "ill": (signal.SIGILL, 2),
    "fpe": (signal.SIGFPE, 1),
    "privileged": (signal.SIGSEGV, 0x80),
}
MODES = ["default", "handled", "ignored", "masked"]

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the instructions that fault are x86-64's"
)


@pytest.mark.parametrize("case", list(itertools.product(FAULTS, MODES)), ids="-".join)
def test_row_12_a_fatal_fault(
    trace: Trace, tracee: Tracee, tmp_path: Path, text: bool, case: tuple[str, str]
) -> None:
    """Where it is ignored or masked the kernel gives it its default (force_sig_info_to_task)."""
    what, mode = case
    signo, code = FAULTS[what]
    run = trace([tracee("faults"), what, mode, str(int(signo))], text=text, cwd=tmp_path)
    child, status = run.told("child")
    (addr,) = run.told("fault")
    ev = run.one(pt.Crashed)
    assert (ev.pid, ev.lwp, ev.signo, ev.code, ev.addr) == (child, child, signo, code, addr)
    assert not run.of(pt.Stopped, pid=child)
    if mode == "handled":
        assert run.told("handler") == (signo, code, addr)
        assert run.one(pt.Exited, pid=child).status == os.WEXITSTATUS(status) == 17
    else:
        assert not run.said("handler")
        end = run.one(pt.Signaled)
        assert (end.pid, end.signo, end.core) == (child, signo, os.WCOREDUMP(status))
        assert os.WTERMSIG(status) == signo
        assert ev.seq == end.seq - 1, "it is the last that it does"
