"""Whatever processes do, and in whatever order their stops come: the record says just that."""

from __future__ import annotations

import os
from typing import Any

import hypothesis.strategies as st
import pytest
from fault_checks import out_of_order
from faulty import Case, Fault, played
from histories import World
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pypicotrace import events as ev
from pypicotrace._ffi import ffi, lib
from pypicotrace.choice import Choice, Follow
from pypicotrace.errors import PicotraceError
from pypicotrace.kinds import Mask
from pypicotrace.testing.script import Scripted

# As much as a second or two is worth; where CI says that it is CI, always the same.
SETTINGS = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize="CI" in os.environ,
    suppress_health_check=list(HealthCheck),
)
WHAT = {
    "SyscallEntry": "sysnum",
    "SyscallExit": "sysnum",
    "Stopped": "signo",
    "Forked": "child",
    "Exec": "old_lwp",
    "Exited": "status",
    "Signaled": "signo",
}


def recorded(events: list[ev.Event]) -> dict[tuple[int, int], list[tuple[str, int]]]:
    """The events as `World` has them."""
    found: dict[tuple[int, int], list[tuple[str, int]]] = {}
    for event in events:
        kind = type(event).__name__
        what = getattr(event, WHAT[kind]) if kind in WHAT else 0
        found.setdefault((event.pid, event.lwp), []).append((kind, what))
    return found


def unannounced(events: list[ev.Event], root: int) -> list[ev.Event]:
    """Events of a process or an LWP before it was said to be there."""
    there = {(root, root), (root, 0)}
    wrong = []
    for event in events:
        if isinstance(event, ev.LwpCreated | ev.Attached):
            there |= {(event.pid, event.lwp), (event.pid, 0)}
        elif isinstance(event, ev.Forked):
            there |= {(event.child, event.child), (event.child, 0)}
        if (event.pid, event.lwp) not in there:
            wrong.append(event)
    return wrong


class Order:
    """The order in which a record may say things, of a program that was started, and its kin.

    What is there was announced, its calls are entered and left in turns, and nothing is said of
    what has ended, but that there is another of that id.
    """

    def __init__(self, root: int) -> None:
        self.there = {(root, root): False}
        """Processes and LWPs, and whether each is in a call."""

    def allows(self, event: ev.Event) -> bool:
        who, pid = (event.pid, event.lwp), event.pid
        alive = any(process == pid for process, _ in self.there)
        if isinstance(event, ev.Attached | ev.LwpCreated):
            allowed = who not in self.there
            self.there[who] = False
        elif event.lwp == 0:
            allowed = alive
            if not isinstance(event, ev.Continued):
                self.forget(pid)
        elif isinstance(event, ev.Exec):
            allowed = alive
            in_call = self.there.get((pid, event.old_lwp or pid), False)
            self.forget(pid)
            self.there[who] = in_call
        else:
            allowed = who in self.there and self.takes(event, who)
        return allowed

    def takes(self, event: ev.Event, who: tuple[int, int]) -> bool:
        in_call = self.there[who]
        if isinstance(event, ev.LwpExited):
            del self.there[who]
        elif isinstance(event, ev.Forked | ev.Vforked):
            self.there.setdefault((event.child, event.child), False)
        elif type(event) is ev.SyscallEntry:
            self.there[who] = True
            return not in_call
        elif type(event) is ev.SyscallExit:
            self.there[who] = False
            return in_call or not event.enter_seq
        return True

    def forget(self, pid: int) -> None:
        self.there = {who: in_call for who, in_call in self.there.items() if who[0] != pid}


class Processes(RuleBasedStateMachine):
    """The rules that processes live by. What they did is played when it is over."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.stream = 0

    @initialize(stream=st.sampled_from([0, 1, 3, 100]))
    def begin(self, stream: int) -> None:
        self.stream = stream
        self.world.begin()

    def one(self, data: Any, lwps: list[int]) -> int:
        return int(data.draw(st.sampled_from(sorted(lwps))))

    @precondition(lambda self: self.world.idle())
    @rule(data=st.data())
    def enters(self, data: Any) -> None:
        self.world.enter(self.one(data, self.world.idle()))

    @precondition(lambda self: self.world.inside())
    @rule(data=st.data(), result=st.integers(-133, 2**40))
    def leaves(self, data: Any, result: int) -> None:
        self.world.leave(self.one(data, self.world.inside()), result)

    @precondition(lambda self: self.world.idle())
    @rule(data=st.data())
    def gets_a_signal(self, data: Any) -> None:
        self.world.signal(self.one(data, self.world.idle()))

    @rule()
    def tick(self) -> None:
        self.world.interrupt()

    @precondition(lambda self: self.world.idle())
    @rule(data=st.data(), child_first=st.booleans(), lwp=st.booleans())
    def makes_another(self, data: Any, child_first: bool, lwp: bool) -> None:
        make = self.world.clone if lwp else self.world.fork
        make(self.one(data, self.world.idle()), child_first=child_first)

    @precondition(lambda self: self.world.pending())
    @rule(data=st.data())
    def comes_to_its_first_stop(self, data: Any) -> None:
        self.world.arrive(self.one(data, self.world.pending()))

    @precondition(lambda self: self.followers())
    @rule(data=st.data())
    def ends(self, data: Any) -> None:
        self.world.end_lwp(self.one(data, self.followers()))

    @precondition(lambda self: self.world.idle())
    @rule(data=st.data())
    def executes(self, data: Any) -> None:
        self.world.execute(self.one(data, self.world.idle()))

    @precondition(lambda self: self.world.idle())
    @rule(data=st.data(), status=st.integers(0, 255))
    def exits(self, data: Any, status: int) -> None:
        self.world.exit(self.one(data, self.world.idle()), status)

    @precondition(lambda self: self.world.lwps)
    @rule(data=st.data())
    def is_killed(self, data: Any) -> None:
        self.world.kill(self.one(data, [lwp.pid for lwp in self.world.lwps.values()]))

    def followers(self) -> list[int]:
        """LWPs that are not the first of theirs, and in no call."""
        return [lwp for lwp in self.world.idle() if self.world.lwps[lwp].pid != lwp]

    def teardown(self) -> None:
        if not self.world.stops:
            return
        self.world.finish()
        run = played(Case(self.world.stops, stream=self.stream))
        assert run.raised is None
        assert recorded(run.events) == self.world.told
        assert not out_of_order(run.events)
        assert not unannounced(run.events, root=10)
        assert [event.seq for event in run.events] == list(range(1, len(run.events) + 1))


def test_what_processes_do_is_what_is_recorded() -> None:
    run_state_machine_as_test(Processes, settings=SETTINGS)


STATUSES = st.one_of(
    st.integers(-(2**31), 2**31 - 1),
    st.builds(
        lambda event, signo: event << 16 | signo << 8 | 0x7F, st.integers(0, 8), st.integers(1, 64)
    ),
    st.sampled_from([0x857F, 128 << 16 | 0x57F, 0, 9, 0x8B, 0x100]),
)
ANYTHING = st.builds(
    Scripted,
    id=st.integers(9, 14),
    status=STATUSES,
    state=st.one_of(st.integers(9, 14), st.integers(0, 2**64 - 1)),
    owned=st.booleans(),
    siginfo=st.binary(max_size=144),
    syscall_info=st.one_of(
        st.binary(max_size=96),
        st.builds(lambda op, rest: bytes([op]) + rest, st.integers(1, 3), st.binary(max_size=95)),
    ),
    regs=st.binary(max_size=280),
    refuses=st.sampled_from([0, 0, 0, 3, 5]),
    pid=st.sampled_from([0, 9, 10, 11]),
    parent=st.sampled_from([0, 9, 10]),
    answer=st.sampled_from([0, 1]),
    narrow=st.booleans(),
)


@pytest.mark.parametrize("os", ["linux", "netbsd"])
@SETTINGS
@given(
    stops=st.lists(ANYTHING, max_size=30),
    follow=st.sampled_from(list(Follow)),
    events=st.one_of(st.just(int(Mask.ALL)), st.integers(0, int(Mask.ALL))),
    attach=st.booleans(),
    fault=st.builds(
        Fault, st.integers(0, 60), st.sampled_from([1, 3, 5, 12, 22]), st.sampled_from([0, 1, 2])
    ),
)
def test_no_stops_are_too_strange(  # noqa: PLR0917  # hypothesis gives them by name
    os: str, stops: list[Scripted], follow: Follow, events: int, attach: bool, fault: Fault
) -> None:
    """Of a kernel that makes no sense: the loop ends, and the words are clear."""
    case = Case(
        stops,
        os=os,
        attach=[stops[0].id] if attach and stops else [],
        choice=Choice(follow=follow, events=Mask(events & int(Mask.ALL))),
        until=4 * len(stops) + 3,
    )
    run = played(case, fault)
    assert run.raised is None or isinstance(run.raised, PicotraceError | MemoryError)
    assert len(run.events) < case.until
    assert len(run.calls) < 10_000, "it goes round and round"
    if os == "linux" and stops and not case.attach and case.choice == Choice(follow=Follow.ALL):
        order = Order(stops[0].id)
        assert not [event for event in run.events if not order.allows(event)]


@SETTINGS
@given(
    record=st.binary(min_size=1, max_size=ffi.sizeof("struct pico_event")),
    flags=st.integers(0, 1023),
)
def test_any_record_is_one_line(record: bytes, flags: int) -> None:
    event = ffi.new("struct pico_event *")
    ffi.memmove(event, record, len(record))
    line = ffi.new("char[]", lib.PICO_LINE_MAX)
    text = ffi.gc(lib.pico_text_new(-1, flags), lib.pico_text_free)
    size = lib.pico_text_format(text, event, line)
    written = bytes(ffi.buffer(line, size))
    assert written.endswith(b"\n")
    assert all(byte == 0x1B or 0x20 <= byte < 0x7F for byte in written[:-1])
