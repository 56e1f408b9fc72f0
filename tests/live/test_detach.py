"""Letting go where Linux alone has it so: exited first LWPs, group stops, calls to be put right."""

from __future__ import annotations

import os
import random
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
from record import of
from runs import contents, until
from system import state, untouched

import pypicotrace as pt

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]
BOTH = pytest.mark.parametrize(
    "events", [pt.ALL, pt.ALL & ~(pt.SCE | pt.SCX)], ids=["all", "no calls"]
)


@BOTH
def test_all_lwps_run_on(tracee: Tracee, tmp_path: Path, events: pt.Mask, scratch: Scratch) -> None:
    path, out = tmp_path / "counters", scratch()
    path.write_bytes(bytes(8 * 6))

    def counters() -> tuple[int, ...]:
        return struct.unpack("6Q", path.read_bytes())

    argv = [tracee("spinners"), "6", str(path)]
    with pt.spawn(argv, events=events, stdout=out) as loop:
        record: list[pt.Event] = []
        other = 0
        for ev in loop:
            record.append(ev)
            if not other and len(of(record, pt.LwpCreated)) == 5:
                other = loop.add(["sh", "-c", "exit 4"])
            elif other and ev.pid == other and isinstance(ev, pt.Exec):
                loop.detach(loop.root)
        assert of(record, pt.Detached, pid=loop.root)
        assert of(record, pt.Exited, pid=other)
    before = counters()
    until(lambda: all(a < b for a, b in zip(before, counters(), strict=True)), "all LWPs run")
    assert untouched(loop.root)
    os.kill(loop.root, signal.SIGKILL)
    assert os.waitpid(loop.root, 0) == (loop.root, signal.SIGKILL)


@BOTH
@pytest.mark.parametrize("in_hand", [True, False], ids=["exiting", "exited"])
def test_a_first_lwp_that_exits(
    tracee: Tracee, scratch: Scratch, events: pt.Mask, in_hand: bool
) -> None:
    """While it stands to exit it can be let go; later the end of its process stays the loop's."""
    ends = list(os.pipe())
    out = scratch()
    argv = [tracee("leaderless"), "exit_group", "wait"]
    with pt.spawn(argv, events=events, stdin=ends[0], stdout=out) as loop:
        record: list[pt.Event] = []
        other = 0
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.LwpExited):
                other = loop.add(["sh", "-c", "exit 4"])
                if in_hand:
                    loop.detach(loop.root)
            elif isinstance(ev, pt.Exec) and ev.pid == other and not in_hand:
                loop.detach(loop.root)
            elif isinstance(ev, pt.Detached):
                with pytest.raises(pt.NotTraced):
                    loop.detach(loop.root)
                until(lambda: b"ready" in contents(out), "it runs")
                os.close(ends.pop())
        assert [ev.pid for ev in of(record, pt.Detached)] == [loop.root]
        assert [ev.pid for ev in of(record, pt.Exited)] == [other]
        assert loop.status is None
        if in_hand:
            assert os.waitpid(loop.root, 0) == (loop.root, 5 << 8)
    os.close(ends.pop())
    with pytest.raises(ProcessLookupError):
        os.kill(loop.root, 0)


@BOTH
def test_one_that_is_stopped_stays_stopped(events: pt.Mask) -> None:
    """Nothing tells that a stop has taken effect, but there is always something to be told."""
    with pt.spawn(["sleep", "0"], events=events) as loop:
        for ev in loop:
            if isinstance(ev, pt.Exec) and ev.pid == loop.root:
                os.kill(loop.root, signal.SIGSTOP)
                loop.add(["sh", "-c", "while :; do kill -WINCH $$; done"])
            if ("stopped", loop.root) in {(lwp.state, lwp.pid) for lwp in loop.lwps()}:
                break
        loop.detach(loop.root)
        gone = next(ev for ev in loop if isinstance(ev, pt.Detached))
        assert gone.pid == loop.root
        until(lambda: state(loop.root) == "T", "it is stopped")
    os.kill(loop.root, signal.SIGCONT)
    assert os.waitpid(loop.root, 0) == (loop.root, 0)


@pytest.mark.parametrize("changed", ["args", "number"])
def test_a_changed_call_that_blocks_is_put_right(
    tracee: Tracee, scratch: Scratch, changed: str
) -> None:
    """It is interrupted, and enters again as the program made it."""
    ends = list(os.pipe())
    out = scratch()
    argv = [tracee("portable/targets"), "asleep"]
    with pt.spawn(argv, stdin=ends[0], stdout=out) as loop:
        for ev in loop:
            if type(ev) is pt.SyscallEntry and ev.name == "read" and ev.args[0] == 0:
                assert ev.stop is not None
                if changed == "args":
                    ev.stop.set_args(None, 0x1000)
                else:
                    ev.stop.set_sysnum("pause")
                ev.stop.detach()
    assert loop.status is None
    until(lambda: state(loop.root) == "S", "it waits for its input")
    os.close(ends.pop())
    assert os.waitpid(loop.root, 0) == (loop.root, 9 << 8)
    os.close(ends.pop())


def test_a_parent_in_vfork_goes_when_its_child_has(tracee: Tracee, scratch: Scratch) -> None:
    """It cannot be stopped before."""
    with pt.spawn([tracee("vforks"), "nested"], follow=True, stdout=scratch()) as loop:
        record: list[pt.Event] = []
        for ev in loop:
            record.append(ev)
            if ev.pid != loop.root and not of(record, pt.Detached) and type(ev) is pt.SyscallEntry:
                loop.detach(loop.root)
        gone = of(record, pt.Detached)
        assert [ev.pid for ev in gone] == [loop.root]
        children = {ev.child for ev in of(record, pt.Vforked)}
        assert {ev.pid for ev in of(record, pt.Exited)} == children
    assert os.waitpid(loop.root, 0) == (loop.root, 0)


STORM = "for i in 1 2 3; do (exit 1); date >/dev/null & done; wait; exit 5"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("streamed", [False, True], ids=["stop", "stream"])
def test_storm(seed: int, streamed: bool) -> None:
    """Programs are started and let go of at random: each comes to its own end, once."""
    chance = random.Random(seed)  # noqa: S311  the same each time
    argv = ["sh", "-c", STORM]
    record: list[Any] = []
    with pt.spawn(argv, follow=True) as loop:
        added = [loop.root]
        for ev in (e for b in loop.stream(3) for e in b) if streamed else loop:
            record.append(ev)
            if len(added) < 12 and chance.random() < 0.01:
                added.append(loop.add(argv))
            if chance.random() < 0.01:
                there = sorted({lwp.pid for lwp in loop.lwps()})
                if there:
                    loop.detach(chance.choice(there))
    let_go = {ev.pid for ev in of(record, pt.Detached)}
    ended = {ev.pid: ev.status for ev in of(record, pt.Exited)}
    assert let_go
    assert not let_go & ended.keys()
    known = {*added, *(ev.child for ev in record if isinstance(ev, pt.Forked | pt.Vforked))}
    assert let_go | ended.keys() == known
    for pid in added:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if pid in let_go else ended[pid]
        assert status == 5
