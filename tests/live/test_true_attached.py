"""Programs that were attached to in the middle, held against what they have recorded themselves."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_support import in_session, tracing
from record import check_record
from rows import Row, from_events, from_text
from runs import Target, until
from true_runs import STATUS
from truth import glance, let_go, read_truth
from truthful import check_truth

import pypicotrace as pt

Tracee = Callable[[str], str]
LWPS = 4


class Watched:
    """A program that works until it is told to stop, and its record."""

    def __init__(self, target: Target, file: Path) -> None:
        self.pid = target.pid
        self.file = file
        self.process = target.process
        until(lambda: glance(file).ready == LWPS, "it works")

    def clock(self) -> int:
        return glance(self.file).clock

    def goes_on(self, ticks: int = 200) -> int:
        """Wait until it has done some more; returns the time by its clock."""
        end = self.clock() + ticks
        until(lambda: self.clock() > end, "it goes on")
        return self.clock()

    def finish(self) -> None:
        let_go(self.file)
        assert self.process.wait(timeout=20) == STATUS


@pytest.fixture
def watched(
    start: Callable[..., Target], tracee: Tracee, tmp_path: Path
) -> Callable[[str], Watched]:
    def begin(case: str) -> Watched:
        file = tmp_path / "truth"
        return Watched(start([tracee("watched"), str(file), case, str(LWPS)]), file)

    return begin


def trace_a_while(target: Watched, events: int = 400) -> tuple[list[pt.Event], tuple[int, int]]:
    """So many events and what comes until it is let go; and between which times that was."""
    record: list[pt.Event] = []
    with pt.attach(target.pid) as loop:
        first, last = target.clock(), 0
        for ev in loop:
            record.append(ev)
            if len(record) == events:
                last = target.clock()
                loop.detach(target.pid)
    return record, (first, last)


@pytest.mark.parametrize("case", ["sleepy", "busy", "storm"])
def test_row_7_all_that_is_done_meanwhile(watched: Callable[[str], Watched], case: str) -> None:
    target = watched(case)
    target.goes_on()
    record, between = trace_a_while(target)
    target.goes_on()
    target.finish()
    check_record(record, complete=False)
    check_truth(from_events(record), read_truth(target.file), between=between)


def test_row_9_again_and_again(watched: Callable[[str], Watched]) -> None:
    """Its calls come back with what they come back with when nobody looks, and all are there."""
    target = watched("sleepy")
    records = []
    for _ in range(5):
        records.append(trace_a_while(target, 150))
        target.goes_on(50)
    target.finish()
    truth = read_truth(target.file)
    for record, between in records:
        check_truth(from_events(record), truth, between=between)
    slept = {call.result for a in truth.accounts for call in a.calls if "nanosleep" in call.name}
    assert slept == {0}


def test_row_36_the_call_that_each_is_in_is_made_again(watched: Callable[[str], Watched]) -> None:
    """And comes back once: what comes after it is next by the account, too."""
    target = watched("waiting")
    until(lambda: status_of(target).count("S") == LWPS + 1, "all are asleep")
    record: list[pt.Event] = []
    with pt.attach(target.pid) as loop:
        for ev in loop:
            record.append(ev)
            if sum(isinstance(ev, pt.SyscallEntry) and ev.name == "read" for ev in record) == LWPS:
                let_go(target.file)
    truth = read_truth(target.file)
    checker = check_truth(from_events(record), truth, complete=False)
    for account in truth.accounts[1:]:
        (seen,) = checker.seen[account.number]
        assert account.calls[seen.start - 1][1:] == account.calls[1][1:]
        assert account.calls[1].name == "read"
    assert target.process.wait() == STATUS


def status_of(target: Watched) -> list[str]:
    """The states of its LWPs."""
    tasks = Path(f"/proc/{target.pid}/task").iterdir()
    return [(task / "stat").read_text().rpartition(") ")[2][0] for task in tasks]


def test_row_2_row_3_a_stopped_child_of_the_tracers(
    watched: Callable[[str], Watched],
) -> None:
    """It is stopped when it is attached to, and continued meanwhile."""
    target = watched("busy")
    os.kill(target.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, target.pid, os.WSTOPPED)
    record: list[pt.Event] = []
    with pt.attach(target.pid) as loop:
        first, last = target.clock(), 0
        os.kill(target.pid, signal.SIGCONT)
        for ev in loop:
            record.append(ev)
            if len(record) == 400:
                last = target.clock()
                loop.detach(target.pid)
    target.finish()
    truth = read_truth(target.file)
    sent = [signal.SIGSTOP, signal.SIGCONT]
    check_truth(from_events(record), truth, between=(first, last), sent=sent)


@pytest.fixture
def text(tmp_path: Path) -> Callable[[], Iterator[Row]]:
    def read() -> Iterator[Row]:
        with open(tmp_path / "trace", encoding="ascii") as lines:
            yield from from_text(lines)

    return read


@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGKILL])
def test_row_10_the_tracer_ends(
    watched: Callable[[str], Watched],
    text: Callable[[], Iterator[Row]],
    tmp_path: Path,
    signo: int,
) -> None:
    """What was attached to works on; what is in the file, also after SIGKILL, is true and whole."""
    target = watched("sleepy")
    with tracing("-o", str(tmp_path / "trace"), "-p", str(target.pid)) as run:
        run.complains(b"^C detaches\n")
        first = target.clock()
        last = target.goes_on()
        # 10 ms later it is in the file, whatever happens then.
        target.goes_on(300)
        run.kill(signo)
        run.finish()
    target.goes_on()
    target.finish()
    truth = read_truth(target.file)
    if signo == signal.SIGINT:
        check_truth(text(), truth, between=(first, last))
    else:
        check_truth(text(), truth, complete=False)


def test_row_10_what_the_killed_tracer_has_started_dies_with_it(
    tracee: Tracee, text: Callable[[], Iterator[Row]], tmp_path: Path
) -> None:
    file = tmp_path / "truth"
    command = [tracee("watched"), str(file), "sleepy", str(LWPS)]
    with tracing("-f", "-o", str(tmp_path / "trace"), *command) as run:
        until(lambda: glance(file).ready == LWPS, "it works")
        run.kill(signal.SIGKILL)
        run.finish()
    check_truth(text(), read_truth(file), complete=False)


@pytest.mark.parametrize(
    ("program", "words"),
    [("multitude", ["storm", "0"]), ("generations", ["storm"]), ("watched", ["busy", "4"])],
)
def test_row_47_killed_from_outside_at_any_time(
    tracee: Tracee,
    text: Callable[[], Iterator[Row]],
    tmp_path: Path,
    program: str,
    words: list[str],
) -> None:
    """Of the call that each LWP was in there may be no exit; all else is there."""
    for number in range(4):
        file = tmp_path / f"truth{number}"
        with tracing(
            "-f", "-o", str(tmp_path / "trace"), tracee(program), str(file), *words
        ) as run:
            moment = 40 + 97 * number
            until(lambda file=file, t=moment: glance(file).clock > t, "it has done something")
            for process in in_session(run.pid):
                if process.pid != run.pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process.pid, signal.SIGKILL)
            run.finish()
        check_truth(text(), read_truth(file), killed={0: signal.SIGKILL})
