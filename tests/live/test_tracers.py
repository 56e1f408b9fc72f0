"""Other tracers: of what we want to trace, and among what we trace."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_support import COMMAND
from record import check_record, of
from runs import PATIENCE, WAY, Run, Target, Trace, asks_for_results, fields, until

import pypicotrace as pt

Tracee = Callable[[str], str]

KEPT = pytest.mark.skipif(
    WAY == "filtered", reason="with a filter in the kernel such a child is ours, and no other's"
)
EXITED_17 = 17 << 8
CALLS = 1000
"""What a child of tracees/tracers.c makes at least."""


def test_row_8_already_traced(start: Callable[..., Target], tracee: Tracee) -> None:
    """The other tracer is named; it counts its tracee's stops, and misses none."""
    target = start([tracee("tracers"), "watch"], stdin=subprocess.PIPE)
    until(lambda: target.said("child"), "it traces its child")
    ((child,),) = target.said("child")
    reason = f"process {target.pid} is tracing it already"
    for _ in range(50):
        with pytest.raises(pt.AttachError, match=reason) as refused, pt.attach(child):
            pass
        assert (refused.value.pid, refused.value.errno) == (child, errno.EPERM)
    assert fields(Path(f"/proc/{child}/status").read_text())["TracerPid"] == str(target.pid)
    target.process.communicate()
    ((stops, calls),) = target.said("stops")
    assert stops == counted("seize", calls)
    assert target.said("end") == [(EXITED_17,)]


def counted(how: str, calls: int) -> int:
    """Stops at the calls of a child: two each, but for exit; a seized one reads a byte first."""
    return 2 * calls + (1 if how == "traceme" else 3)


def test_row_8_already_traced_by_another_thread_of_the_same_program(
    start: Callable[..., Target],
) -> None:
    """To the kernel the tracer is that thread; what is named is its process."""
    target = start(["cat"], stdin=subprocess.PIPE)
    attached = threading.Event()
    record: list[pt.Event] = []

    def other() -> None:
        with pt.attach(target.pid) as loop:
            attached.set()
            record.extend(loop)

    thread = threading.Thread(target=other)
    thread.start()
    try:
        assert attached.wait(PATIENCE)
        reason = f"process {os.getpid()} is tracing it already"
        with pytest.raises(pt.AttachError, match=reason) as refused, pt.attach(target.pid):
            pass
        assert refused.value.errno == errno.EPERM
    finally:
        # Not communicate: it waits for the target, and would take its stops from the thread.
        assert target.process.stdin is not None
        target.process.stdin.write(b"undisturbed")
        target.process.stdin.close()
        thread.join()
    check_record(record)
    (written,) = of(record, pt.SyscallExit, name="write")
    assert written.retval == len(b"undisturbed")
    assert of(record, pt.Exited) == [record[-1]]


def answer(run: Run) -> tuple[int, int]:
    """What the first ptrace(2) of the tracee has given, by its own account: result and errno."""
    (told,) = run.said("traceme") + run.said("seize")
    first = next(ev for ev in run.of(pt.SyscallExit) if ev.name == "ptrace")
    assert (first.retval, first.error) == (None if told[1] else told[0], told[1])
    return told[0], told[1]


REFUSED = (-1, errno.EPERM)


@asks_for_results
@pytest.mark.parametrize("how", ["traceme", "seize", "parent", "self"])
def test_row_40_what_is_traced_cannot_be_traced_by_a_tracee(
    trace: Trace, tracee: Tracee, text: bool, how: str
) -> None:
    """The answers are those that it gets under strace as well."""
    run = trace([tracee("tracers"), how], text=text)
    assert answer(run) == REFUSED
    ended = run.said("end")
    assert ended == ([] if how == "self" else [(EXITED_17,)])
    strace = subprocess.run(
        ["strace", "-f", "-o", "/dev/null", tracee("tracers"), how], check=True, capture_output=True
    )
    assert without_pids(strace.stdout) == without_pids(run.output)


def without_pids(output: bytes) -> list[bytes]:
    return [line for line in output.splitlines() if not line.startswith(b"child ")]


@asks_for_results
@pytest.mark.parametrize(
    ("how", "follow"),
    [
        ("traceme", False),
        ("seize", False),
        ("untraced", False),
        pytest.param("untraced", True, marks=KEPT),
    ],
)
def test_row_40_a_tracee_traces_a_child_that_is_not_traced(
    trace: Trace, tracee: Tracee, text: bool, how: str, follow: bool
) -> None:
    """It has its own tracee's stops for itself, and the loop has all of its calls."""
    run = trace([tracee("tracers"), how], text=text, follow=follow)
    if how != "traceme":
        assert answer(run) == (0, 0)
    stops, calls = run.told("stops")
    assert (stops, calls) == (counted(how, CALLS), CALLS)
    assert run.told("end") == (EXITED_17,)
    assert {ev.pid for ev in run.events} == {run.root}
    # Requests to go on from the first stop and the others, one for options, two to seize it.
    requests = run.of(pt.SyscallExit, name="ptrace", error=0)
    assert len(requests) == stops + (2 if how == "traceme" else 4)
    assert run.one(pt.Exited).status == 0


def test_the_command_is_sent_no_signal_at_each_stop() -> None:
    """SIGCHLD with CLD_TRAPPED, unless SA_NOCLDSTOP says no (sigaction(2)); of an end it comes."""
    argv = [*COMMAND, "-o", os.devnull, "--pin", "off", "sh", "-c", "exit 3"]
    with pt.spawn(argv, events=pt.SIGNAL | pt.EXIT) as loop:
        arrived = [ev for ev in loop if isinstance(ev, pt.Stopped)]
    assert [ev.code for ev in arrived if ev.signo == signal.SIGCHLD] == [os.CLD_EXITED]
    assert isinstance(loop.status, pt.Exited)
    assert loop.status.status == 3
