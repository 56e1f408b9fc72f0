"""Regression tests of what programs ask of the kernel.

    from pypicotrace.testing import call, run_traced

    trace = run_traced(["cat", "/etc/hosts"])
    trace.expect(call("openat", path="/etc/hosts", error=0), call("read"), call("close"))

`run_traced` runs a program and gives a `Trace`, of which things are expected; where they are not
so, the message shows what happened instead. The fixtures ``traced`` and ``tracee`` are the same for
pytest. `pypicotrace.testing.atf` makes a Python file an ATF test program.

`pypicotrace.testing.script` plays stops to the tracer itself.
"""

from pypicotrace.testing.kept import Changed, expect_snapshot, snapshot
from pypicotrace.testing.mismatch import Mismatch
from pypicotrace.testing.patterns import (
    ANY,
    Call,
    at_least,
    at_most,
    bits,
    call,
    like,
    one_of,
    where,
)
from pypicotrace.testing.running import TraceTimeout, run_traced
from pypicotrace.testing.trace import Found, MadeCall, Process, Trace
from pypicotrace.testing.tracees import CannotCompile, compile_tracee

__all__ = [
    "ANY",
    "Call",
    "CannotCompile",
    "Changed",
    "Found",
    "MadeCall",
    "Mismatch",
    "Process",
    "Trace",
    "TraceTimeout",
    "at_least",
    "at_most",
    "bits",
    "call",
    "compile_tracee",
    "expect_snapshot",
    "like",
    "one_of",
    "run_traced",
    "snapshot",
    "where",
]
