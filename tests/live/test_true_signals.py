"""Signals, and the calls that they interrupt, held against what the tracees have recorded."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rows import from_events
from runs import Trace, asks_for_results
from true_runs import STATUS, Tell, Told
from truth import HANDLED, Note, read_truth
from truthful import check_truth

import pypicotrace as pt

STOPPING = [signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU]


def handled(told: Told) -> list[Note]:
    notes = [note for account in told.truth.accounts for note in account.notes]
    return [note for note in notes if note.what == HANDLED]


def test_row_11_every_signal_once(tell: Tell) -> None:
    told = tell("struck", "each")
    assert len(handled(told)) == 64 - 5 + 1
    assert len(told.of("STOPPED")) == len(handled(told)) + 1


def test_row_12_fatal_faults(tell: Tell) -> None:
    told = tell("struck", "fatal")
    assert len(told.of("SIGNALED")) == len(told.of("CRASHED")) > 1


def test_row_13_sigtrap_of_the_programs_own(tell: Tell) -> None:
    told = tell("struck", "traps")
    assert {row.name for row in told.of("STOPPED") + told.of("CRASHED")} == {"SIGTRAP"}


def test_row_14_stopped_and_continued(tell: Tell) -> None:
    """The parent is told of each stop, and that it is over; the child goes on with its calls."""
    told = tell("struck", "stopped")
    arrived = [row.name for row in told.of("STOPPED")]
    assert arrived == [name for signo in STOPPING for name in (signo.name, "SIGCONT")]
    assert len(told.of("CONTINUED")) == len(STOPPING)


def test_row_15_calls_that_are_interrupted(tell: Tell) -> None:
    assert tell("struck", "interrupted").status == STATUS


def test_row_16_and_each_handler_returns(tell: Tell) -> None:
    """After it the LWP goes on with the call that is next by its account."""
    told = tell("struck", "interrupted")
    returns = [row for row in told.of("SCE") if row.name == "rt_sigreturn"]
    assert len(returns) == len(handled(told))


def test_row_17_a_signal_each_millisecond(tell: Tell) -> None:
    told = tell("struck", "profiled")
    assert len(handled(told)) == len(told.of("STOPPED")) > 0


def test_row_17_a_queue_of_signals(tell: Tell) -> None:
    told = tell("struck", "queued")
    assert len(told.of("STOPPED")) == 20
    assert [note.more for note in handled(told)] == list(range(20))


@asks_for_results
def test_row_18_signals_of_the_tracers(
    trace: Trace, tracee: Callable[[str], str], tmp_path: Path
) -> None:
    """Each runs the handler once, in its LWP, before the next call of that."""
    file = tmp_path / "truth"
    sent = []

    def body(ev: Any) -> None:
        if isinstance(ev, pt.SyscallExit) and ev.seq % 7 == 0 and handles(ev):
            ev.stop.signal(signal.SIGUSR1)
            sent.append(ev.lwp)

    def handles(ev: Any) -> bool:
        truth = read_truth(file) if file.exists() else None
        return truth is not None and truth.ready == 1

    run = trace([tracee("struck"), str(file), "receiving"], body=body)
    truth = read_truth(file)
    check_truth(from_events(run.events), truth)
    assert [note.number for note in truth.accounts[0].signals] == [signal.SIGUSR1] * len(sent)
    assert len(sent) > 5


@asks_for_results
def test_row_19_what_a_handler_is_told_is_what_the_tracer_has_put_there(
    trace: Trace, tracee: Callable[[str], str], tmp_path: Path
) -> None:
    file = tmp_path / "truth"
    values = iter(range(100, 200))

    def body(ev: Any) -> None:
        if isinstance(ev, pt.Stopped):
            ev.stop.set_siginfo(value=next(values))

    run = trace([tracee("struck"), str(file), "queued"], body=body)
    truth = read_truth(file)
    check_truth(from_events(run.events), truth)
    assert [note.more for note in truth.accounts[0].signals] == list(range(100, 120))
