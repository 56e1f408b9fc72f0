#!/usr/bin/env python3
"""Children: what a tracer is told of fork(2), vfork(2), clone(2) and posix_spawn(3)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from witness import LINUX, MADE, ended_well, program, running, said, told

import pypicotrace as pt
from pypicotrace.testing import Trace, atf

Traced = Callable[..., Trace]
BITS = {
    "FORK": pt.FORK,
    "VFORK": pt.VFORK,
    "VFORK_DONE": pt.VFORK_DONE,
    "POSIX_SPAWN": pt.POSIX_SPAWN,
}
ASKED = {
    "nothing": pt.Mask(0),
    **BITS,
    "FORK_VFORK": pt.FORK | pt.VFORK,
    "VFORK_VFORK_DONE": pt.VFORK | pt.VFORK_DONE,
    "all": pt.FORK | pt.VFORK | pt.VFORK_DONE | pt.POSIX_SPAWN,
}
BIT_OF = {
    pt.Forked: pt.FORK,
    pt.Vforked: pt.VFORK,
    pt.VforkDone: pt.VFORK_DONE,
    pt.Spawned: pt.POSIX_SPAWN,
}
ENDS = {"exit": 17 << 8, "exec": 17 << 8, "noexec": 18 << 8, "kill": int(signal.SIGKILL)}
WAYS = ["fork", "vfork", "clone"]


def causes(how: str) -> list[type[pt.Event]]:
    """All that is told of a child that is made in this way, in order."""
    made = MADE[how]
    return [made, pt.VforkDone] if made is pt.Vforked else [made]


@atf.each(how=MADE.keys(), asked=ASKED)
def test_event_iff_asked(how: str, asked: pt.Mask, traced: Traced) -> None:
    """Each event comes if and only if its bit is set, and the child is traced whatever is set"""
    trace = traced([program("families"), how, "exec"], events=asked | pt.EXIT, follow=True)
    ended_well(trace, 0)
    expected = [kind for kind in causes(how) if asked & BIT_OF[kind]]
    trace.only(*BIT_OF).expect_exactly(*expected)
    _, child, _ = told(trace, "child")
    trace.expect_any_order(pt.Exited(pid=child, status=17), pt.Exited(pid=trace.root))


@atf.each(how=WAYS, end=ENDS.keys())
def test_end_is_the_one_its_parent_is_told(how: str, end: str, traced: Traced) -> None:
    """A child's end is reported as wait(2) tells it to its parent, and before the parent's"""
    trace = traced([program("families"), how, end], follow=True)
    ended_well(trace, 0)
    parent, child, status = told(trace, "child")
    assert (parent, status) == (trace.root, ENDS[end])
    killed = pt.Signaled(pid=child, signo=signal.SIGKILL, core=False)
    last = killed if end == "kill" else pt.Exited(pid=child, status=status >> 8)
    trace.expect(MADE[how](child=child), last, pt.Exited(pid=parent, status=0))
    trace.process(child).expect(pt.Exec, times=int(end == "exec"))


@atf.each(how=MADE.keys())
def test_ids_cross_refer(how: str, traced: Traced) -> None:
    """The event is the parent's and names the child; nothing is told of the child before it"""
    trace = traced([program("families"), how, "exec"], follow=True)
    _, child, _ = told(trace, "child")
    assert told(trace, "new") == (child, trace.root)
    made = trace.expect(MADE[how](child=child))[0]
    assert (made.pid, made.lwp) == (trace.root, trace.root)
    assert trace.process(child).events[0].seq > made.seq
    # Where posix_spawn(2) is a call of the kernel's own, the child begins as the new program.
    new_images = 0 if MADE[how] is pt.Spawned else 1
    trace.process(child).expect(pt.Exec, times=new_images)


@atf.each(how=WAYS)
def test_the_call_returns_the_child(how: str, traced: Traced) -> None:
    """The parent's call returns the child's pid; the child has no exit of the call on NetBSD"""
    trace = traced([program("families"), how, "exit"], follow=True)
    _, child, _ = told(trace, "child")
    makers = [made for made in trace.process(trace.root).calls() if made.retval == child]
    # wait(2) returns it later.
    assert "fork" in makers[0].name or "clone" in makers[0].name
    assert makers[0].lwp == trace.root


@atf.each(how=MADE.keys())
def test_not_followed_runs_untraced(how: str, traced: Traced) -> None:
    """Without following, nothing is told of a child, which runs to its end unharmed"""
    trace = traced([program("families"), how, "exec"], follow=False)
    ended_well(trace, 0)
    assert told(trace, "child")[2] == 17 << 8
    assert trace.pids == [trace.root]
    trace.expect_none(*BIT_OF)


def bits_for(how: str, asked: str) -> pt.Mask:
    """What a tracer asks for that is to see a child being made in this way."""
    own = BIT_OF[MADE[how]]
    return {"alone": own, "with_its_end": own | pt.VFORK_DONE, "with_all": pt.ALL}[asked]


@atf.each(how=MADE.keys(), asked=["alone", "with_its_end", "with_all"])
def test_let_go_at_its_event(how: str, asked: str, traced: Traced) -> None:
    """Parent and child that are detached from at the event run to their ends"""
    script = 'read line; exec "$@"'
    with running("/bin/sh", "-c", script, "sh", program("families"), how, "exec") as process:
        with pt.attach(process.pid, follow=True, events=bits_for(how, asked)) as loop:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
            for event in loop:
                if type(event) is MADE[how]:
                    break
            else:
                atf.fail("no child was reported")
        assert process.stdout is not None
        [(parent, _, status)] = said(process.stdout.read(), "child")
        assert (parent, status) == (process.pid, 17 << 8)
        assert process.wait() == 0


@atf.each(how=MADE.keys(), asked=["alone", "with_its_end", "with_all"])
def test_forker_killed_at_its_event(how: str, asked: str, traced: Traced) -> None:
    """A parent that is killed at the event ends by that, and its child is still reported"""
    made: list[int] = []

    def kill(event: Any) -> None:
        if type(event) is MADE[how]:
            made.append(event.child)
            os.kill(event.pid, signal.SIGKILL)

    argv = [program("families"), how, "exec"]
    trace = traced(argv, follow=True, events=bits_for(how, asked) | pt.EXIT, at_stop=kill)
    assert isinstance(trace.status, pt.Signaled)
    trace.expect_any_order(
        pt.Signaled(pid=trace.root, signo=signal.SIGKILL), pt.Exited(pid=made[0], status=17)
    )


@atf.each(outer=WAYS, inner=WAYS)
def test_nested(outer: str, inner: str, traced: Traced) -> None:
    """A child's child is reported by the child, its end before the child's"""
    trace = traced([program("nested"), outer, inner], follow=True)
    ended_well(trace, 3)
    child, grandchild = told(trace, "nested")
    trace.expect(
        MADE[outer](pid=trace.root, child=child),
        MADE[inner](pid=child, child=grandchild),
        pt.Exited(pid=grandchild, status=1),
        pt.Exited(pid=child, status=2),
        pt.Exited(pid=trace.root, status=3),
    )
    assert trace.pids == [trace.root, child, grandchild]


@atf.each(count=[1, 8, 40])
def test_many(count: int, traced: Traced) -> None:
    """Of many children at once each is reported once, with its own end"""
    trace = traced([program("families"), "many", str(count)], follow=True, events=pt.FORK | pt.EXIT)
    children = said(trace.stdout, "child")
    assert len(children) == count
    trace.expect(pt.Forked(pid=trace.root), times=count)
    for number, (_, child, status) in enumerate(children):
        assert status == number << 8
        trace.expect(pt.Forked(child=child), times=1)
        trace.expect(pt.Forked(child=child), pt.Exited(pid=child, status=number))


def test_orphan(traced: Traced) -> None:
    """A child that outlives its parent is traced to its end"""
    trace = traced([program("families"), "grandchild"], follow=True)
    middle, orphan = told(trace, "grandchild")
    trace.expect(pt.Forked(pid=middle, child=orphan)).then(pt.Exited(pid=orphan, status=2))
    trace.expect(pt.Exited(pid=middle, status=1))


def test_spawn_is_an_event_of_its_own(traced: Traced) -> None:
    """posix_spawn(3) is told as such, and its child begins as the new program"""
    if LINUX:
        atf.expect_fail("Linux: it is made of vfork(2) and execve(2), and told as these")
    trace = traced([program("families"), "posix_spawn", "exec"], follow=True)
    child = trace.expect(pt.Spawned(pid=trace.root))[0].child
    trace.process(child).expect_none(pt.Exec)


def test_spawn_of_nothing(traced: Traced) -> None:
    """posix_spawn(3) of a program that is not there fails in the parent with ENOENT"""
    trace = traced([program("families"), "spawn-fails"], follow=True)
    assert told(trace, "spawn") == (2,)
    ended_well(trace, 3)
    # Linux makes a child, which fails to execute it; NetBSD's kernel makes none.
    trace.expect(MADE["posix_spawn"], times=1 if LINUX else 0)


if __name__ == "__main__":
    atf.main()
