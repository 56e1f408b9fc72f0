"""What the command makes of signals, with a loop and a clock that are made up."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from pypicotrace.ending import ASKING, ENDING, Signals
from pypicotrace.events import Exited
from pypicotrace.lwps import LwpNow

INT, TERM, HUP, QUIT = signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT


class FakeLoop:
    def __init__(self, root: int) -> None:
        self.root = root
        self.status: Exited | None = None
        self.interrupted = 0

    def interrupt(self) -> None:
        self.interrupted += 1

    def end(self) -> Exited | None:
        return self.status

    def lwps(self) -> list[LwpNow]:
        return [LwpNow(pid=77, lwp=78, program=b"sleep", call="nanosleep", since_ns=0)]


class World:
    """What the signals see, and what they do."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.passed_on: list[tuple[int, int]] = []
        patch.setattr(time, "monotonic", lambda: self.now)
        patch.setattr(time, "monotonic_ns", lambda: int(self.now * 1e9))
        patch.setattr(os, "kill", lambda pid, signo: self.passed_on.append((pid, signo)))

    def signals(self, root: int = 77, *, ends_program: bool = False) -> Signals:
        return Signals(FakeLoop(root), ends_program=ends_program)  # type: ignore[arg-type]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.fixture(autouse=True)
def dispositions() -> Iterator[None]:
    """As in a shell's foreground, wherever the tests run; and at the end as at the start."""
    watched = (*ENDING, *ASKING, signal.SIGPIPE)
    before = [signal.signal(signo, signal.SIG_DFL) for signo in watched]
    yield
    # No handler is left behind. (Ignored are those that come late in a program that ends then.)
    left = {signal.getsignal(signo) for signo in watched}
    assert left <= {signal.SIG_DFL, signal.SIG_IGN}
    for signo, handler in zip(watched, before, strict=True):
        signal.signal(signo, handler)


def arrive(signals: Signals, *signos: int) -> None:
    for signo in signos:
        handler = signal.getsignal(signo)
        assert callable(handler)
        handler(signo, None)


@pytest.mark.parametrize("signo", ENDING)
def test_attached(world: World, signo: int) -> None:
    """There is no root: one signal ends the tracing, and the next one does what it always does."""
    with world.signals(root=0) as signals:
        arrive(signals, signo)
        assert (signals.ended_by, signals.loop.interrupted) == (signo, 1)  # type: ignore[attr-defined]
        assert all(signal.getsignal(each) == signal.SIG_DFL for each in ENDING)
    assert world.passed_on == []


@pytest.mark.parametrize("signo", ENDING)
def test_the_first_one_is_the_commands(world: World, signo: int) -> None:
    with world.signals() as signals:
        arrive(signals, signo)
        assert signals.ended_by is None
    assert world.passed_on == ([(77, TERM)] if signo == TERM else [])


@pytest.mark.parametrize(
    ("gap", "second", "ends"),
    [
        (0.0, TERM, False),  # the same request, sent twice
        (0.24, TERM, False),
        (0.26, TERM, True),
        (0.99, TERM, True),
        (1.01, TERM, False),
        (0.0, INT, True),  # another request
        (0.99, QUIT, True),
        (1.01, HUP, False),
    ],
)
def test_a_second_one(world: World, gap: float, second: int, ends: bool) -> None:
    with world.signals() as signals:
        arrive(signals, TERM)
        world.now += gap
        arrive(signals, second)
        assert signals.ended_by == (second if ends else None)
    again = gap > 1 and second == TERM
    assert world.passed_on == [(77, TERM)] * (2 if again else 1)


def test_a_key_that_is_held(world: World) -> None:
    """Repeated faster than the gap of one request, it is more than one all the same."""
    with world.signals() as signals:
        for _ in range(12):
            arrive(signals, INT)
            world.now += 0.03
            if signals.ended_by is not None:
                break
        assert signals.ended_by == INT


@pytest.mark.parametrize(
    ("ended_ago", "ends"),
    [(0.0, False), (0.9, False), (1.1, True), (None, False)],
)
def test_the_command_has_ended(world: World, ended_ago: float | None, ends: bool) -> None:
    """Long ago: its descendants alone are left. Just now: it may have been by this very signal."""
    with world.signals() as signals:
        # An end that nobody asked to see has no time.
        ts_ns = 0 if ended_ago is None else int((world.now - ended_ago) * 1e9)
        signals.loop.status = Exited(pid=77, status=0, ts_ns=ts_ns)  # type: ignore[misc]
        arrive(signals, TERM)
        assert signals.ended_by == (TERM if ends else None)
    assert world.passed_on == []


@pytest.mark.parametrize("ended", [False, True])
def test_a_late_one_does_not_take_the_place_of_the_commands_status(
    world: World, ended: bool
) -> None:
    with world.signals(ends_program=True) as signals:
        if ended:
            signals.loop.status = Exited(status=9)  # type: ignore[misc]
    expected = signal.SIG_IGN if ended else signal.SIG_DFL
    assert {signal.getsignal(signo) for signo in ENDING} == {expected}


@pytest.mark.parametrize("ended", [False, True])
def test_nobody_can_be_asked_any_more(world: World, ended: bool) -> None:
    """Nor is the program to end by that, which ends anyway."""
    with world.signals(ends_program=True) as signals:
        if ended:
            signals.loop.status = Exited(status=9)  # type: ignore[misc]
    assert {signal.getsignal(signo) for signo in ASKING} == {signal.SIG_IGN}


@pytest.mark.parametrize("ended", [False, True])
def test_a_program_that_goes_on_has_its_own_handlers_again(world: World, ended: bool) -> None:
    def own(signo: int, frame: object) -> None:
        raise AssertionError

    watched = {*ENDING, *ASKING}
    for signo in watched:
        signal.signal(signo, own)
    with world.signals() as signals:
        if ended:
            signals.loop.status = Exited(status=9)  # type: ignore[misc]
    found = {signal.getsignal(signo) for signo in watched}
    with signals.heeded_late():
        late = {signal.getsignal(signo) for signo in watched}
    for signo in watched:
        signal.signal(signo, signal.SIG_DFL)
    assert found == late == {own}


def test_what_was_ignored_stays_so(world: World) -> None:
    before = signal.signal(HUP, signal.SIG_IGN)
    try:
        with world.signals(root=0) as signals:
            assert signal.getsignal(HUP) == signal.SIG_IGN
            arrive(signals, TERM)
            assert signal.getsignal(HUP) == signal.SIG_IGN
    finally:
        signal.signal(HUP, before)


def test_nobody_reads_the_trace(world: World) -> None:
    """Of attached processes, that is the end, but not one by a signal."""
    with world.signals(root=0) as signals:
        signals.heed_reader()
        arrive(signals, signal.SIGPIPE)
        assert signals.ended_by is None
        assert signals.loop.interrupted == 1  # type: ignore[attr-defined]


def test_who_asks() -> None:
    """BSD's terminals have a key for it."""
    assert {signal.Signals(signo).name for signo in ASKING} == {
        "SIGUSR1",
        *({"SIGINFO"} & set(signal.Signals.__members__)),
    }


@pytest.mark.parametrize("signo", ASKING)
def test_what_is_going_on(world: World, capfd: pytest.CaptureFixture[str], signo: int) -> None:
    with world.signals() as signals:
        arrive(signals, signo, signo)
        assert (signals.ended_by, signals.loop.interrupted) == (None, 0)  # type: ignore[attr-defined]
    out, err = capfd.readouterr()
    head, row = ["pid", "lwp", "program", "seconds", "call"], ["77", "78", "sleep", "1000.000"]
    assert out == ""
    assert [line.split() for line in err.splitlines()] == [head, [*row, "nanosleep"]] * 2
