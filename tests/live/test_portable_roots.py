"""On every system: processes that come to a loop and leave it while it runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, NamedTuple

import pytest
from record import check_record, of
from runs import Run, Target, contents, until
from system import untouched

import pypicotrace as pt

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]

LWPS = {"asleep": 1, "running": 2, "threads": 5}
"""What is let go, and how many LWPs it has."""
NO_CALLS = pt.ALL & ~(pt.SCE | pt.SCX)
EACH = pytest.mark.parametrize("how", LWPS)
STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["stop", "stream"])


class Guest(NamedTuple):
    """tracees/portable/targets.c, to be started: it ends when its input does."""

    argv: list[str]
    options: dict[str, Any]
    out: IO[bytes]
    end_input: Callable[[], None]

    def said(self, word: str) -> list[tuple[int, ...]]:
        return Run([], 0, None, contents(self.out)).said(word)

    def check_free(self, pid: int) -> None:
        """It runs on, untraced, to its own end, which is told to this program."""
        until(lambda: untouched(pid), "it is let go")
        self.end_input()
        assert os.waitpid(pid, 0) == (pid, 9 << 8)
        assert self.said("done") == [(1,)]


@pytest.fixture
def guest(tracee: Tracee, scratch: Scratch) -> Iterator[Callable[[str], Guest]]:
    inputs: list[list[int]] = []

    def run(how: str) -> Guest:
        ends = list(os.pipe())
        inputs.append(ends)
        out = scratch()
        options = {"stdin": ends[0], "stdout": out}
        argv = [tracee("portable/targets"), how]
        return Guest(argv, options, out, lambda: os.close(ends.pop()))

    yield run
    for fd in (fd for ends in inputs for fd in ends):
        os.close(fd)


def events_of(loop: pt.Loop, streamed: bool) -> Iterable[pt.Event]:
    """In a stream each batch has one event: what is asked for comes between two of them."""
    if not streamed:
        return loop
    return (event for batch in loop.stream(1) for event in batch)


@STREAMED
@EACH
def test_what_was_spawned_is_let_go(
    guest: Callable[[str], Guest], how: str, streamed: bool
) -> None:
    made = guest(how)
    record = []
    with pt.spawn(made.argv, **made.options) as loop:
        for ev in events_of(loop, streamed):
            record.append(ev)
            if made.said("ready"):
                loop.detach(loop.root)
                break
        record += events_of(loop, streamed)
        assert loop.status is None
        assert untouched(loop.root)
    check_record(record[:-1], complete=False)
    assert record[-1] == pt.Detached(pid=loop.root, lwp=0, program=b"targets")
    assert loop.status is None
    made.check_free(loop.root)


@pytest.mark.parametrize("events", [pt.ALL, NO_CALLS, pt.Mask(0)], ids=["all", "no calls", "none"])
def test_before_it_has_run_at_all(guest: Callable[[str], Guest], events: pt.Mask) -> None:
    made = guest("asleep")
    with pt.spawn(made.argv, events=events, **made.options) as loop:
        loop.detach(loop.root)
        kinds = [type(ev) for ev in loop]
    assert kinds == ([pt.Exec, pt.Detached] if events else [])
    made.check_free(loop.root)


def test_the_end_of_the_loop_does_not_end_it(guest: Callable[[str], Guest]) -> None:
    """Nor where nobody has asked for an event since."""
    made = guest("threads")
    with pt.spawn(made.argv, **made.options) as loop:
        for _ in loop:
            if made.said("ready"):
                break
        loop.detach(loop.root)
    assert loop.status is None
    made.check_free(loop.root)


@EACH
def test_one_is_let_go_and_one_stays(guest: Callable[[str], Guest], how: str) -> None:
    """The one that goes is not the one that stands."""
    one, other = guest(how), guest("asleep")
    record = []
    with pt.spawn(one.argv, **one.options) as loop:
        for ev in loop:
            record.append(ev)
            if one.said("ready"):
                break
        stays = loop.add(other.argv, **other.options)
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.Exec) and ev.pid == stays:
                loop.detach(loop.root)
            if isinstance(ev, pt.Detached):
                break
        one.check_free(loop.root)
        other.end_input()
        record += loop
    check_record(record, added={stays})
    assert [ev.pid for ev in of(record, pt.Detached)] == [loop.root]
    assert [(ev.pid, ev.status) for ev in of(record, pt.Exited)] == [(stays, 9)]
    assert loop.status is None


@EACH
def test_what_was_let_go_may_be_attached_to(guest: Callable[[str], Guest], how: str) -> None:
    made = guest(how)
    with pt.spawn(made.argv, **made.options) as loop:
        for _ in loop:
            if made.said("ready"):
                break
        loop.detach(loop.root)
        for _ in loop:
            pass
        for _ in range(3):
            assert loop.add(loop.root) == loop.root
            assert loop.attached == {loop.root: LWPS[how]}
            record = []
            for ev in loop:
                record.append(ev)
                if ev.stop is not None and len(of(record, pt.Attached)) == LWPS[how]:
                    ev.stop.detach()
            assert type(record[-1]) is pt.Detached
            assert loop.attached == {}
            assert untouched(loop.root)
    made.check_free(loop.root)


@EACH
def test_what_was_let_go_and_attached_to_ends_for_host_and_loop(
    guest: Callable[[str], Guest], how: str
) -> None:
    made = guest(how)
    with pt.spawn(made.argv, events=NO_CALLS, **made.options) as loop:
        loop.detach(loop.root)
        assert type([*loop][-1]) is pt.Detached
        until(lambda: made.said("ready"), "it is ready")
        assert loop.add(loop.root) == loop.root
        record: list[pt.Event] = []
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.Attached) and len(of(record, pt.Attached)) == LWPS[how]:
                made.end_input()
        assert of(record, pt.Exited)[0].status == 9
        assert loop.status is None
    assert os.waitpid(loop.root, 0) == (loop.root, 9 << 8)


def test_several_programs_one_after_another(scratch: Scratch) -> None:
    """Also when the loop has run dry: `iterate again`."""
    with pt.spawn(["sh", "-c", "exit 3"], stdout=scratch()) as loop:
        added = {loop.add(["sh", "-c", "exit 4"]): 4}
        record = list(loop)
        for status in (5, 6):
            added[loop.add(["sh", "-c", f"exit {status}"])] = status
            record += loop
        added[loop.add(["sh", "-c", "exit 7"])] = 7
        record += [ev for batch in loop.stream() for ev in batch]
        check_record(record, added=added)
        ends = {ev.pid: ev.status for ev in of(record, pt.Exited)}
        assert ends == {loop.root: 3, **added}
        with pytest.raises(pt.LaunchError):
            loop.add(["/nonexistent/program"])
        assert isinstance(loop.status, pt.Exited)
        assert (loop.status.pid, loop.status.status) == (loop.root, 3)


def test_added_while_another_runs(scratch: Scratch) -> None:
    """From the body, at events of the others; and all that is left ends with the loop."""
    with pt.spawn(["sh", "-c", "date; date"], follow=True, stdout=scratch()) as loop:
        record, added = [], []
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.Exec) and len(added) < 3:
                added.append(loop.add(["sh", "-c", "(exit 1); exit 5"], stdout=scratch()))
        check_record(record, added=added)
        ends = {ev.pid: ev.status for ev in of(record, pt.Exited)}
        assert [ends[pid] for pid in added] == [5, 5, 5]
        asleep = loop.add(["sleep", "60"])
        assert type(next(iter(loop))) is pt.Exec
    with pytest.raises(ProcessLookupError):
        os.kill(asleep, 0)


def test_all_that_was_added_ends_as_it_came(guest: Callable[[str], Guest], start: Any) -> None:
    """What was spawned is killed, what was attached to is let go, whichever was first."""
    spawned, let_go = guest("threads"), guest("asleep")
    attached: Target = start([*guest("threads").argv], stdin=-1)
    until(lambda: attached.said("ready"), "ready")
    with pt.attach(attached.pid) as loop:
        killed = loop.add(spawned.argv, **spawned.options)
        assert loop.root == killed
        freed = loop.add(let_go.argv, **let_go.options)
        for _ in loop:
            if spawned.said("ready") and let_go.said("ready"):
                break
        loop.detach(freed)
    assert loop.status == pt.Signaled(pid=killed, lwp=0, program=b"targets", signo=9, core=False)
    let_go.check_free(freed)
    until(lambda: untouched(attached.pid), "it is let go")


CROWDS = {
    "LWPs": (["portable/threads", "some", "12"], b"made 12\n"),
    "children": (["portable/families", "many", "12"], None),
}


@pytest.mark.parametrize("number", [1, 5, 13, 22, 30, 47, 61, 80, 120])
@pytest.mark.parametrize("what", CROWDS)
def test_let_go_while_others_are_made(
    tracee: Tracee, scratch: Scratch, what: str, number: int
) -> None:
    """Whatever was announced is traced to its end, and all else runs free to its own."""
    (name, *args), said = CROWDS[what]
    out = scratch()
    record: list[pt.Event] = []
    with pt.spawn([tracee(name), *args], follow=True, stdout=out) as loop:
        for ev in loop:
            record.append(ev)
            if ev.seq == number:
                loop.detach(loop.root)
    assert [ev.pid for ev in of(record, pt.Detached)] == [loop.root]
    ends = {ev.pid for ev in of(record, pt.Exited)}
    assert ends == {ev.child for ev in record if isinstance(ev, pt.Forked | pt.Vforked)}
    assert os.waitpid(loop.root, 0) == (loop.root, 0)
    if said is not None:
        assert contents(out) == said
