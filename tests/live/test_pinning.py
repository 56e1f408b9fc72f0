"""Sharing a processor with the tracer: where it is worth it, and with no untrue word to anybody."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from cli_support import picotrace
from runs import Run, Target, Trace, contents, fields, until

import pypicotrace as pt

Tracee = Callable[[str], str]

pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="there is one processor, and nothing to choose"
)


@pytest.fixture(autouse=True)
def put_back() -> object:
    """Whatever happens, this thread is where it was."""
    before = os.sched_getaffinity(0)
    yield
    after = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before)
    assert after == before


@pytest.fixture
def own() -> int:
    """Where this thread may run, and so what it starts."""
    return sum(1 << cpu for cpu in os.sched_getaffinity(0) if cpu < 64)


@pytest.fixture(params=[False, True], ids=["all calls", "kernel filter"])
def pinned(request: pytest.FixtureRequest, trace: Trace, tracee: Tracee) -> Callable[[str], Run]:
    """Runs it until it is pinned, and then on."""
    chosen = {"syscalls": ["getppid"], "kernel_filter": True} if request.param else {}

    def run(how: str) -> Run:
        return trace([tracee("pinned"), how], text=True, pin="auto", **chosen)

    return run


def test_a_loop_that_could_not_be_entered_is_no_other_loop_of_the_thread(
    pinned: Callable[[str], Run], own: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside which nobody would be pinned."""
    loop = pt.spawn(["true"])
    monkeypatch.setattr(loop, "_own", int)
    with pytest.raises(TypeError):
        loop.__enter__()
    assert pinned("ask").told("after") == (own,)


@pytest.mark.parametrize("how", ["ask", "getcpu"])
def test_who_asks_where_it_may_run_is_told_the_truth(
    pinned: Callable[[str], Run], own: int, how: str
) -> None:
    """And is not pinned again."""
    run = pinned(how)
    assert run.told("before") == (own,)
    assert run.said("asked") == ([(own,)] if how == "ask" else [])
    assert run.told("after") == run.told("long") == (own,)


def test_who_says_where_it_wants_to_run_does_run_there(
    pinned: Callable[[str], Run], own: int
) -> None:
    run = pinned("set")
    last = 1 << (own.bit_length() - 1)
    assert run.told("asked") == run.told("after") == run.told("long") == (last,)


@pytest.mark.parametrize("how", ["fork", "vfork", "thread", "untraced"])
def test_what_is_made_may_run_where_its_maker_might(
    pinned: Callable[[str], Run], own: int, how: str
) -> None:
    assert pinned(how).told("child") == (own,)


@pytest.mark.parametrize("how", ["fork", "vfork"])
def test_so_may_a_child_that_is_not_followed(
    trace: Trace, tracee: Tracee, own: int, how: str
) -> None:
    """Of which the kernel does not tell."""
    run = trace([tracee("pinned"), how], text=True, pin="auto", follow=False)
    assert run.told("child") == (own,)


def test_with_a_second_lwp_a_process_is_not_pinned_again(
    pinned: Callable[[str], Run], own: int
) -> None:
    assert pinned("thread").told("long") == (own,)


def test_one_that_is_stepped_is_pinned_and_told_the_truth(tracee: Tracee, own: int) -> None:
    """Its instructions are as many stops."""
    on_one, steps = 0, 0
    events = pt.SCE | pt.STEP
    with pt.spawn([tracee("asks")], events=events, syscalls=["getppid"], pin="auto") as loop:
        for ev in loop:
            assert ev.stop is not None
            ev.stop.step()
            steps += isinstance(ev, pt.SingleStep)
            if steps % 500 == 0:
                on_one += mask(ev.pid).bit_count() == 1
    assert on_one > 0
    assert loop.returncode == own.bit_count()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other machines have no such steps")
def test_one_that_is_stepped_by_blocks_is_not_pinned(tracee: Tracee, own: int) -> None:
    """A call within one is not seen before it is over."""
    with pt.spawn([tracee("asks")], events=pt.SCE | pt.STEP, pin="auto") as loop:
        for count, ev in enumerate(loop):
            assert ev.stop is not None
            ev.stop.step(block=True)
            assert count % 500 or mask(ev.pid) == own
    assert loop.returncode == own.bit_count()


def mask(pid: int) -> int:
    status = fields(Path(f"/proc/{pid}/status").read_text())
    return int(status["Cpus_allowed"].replace(",", ""), 16) & (2**64 - 1)


def test_a_new_image_can_still_be_told_the_truth(tracee: Tracee, own: int) -> None:
    """An execve keeps where it may run, and so it is kept until it is put back."""
    with pt.spawn([tracee("pinned"), "exec"], pin="auto") as loop:
        for ev in loop:
            if isinstance(ev, pt.Exec) and ev.seq > 1:
                assert mask(ev.pid).bit_count() == 1
                break


def until_pinned(loop: pt.Loop, pid: int) -> None:
    for _ in loop.stream(64):
        if mask(pid).bit_count() == 1:
            assert len(os.sched_getaffinity(0)) == 1
            return
    raise AssertionError("it has ended")


def test_it_is_let_go_as_it_came(tracee: Tracee, start: Callable[..., Target], own: int) -> None:
    target = start([tracee("pinned"), "spin"])
    with pt.attach(target.pid, pin="auto") as loop:
        until_pinned(loop, target.pid)
        loop.detach(target.pid)
        for batch in loop.stream():
            if any(isinstance(ev, pt.Detached) for ev in batch):
                break
        assert mask(target.pid) == own
    with pt.attach(target.pid, pin="auto") as loop:
        until_pinned(loop, target.pid)
    assert mask(target.pid) == own


def test_what_somebody_else_has_changed_stays(tracee: Tracee, start: Callable[..., Target]) -> None:
    target = start([tracee("pinned"), "spin"])
    all_of_them = os.sched_getaffinity(0)
    with pt.attach(target.pid, pin="auto") as loop:
        until_pinned(loop, target.pid)
        [other, *_] = all_of_them - os.sched_getaffinity(target.pid)
        os.sched_setaffinity(target.pid, {other})
    assert os.sched_getaffinity(target.pid) == {other}


def test_what_another_loop_starts_may_run_where_its_thread_might(
    tracee: Tracee, scratch: Callable[[], IO[bytes]], own: int
) -> None:
    out = scratch()
    with pt.spawn([tracee("pinned"), "spin"], pin="auto") as loop:
        until_pinned(loop, loop.root)
        with pt.spawn([tracee("pinned"), "look"], events=pt.EXIT, stdout=out) as other:
            list(other)
    assert contents(out).decode().split() == ["child", str(own)]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="calls of the tracer's are of x86")
def test_who_is_made_to_ask_is_told_the_truth(tracee: Tracee, own: int) -> None:
    with pt.spawn([tracee("pinned"), "spin"], events=pt.SCE, pin="auto") as loop:
        for ev in loop:
            if ev.seq % 500 or mask(ev.pid).bit_count() > 1:
                continue
            assert ev.stop is not None
            below = ev.stop.registers["rsp"] - 4096
            assert ev.stop.syscall("sched_getaffinity", 0, 8, below) == 8
            assert int.from_bytes(ev.stop.read(below, 8), "little") == own
            break


def interrupt_when(loop: pt.Loop, true: Callable[[], bool]) -> None:
    """Ends the iteration of another thread, also where that waits in vain."""
    try:
        until(true, "it may run where it might")
    finally:
        loop.interrupt()


def test_one_that_has_made_its_calls_is_free_again(tracee: Tracee, own: int) -> None:
    """As soon as the tracer sees that none come: its tick."""
    with pt.spawn([tracee("pinned"), "sleep"], pin="auto") as loop:
        until_pinned(loop, loop.root)
        ticks = threading.Thread(target=interrupt_when, args=(loop, lambda: mask(loop.root) == own))
        ticks.start()
        for _ in loop:
            pass
        ticks.join()
        assert mask(loop.root) == own


def test_a_processor_of_ones_choice(tracee: Tracee, trace: Trace) -> None:
    cpu = max(os.sched_getaffinity(0))
    run = trace([tracee("pinned"), "ask"], pin=cpu)
    assert run.told("asked") == run.told("long") == (1 << cpu,)


def test_the_command(tracee: Tracee, own: int) -> None:
    run = picotrace("-o", os.devnull, "--pin", "auto", tracee("pinned"), "ask")
    assert f"asked {own}\n".encode() in run.out
    run = picotrace("-o", os.devnull, "--pin", "100000", "true")
    assert run.status != 0
    assert run.err == b"picotrace: pin: there is no processor 100000 that this thread may run on\n"


def test_off_is_off(tracee: Tracee, own: int) -> None:
    with pt.spawn([tracee("pinned"), "spin"]) as loop:
        for turn, _ in enumerate(loop.stream(1024)):
            assert mask(loop.root) == own
            if turn == 30:
                break


@pytest.mark.parametrize("pin", [-1, 2**20 + 1, "always", True, None])
def test_what_is_no_way_to_pin(pin: object) -> None:
    with pytest.raises((ValueError, TypeError), match="pin is 'auto', 'off' or a processor's"):
        pt.spawn(["true"], pin=pin)  # type: ignore[arg-type]


def test_one_that_runs_is_not_moved_to_a_processor() -> None:
    with pytest.raises(ValueError, match="a processor is for a program that is started"):
        pt.attach(os.getpid(), pin=1)
