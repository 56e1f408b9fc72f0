"""Linux's decoder and the loop, on scripts: what a stop means, and in which order stops come.

The scripts are what ptrace(2) documents for a seized tracee.
"""

import struct
import time
from dataclasses import replace
from typing import Any

import pytest

from pypicotrace import events as ev
from pypicotrace._ffi import lib
from pypicotrace.kinds import Mask
from pypicotrace.testing import script as s
from pypicotrace.testing.script import Request, Scripted, play

GETPID, READ, FORK, CLONE, EXECVE, EXIT = 39, 0, 57, 56, 59, 60
SIGUSR1, SIGSEGV, SIGTRAP, SIGCONT = 10, 11, 5, 18
ESRCH, EIO = 3, 5
I386, AARCH64 = 0x40000003, 0xC00000B7


def shown(events: list[ev.Event]) -> list[str]:
    """Events in short: LWP, kind, and what the kind carries."""
    return [f"{event.lwp} {type(event).__name__}{detail(event)}" for event in events]


def detail(event: Any) -> str:
    if isinstance(event, ev.SyscallExit):
        return f" {event.name} {-event.error if event.error else event.retval}"
    if isinstance(event, ev.Exec) and event.old_lwp:
        return f" from {event.old_lwp}"
    carried = [getattr(event, field, None) for field in ("name", "child", "signo")]
    carried.append(event.status if isinstance(event, ev.Exited) else None)
    return "".join(f" {value}" for value in carried if value is not None)


def test_a_program_from_exec_to_exit() -> None:
    played = play(
        [s.exec_(10), s.exit_(10, 0), s.entry(10, GETPID), s.exit_(10, 10), s.exited(10, 7)]
    )
    assert shown(played.events) == [
        "10 Exec",  # the execve that starts it is the tracer's: no exit of it is shown
        "10 SyscallEntry getpid",
        "10 SyscallExit getpid 10",
        "0 Exited 7",
    ]
    entry, exit_ = played.events[1:3]
    assert isinstance(exit_, ev.SyscallExit)
    assert exit_.enter_seq == entry.seq == 2
    assert played.status == ev.Exited(pid=10, lwp=0, program=b"prog10", status=7)


def test_arguments_are_as_many_and_as_wide_as_the_call_has() -> None:
    wide = 2**64 - 1
    stops = [
        s.exec_(10),
        s.exit_(10, 0),
        s.entry(10, READ, wide, wide, wide, wide),
        s.killed(10, 9),
    ]
    [entry] = [e for e in play(stops).events if isinstance(e, ev.SyscallEntry)]
    assert entry.args == (2**32 - 1, wide, wide)
    assert entry.arg("fd") == 2**32 - 1
    with pytest.raises(KeyError, match="no argument 'path'"):
        entry.arg("path")


RESULTS = [
    (0, 0, 0),
    (2**47, 2**47, 0),
    (-1, None, 1),
    (-4095, None, 4095),
    (-512, None, 512),
    (-4096, 2**64 - 4096, 0),
]


@pytest.mark.parametrize(("rax", "retval", "error"), RESULTS)
def test_results(rax: int, retval: int | None, error: int) -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.entry(10, GETPID), s.exit_(10, rax), s.exited(10, 0)]
    [exit_] = [e for e in play(stops).events if isinstance(e, ev.SyscallExit)]
    assert (exit_.retval, exit_.error) == (retval, error)


@pytest.mark.parametrize("nr", [-1, 999, 0x7FFFFFFF])
def test_a_wrong_number_is_reported_as_given_with_all_registers(nr: int) -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.entry(10, nr, 1, 2, 3, 4, 5, 6), s.exit_(10, -38)]
    entry, exit_ = play([*stops, s.exited(10, 0)]).events[1:3]
    assert isinstance(entry, ev.SyscallEntry)
    assert isinstance(exit_, ev.SyscallExit)
    assert (entry.sysnum, entry.args) == (nr, (1, 2, 3, 4, 5, 6))
    assert (exit_.sysnum, exit_.error) == (nr, 38)


def test_arguments_of_a_32_bit_call_have_32_bits_also_where_its_number_is_not_known() -> None:
    """Such a call of 64-bit code: the kernel tells of whole registers."""
    wide = 0xAAAAAAAA00000000
    call = s.entry(10, 999, *(wide + i for i in range(6)), arch=I386)
    stops = [s.exec_(10), s.exit_(10, 0), call, s.exit_(10, -38, arch=I386), s.exited(10, 0)]
    entry, exit_ = play(stops).events[1:3]
    assert isinstance(entry, ev.SyscallEntry)
    assert isinstance(exit_, ev.SyscallExit)
    assert entry.args == exit_.args == tuple(range(6))


@pytest.mark.parametrize(
    ("arch", "nr", "abi", "name", "nargs"),
    [
        (s.X86_64, 39, "linux-x86_64", "getpid", 0),
        (I386, 39, "linux-i386", "mkdir", 2),
        (AARCH64, 39, "linux-aarch64", "umount2", 2),
        (s.X86_64, 0x40000027, "linux-x32", "getpid", 0),
        (0x12345678, 39, "unknown", "syscall_39", 6),
    ],
)
def test_a_call_belongs_to_its_own_abi(arch: int, nr: int, abi: str, name: str, nargs: int) -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.entry(10, nr, arch=arch), s.exit_(10, 1, arch=arch)]
    entry = play([*stops, s.exited(10, 0)]).events[1]
    assert isinstance(entry, ev.SyscallEntry)
    assert (entry.abi, entry.name, len(entry.args)) == (abi, name, nargs)
    assert entry.sysnum == nr


def test_an_exit_without_its_entry_takes_the_call_from_the_registers() -> None:
    stops = [s.first_stop(10, pid=10), s.exit_(10, -4, nr=READ), s.exited(10, 0)]
    attached, exit_, _ = play(stops, attach=[10]).events
    assert isinstance(attached, ev.Attached)
    assert isinstance(exit_, ev.SyscallExit)
    assert (exit_.name, exit_.error, exit_.enter_seq) == ("read", 4, 0)


def test_the_registers_of_a_32_bit_call_in_64_bit_code_are_others() -> None:
    """Of int 0x80: rbx, rcx and rdx."""
    words = [0] * 27
    words[15], words[5], words[11], words[12] = 4, 1, 0x1000, 3
    regs = struct.pack("<27Q", *words)
    stops = [s.first_stop(10, pid=10), s.exit_(10, 3, arch=I386, regs=regs), s.exited(10, 0)]
    _, exit_, _ = play(stops, attach=[10]).events
    assert isinstance(exit_, ev.SyscallExit)
    assert (exit_.abi, exit_.name, exit_.args) == ("linux-i386", "write", (1, 0x1000, 3))


UNTOLD = [
    (s.EM_X86_64, s.regs_x86_64, "linux-x86_64", READ),
    (s.EM_X86_64, s.regs_i386, "linux-i386", 3),
    (s.EM_AARCH64, s.regs_aarch64, "linux-aarch64", 63),
]


@pytest.mark.parametrize(("machine", "regs", "abi", "nr"), UNTOLD)
def test_a_kernel_that_tells_no_more_than_registers(
    machine: int, regs: Any, abi: str, nr: int
) -> None:
    entered = regs(nr, 3, 0x1000, 64)
    left = regs(nr, -9) if regs is s.regs_aarch64 else regs(nr, 3, 0x1000, 64, result=-9)
    stops = [s.exec_(10), s.untold(10, regs(0), machine)]  # the exit of the execve that starts it
    stops += [s.untold(10, entered, machine), s.untold(10, left, machine), s.exited(10, 0)]
    _, entry, exit_, _ = play(stops).events
    assert isinstance(entry, ev.SyscallEntry)
    assert isinstance(exit_, ev.SyscallExit)
    assert (entry.abi, entry.sysnum, entry.args) == (abi, nr, (3, 0x1000, 64))
    assert (exit_.sysnum, exit_.error, exit_.retval) == (nr, 9, None)


@pytest.mark.parametrize(("machine", "regs", "abi", "nr"), UNTOLD)
@pytest.mark.parametrize("event", [s.EVENT_VFORK_DONE, s.EVENT_EXEC])
def test_the_stop_after_one_in_the_middle_of_a_call_is_its_exit(
    machine: int, regs: Any, abi: str, nr: int, event: int
) -> None:
    """Where the kernel does not tell, and the tracer came to it there."""
    stops = [s.stopped(10, s.SIGTRAP, event, state=10, pid=10)]
    stops += [s.untold(10, regs(nr, 20), machine), s.untold(10, regs(nr, 3, 0x1000, 64), machine)]
    stops += [s.untold(10, regs(nr, 3), machine), s.exited(10, 0)]
    *_, half, entry, exit_, _ = play(stops, attach=[10]).events
    assert [type(event) for event in (half, entry, exit_)] == [
        ev.SyscallExit,
        ev.SyscallEntry,
        ev.SyscallExit,
    ]
    assert half.enter_seq == 0
    assert exit_.enter_seq == entry.seq


def test_registers_that_are_not_known_give_no_number() -> None:
    stops = [s.first_stop(10, pid=10), replace(s.exit_(10, 5), regs=b"?" * 20), s.exited(10, 0)]
    _, exit_, _ = play(stops, attach=[10]).events
    assert isinstance(exit_, ev.SyscallExit)
    assert (exit_.sysnum, exit_.retval) == (-1, 5)


CHILD_FIRST = [s.first_stop(20, pid=20, parent=10), s.made(10, s.EVENT_FORK, 20)]
PARENT_FIRST = [s.made(10, s.EVENT_FORK, 20), s.first_stop(20, pid=20, parent=10)]


@pytest.mark.parametrize("middle", [CHILD_FIRST, PARENT_FIRST], ids=["child first", "parent first"])
def test_a_child_is_never_seen_before_its_parents_event(middle: list[Scripted]) -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.entry(10, FORK), *middle, s.exit_(10, 20)]
    stops += [s.entry(20, GETPID), s.exit_(20, 20), s.exited(20, 3), s.exited(10, 0)]
    played = play(stops)
    assert shown(played.events) == [
        "10 Exec",
        "10 SyscallEntry fork",
        "10 Forked 20",
        "10 SyscallExit fork 20",
        "20 SyscallEntry getpid",
        "20 SyscallExit getpid 20",
        "0 Exited 3",
        "0 Exited 0",
    ]
    assert Request("resume", 20, lib.PICO_RESUME_SYSCALL, 0) in played.requests


def test_a_held_child_that_was_killed_is_created_and_ended() -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.first_stop(20, pid=20, parent=10), s.killed(20, 9)]
    stops += [s.made(10, s.EVENT_FORK, 20), s.exited(10, 0)]
    assert shown(play(stops).events) == ["10 Exec", "10 Forked 20", "0 Signaled 9", "0 Exited 0"]


def test_the_orphan_of_a_killed_parent_is_taken_in() -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.entry(10, FORK)]
    stops += [s.first_stop(20, pid=20, parent=10), s.killed(10, 9), s.exited(20, 0)]
    played = play(stops)
    assert shown(played.events)[2:] == ["0 Signaled 9", "20 Attached", "0 Exited 0"]
    assert [r.lwp for r in played.requests if r.asked == "resume"][-1] == 20


def test_a_held_lwp_of_a_process_that_execs_away_its_creator() -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.first_stop(11, pid=10, parent=1), s.killed(11, 9)]
    stops += [s.exec_(10), s.exited(10, 0)]
    # It belongs to the process as it was before the exec.
    assert shown(play(stops).events) == [
        "10 Exec",
        "11 LwpCreated",
        "11 LwpExited",
        "10 Exec",
        "0 Exited 0",
    ]


def test_execs_of_one_process_do_not_wait_for_each_other() -> None:
    """Each would be taken when the other LWPs have been."""
    stops = [s.exec_(10), s.exit_(10, 0), *(s.exec_(lwp, pid=10, parent=1) for lwp in (11, 12))]
    stops += [s.exec_(10), s.exited(10, 0)]
    played = play(stops)
    assert shown(played.events)[-1] == "0 Exited 0"
    assert len(played.requests) < 100


@pytest.mark.parametrize("order", [1, -1], ids=["creator first", "LWP first"])
def test_an_lwp_is_created_in_its_own_context(order: int) -> None:
    both = [s.made(10, s.EVENT_CLONE, 11, owned=True), s.first_stop(11, pid=10, parent=1)]
    stops = [s.exec_(10), s.exit_(10, 0), *both[::order], s.exited(11, 0), s.exited(10, 0)]
    assert shown(play(stops).events) == [
        "10 Exec",
        "11 LwpCreated",
        "11 LwpExited",
        "0 Exited 0",
    ]


def test_a_child_is_not_taken_for_an_orphan_because_the_caller_takes_its_time() -> None:
    """Its parent's event is under way, but cannot be taken meanwhile."""
    stops = [s.exec_(10), s.exit_(10, 0), s.made(10, s.EVENT_CLONE, 11, owned=True)]
    stops += [s.first_stop(11), s.entry(10, FORK), s.first_stop(20, pid=20, parent=10)]
    stops += [s.entry(11, GETPID), s.interrupted(), s.made(10, s.EVENT_FORK, 20)]
    stops += [s.exited(20, 0), s.killed(11, 9), s.killed(10, 9)]

    def body(event: Any) -> None:
        if event.lwp == 11 and isinstance(event, ev.SyscallEntry):
            time.sleep(1.1)

    assert shown(play(stops, body=body).events)[3:6] == [
        "11 SyscallEntry getpid",
        "10 Forked 20",
        "0 Exited 0",
    ]


@pytest.mark.parametrize(
    ("event", "owned", "kind"),
    [
        (s.EVENT_FORK, False, "Forked 20"),
        (s.EVENT_CLONE, False, "Forked 20"),
        (s.EVENT_VFORK, False, "Vforked 20"),
        # clone(CLONE_THREAD | SIGCHLD) comes as a fork, with CLONE_VFORK as a vfork.
        (s.EVENT_FORK, True, "LwpCreated"),
        (s.EVENT_VFORK, True, "LwpCreated"),
    ],
)
def test_who_owns_the_child_says_what_it_is(event: int, owned: bool, kind: str) -> None:
    stops = [s.exec_(10), s.made(10, event, 20, owned=owned), s.first_stop(20), s.exited(20, 0)]
    assert kind in shown(play([*stops, s.exited(10, 0)]).events)[1]


def test_the_end_of_a_vfork_is_that_of_one_that_was_told_of_or_under_way() -> None:
    """The kernel tells it of a child, too, that asked not to be traced."""
    done = s.stopped(10, s.SIGTRAP, s.EVENT_VFORK_DONE, state=20, pid=10)
    untraced = s.stopped(10, s.SIGTRAP, s.EVENT_VFORK_DONE, state=30)
    under_way = [done, untraced, s.exited(10, 0)]
    assert shown(play(under_way, attach=[10]).events) == [
        "10 Attached",
        "10 VforkDone 20",
        "0 Exited 0",
    ]
    asleep = [s.first_stop(10, pid=10), untraced, s.exited(10, 0)]
    assert shown(play(asleep, attach=[10]).events) == ["10 Attached", "0 Exited 0"]


def test_an_lwp_that_died_before_it_ever_stopped() -> None:
    stops = [s.exec_(10), s.made(10, s.EVENT_CLONE, 11, owned=True), s.killed(11, 9)]
    assert shown(play([*stops, s.killed(10, 9)]).events)[1:] == [
        "11 LwpCreated",
        "11 LwpExited",
        "0 Signaled 9",
    ]


def test_not_following_lets_a_child_of_clone_go_unannounced() -> None:
    stops = [s.exec_(10), s.made(10, s.EVENT_CLONE, 20), s.first_stop(20), s.exited(10, 0)]
    played = play(stops, follow=False, events=Mask.ALL & ~Mask.FORK)
    assert shown(played.events) == ["10 Exec", "0 Exited 0"]
    assert Request("detach", 20, 0, 0) in played.requests


@pytest.mark.parametrize(("stepped", "steps"), [(10, [10]), (11, [11, 10])])
def test_a_step_of_who_calls_execve_leads_behind_it(stepped: int, steps: list[int]) -> None:
    """Whatever its id is then; and no step of another does."""
    stops = [s.exec_(10), s.exit_(10, 0), s.made(10, s.EVENT_CLONE, 11, owned=True)]
    stops += [s.first_stop(11), s.entry(stepped, GETPID), s.exit_(stepped, 10)]
    stops += [s.entry(11, EXECVE), s.exec_(10, old=11), s.exit_(10, 0), s.exited(10, 0)]

    def body(event: Any) -> None:
        if event.stop is not None:
            event.stop.step()

    played = play(stops, events=Mask.STEP | Mask.SCE, syscalls=["getpid"], body=body)
    assert [step.lwp for step in played.events if isinstance(step, ev.SingleStep)] == steps


def test_exec_by_a_later_lwp_takes_the_first_ones_id() -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.made(10, s.EVENT_CLONE, 11, owned=True)]
    stops += [s.first_stop(11), s.entry(10, READ), s.entry(11, EXECVE), s.exec_(10, old=11)]
    stops += [s.exit_(10, 0), s.entry(10, GETPID), s.exit_(10, 10), s.exited(10, 0)]
    played = play(stops)
    assert shown(played.events)[1:] == [
        "11 LwpCreated",
        "10 SyscallEntry read",
        "11 SyscallEntry execve",
        "10 Exec from 11",
        "10 SyscallExit execve 0",
        "10 SyscallEntry getpid",
        "10 SyscallExit getpid 10",
        "0 Exited 0",
    ]
    execve, _, exit_ = played.events[3:6]
    assert isinstance(exit_, ev.SyscallExit)
    assert exit_.enter_seq == execve.seq


@pytest.mark.parametrize("order", [1, -1], ids=["event first", "stop first"])
def test_the_former_id_is_another_process_before_the_exec_is_told_of(order: int) -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.made(10, s.EVENT_FORK, 20), s.first_stop(20)]
    stops += [s.made(20, s.EVENT_CLONE, 21, owned=True), s.first_stop(21), s.entry(21, EXECVE)]
    new = [s.made(10, s.EVENT_FORK, 21), s.first_stop(21, pid=21, parent=10)]
    stops += [*new[::order], s.exec_(20, old=21), s.exit_(20, 0)]
    stops += [s.exited(21, 1), s.exited(20, 2), s.exited(10, 0)]
    events = play(stops).events
    assert shown(events) == [
        "10 Exec",
        "10 Forked 20",
        "21 LwpCreated",
        "21 SyscallEntry execve",
        "10 Forked 21",
        "20 Exec from 21",
        "20 SyscallExit execve 0",
        "0 Exited 1",
        "0 Exited 2",
        "0 Exited 0",
    ]
    assert isinstance(events[6], ev.SyscallExit)
    assert events[6].enter_seq == events[3].seq


def test_the_first_lwp_may_exit_before_the_others() -> None:
    stops = [s.exec_(10), s.made(10, s.EVENT_CLONE, 11, owned=True), s.first_stop(11)]
    stops += [s.entry(10, EXIT), s.stopped(10, SIGTRAP, s.EVENT_EXIT), s.entry(11, GETPID)]
    stops += [s.exit_(11, 10), s.exited(11, 0), s.exited(10, 5)]
    played = play(stops)
    assert shown(played.events)[2:] == [
        "10 SyscallEntry exit",
        "10 LwpExited",
        "11 SyscallEntry getpid",
        "11 SyscallExit getpid 10",
        "11 LwpExited",
        "0 Exited 5",
    ]
    assert Request("resume", 10, lib.PICO_RESUME_LAST, 0) in played.requests


SIGNALS = [
    (s.signalled(10, SIGUSR1, 0, 77, 5), ev.Stopped(signo=SIGUSR1, code=0, sender=77, uid=5)),
    (s.signalled(10, SIGUSR1, -6, 10), ev.Stopped(signo=SIGUSR1, code=-6, sender=10, uid=0)),
    (s.signalled(10, SIGTRAP, 0, 77), ev.Stopped(signo=SIGTRAP, code=0, sender=77)),
    (s.signalled(10, SIGTRAP, -6, 10), ev.Stopped(signo=SIGTRAP, code=-6, sender=10)),
    (s.faulted(10, SIGTRAP, 128, 0), ev.Crashed(signo=SIGTRAP, code=128, addr=0)),
    (s.faulted(10, SIGSEGV, 1, 8), ev.Crashed(signo=SIGSEGV, code=1, addr=8)),
    (s.signalled(10, SIGSEGV, 0, 77), ev.Stopped(signo=SIGSEGV, code=0, sender=77)),
    (s.signalled(10, s.SIGCHLD, 1, 20), ev.Stopped(signo=s.SIGCHLD, code=1, sender=20)),
    (s.signalled(10, 14, -2, 99), ev.Stopped(signo=14, code=-2, sender=0)),
]


@pytest.mark.parametrize(("stop", "expected"), SIGNALS)
def test_a_signal_is_reported_once_and_passed_on(stop: Scripted, expected: ev.Stopped) -> None:
    played = play([s.exec_(10), stop, s.exited(10, 0)])
    _, signal, _ = played.events
    assert isinstance(signal, type(expected))
    for field in ("signo", "code", "sender", "uid", "addr"):
        wanted = getattr(expected, field)
        if wanted is not ev.UNSET:
            assert getattr(signal, field) == wanted, field
    passed_on = [r.signo for r in played.requests if r.asked == "resume"]
    assert passed_on == [0, expected.signo]


def test_a_group_stop_listens_and_is_continued_once() -> None:
    stops = [s.exec_(10), s.made(10, s.EVENT_CLONE, 11, owned=True), s.first_stop(11)]
    stops += [s.signalled(10, s.SIGSTOP, 0, 77), s.group_stop(10), s.group_stop(11)]
    stops += [s.first_stop(10), s.first_stop(11), s.signalled(10, SIGCONT, 0, 77)]
    stops += [s.exited(11, 0), s.exited(10, 0)]
    played = play(stops)
    assert shown(played.events)[2:5] == ["10 Stopped 19", "0 Continued", "10 Stopped 18"]
    listening = [r.lwp for r in played.requests if r.how == lib.PICO_RESUME_LISTEN]
    assert listening == [10, 11]


ENDS = [*[(s.exited(10, n), n, None, False) for n in (0, 1, 127, 128, 255)]]
ENDS += [
    (s.killed(10, n, core=core), None, n, core) for n in (1, 9, 11, 64) for core in (False, True)
]


@pytest.mark.parametrize(("end", "status", "signo", "core"), ENDS)
def test_every_end(end: Scripted, status: int | None, signo: int | None, core: bool) -> None:
    last = play([s.exec_(10), end]).events[-1]
    if status is not None:
        assert last == ev.Exited(pid=10, lwp=0, program=b"prog10", status=status)
    else:
        assert last == ev.Signaled(pid=10, lwp=0, program=b"prog10", signo=signo, core=core)


QUESTIONED = [
    s.entry(10, GETPID),
    s.exit_(10, 0),
    s.signalled(10, SIGUSR1),
    s.made(10, s.EVENT_FORK, 20),
    s.exec_(10),
]


@pytest.mark.parametrize("stop", QUESTIONED)
def test_a_tracee_killed_before_it_could_be_asked_gives_no_invented_value(stop: Scripted) -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.refusing(stop, ESRCH), s.killed(10, 9)]
    assert shown(play(stops).events) == ["10 Exec", "0 Signaled 9"]


@pytest.mark.parametrize("stop", QUESTIONED)
def test_any_other_refusal_is_an_error_and_the_tracee_does_not_stay_stopped(
    stop: Scripted,
) -> None:
    with pytest.raises(OSError, match="Input/output error"):
        play([s.exec_(10), s.exit_(10, 0), s.refusing(stop, EIO), s.killed(10, 9)])


def test_the_mask_and_the_filter() -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.entry(10, GETPID), s.exit_(10, 10)]
    stops += [s.entry(10, READ), s.exit_(10, 0), s.entry(10, 999), s.exit_(10, -38)]
    stops += [s.exited(10, 0)]

    def names(events: Mask, *words: str) -> list[str]:
        return shown(play(stops, events=events, syscalls=words or None).events)

    assert names(Mask.EXIT) == ["0 Exited 0"]
    assert names(Mask.SCE, "read") == ["10 SyscallEntry read"]
    assert names(Mask.SCX, "!read") == [
        "10 SyscallExit getpid 10",
        "10 SyscallExit syscall_999 -38",
    ]
    assert names(Mask.SCE, "none") == []


def test_without_system_calls_the_tracee_does_not_stop_for_them() -> None:
    played = play([s.exec_(10), s.exited(10, 0)], events=Mask.EXIT)
    assert [r.how for r in played.requests] == [lib.PICO_RESUME_CONTINUE]


def test_an_interrupted_wait_loses_nothing() -> None:
    stops = [s.exec_(10), s.interrupted(), s.interrupted(), s.exited(10, 0)]
    assert shown(play(stops).events) == ["10 Exec", "0 Exited 0"]


def test_an_end_that_somebody_else_took_ends_the_loop() -> None:
    assert shown(play([s.exec_(10)]).events) == ["10 Exec", "0 Detached"]


def test_what_was_never_announced_is_before_its_end_is_lost() -> None:
    """Of an orphan that was killed before anything could be asked, and whose end somebody took."""
    stops = [s.exec_(10), s.exited(10, 0), s.refusing(s.signalled(20, SIGUSR1), ESRCH)]
    assert shown(play(stops).events) == ["10 Exec", "0 Exited 0", "20 Attached", "0 Detached"]


def test_a_thousand_lwps_come_and_go() -> None:
    ids = range(100, 1100)
    stops = [s.exec_(10)]
    for lwp in ids:
        stops += [s.made(10, s.EVENT_CLONE, lwp, owned=True), s.first_stop(lwp)]
    stops += [s.exited(lwp, 0) for lwp in reversed(ids)]
    events = play([*stops, s.exited(10, 0)]).events
    assert [e.lwp for e in events if isinstance(e, ev.LwpCreated)] == [*ids]
    assert [e.lwp for e in events if isinstance(e, ev.LwpExited)] == [*reversed(ids)]
