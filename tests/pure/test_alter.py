"""What a loop's body does to a stopped LWP, on scripts: what is asked of the kernel, and when."""

import errno
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pypicotrace import events as ev
from pypicotrace._ffi import lib
from pypicotrace.errors import Unsupported
from pypicotrace.kinds import Mask
from pypicotrace.registers import Registers
from pypicotrace.testing import script as s
from pypicotrace.testing.script import Request, play

GETPID, GETPPID, WRITE, EXECVE, EXIT = 39, 110, 1, 59, 60
ESRCH, EIO, EOPNOTSUPP = errno.ESRCH, errno.EIO, errno.EOPNOTSUPP
SIGTRAP, SIGUSR1, SIGSEGV, SIGUSR2, SIGCHLD, SIGSTOP = 5, 10, 11, 12, 17, 19
SI_QUEUE = -1

START = [s.exec_(10), s.exit_(10, 0)]


def on(kind: type[ev.Event], do: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda event: do(event.stop) if type(event) is kind else None


def passed_on(requests: list[Request]) -> list[int]:
    return [request.signo for request in requests if request.asked == "resume" and request.signo]


def test_a_signal_is_sent_at_an_event_that_is_none() -> None:
    stops = [*START, s.entry(10, GETPID), s.exit_(10, 10), s.exited(10, 0)]
    played = play(stops, body=on(ev.SyscallEntry, lambda stop: stop.signal(SIGUSR1)))
    assert played.requests.count(Request("send", 10, 0, SIGUSR1)) == 1
    assert passed_on(played.requests) == []


@pytest.mark.parametrize("signo", [SIGUSR2, signal.NSIG - 1])
def test_a_signal_takes_the_place_of_the_one_that_arrives(signo: int) -> None:
    stops = [*START, s.signalled(10, SIGUSR1), s.entry(10, GETPID), s.exited(10, 0)]
    played = play(stops, body=on(ev.Stopped, lambda stop: stop.signal(signo)))
    assert passed_on(played.requests) == [signo]
    assert [e.signo for e in played.events if isinstance(e, ev.Stopped)] == [SIGUSR1]


def test_a_signal_is_suppressed_once() -> None:
    stops = [*START, s.signalled(10, SIGUSR1), s.signalled(10, SIGUSR2), s.exited(10, 0)]
    first = iter([True])
    played = play(stops, body=on(ev.Stopped, lambda stop: next(first, False) and stop.suppress()))
    assert passed_on(played.requests) == [SIGUSR2]


@pytest.mark.parametrize("stops_it", [True, False])
def test_what_is_delivered_says_whether_the_process_stops(stops_it: bool) -> None:
    """A group stop that comes with no signal of its own is one of before, and is not continued."""
    arrives, instead = (SIGUSR1, SIGSTOP) if stops_it else (SIGSTOP, SIGUSR1)
    stops = [*START, s.signalled(10, arrives), s.group_stop(10), s.first_stop(10)]
    played = play([*stops, s.exited(10, 0)], body=on(ev.Stopped, lambda stop: stop.signal(instead)))
    assert len([e for e in played.events if isinstance(e, ev.Continued)]) == stops_it


def test_siginfo_is_the_events_with_what_was_changed() -> None:
    stops = [*START, s.signalled(10, SIGUSR1, SI_QUEUE, 77, 1000), s.exited(10, 0)]

    def body(stop: Any) -> None:
        stop.set_siginfo(sender=78)
        stop.set_siginfo(value=-1)

    played = play(stops, body=on(ev.Stopped, body))
    asked = [r for r in played.requests if r.asked == "siginfo"]
    assert asked == [
        Request("siginfo", 10, 0, SIGUSR1, (SI_QUEUE, 0, 78, 1000, 0, 0, 0)),
        Request("siginfo", 10, 0, SIGUSR1, (SI_QUEUE, 0, 78, 1000, 0, 2**64 - 1, 0)),
    ]


def test_siginfo_of_a_fault() -> None:
    stops = [*START, s.faulted(10, SIGSEGV, 1, 16), s.exited(10, 0)]
    played = play(stops, body=on(ev.Crashed, lambda stop: stop.set_siginfo(addr=2**63, code=2)))
    [asked] = [r for r in played.requests if r.asked == "siginfo"]
    assert asked.about == (2, 0, 0, 0, 2**63, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere SIGCHLD has another number")
def test_siginfo_of_a_signal_that_takes_anothers_place_has_its_number() -> None:
    stops = [*START, s.signalled(10, SIGUSR1, SI_QUEUE, 77), s.exited(10, 0)]

    def body(stop: Any) -> None:
        stop.signal(SIGCHLD)
        stop.set_siginfo(code=1, status=3)
        stop.suppress()
        with pytest.raises(ValueError, match="suppressed"):
            stop.set_siginfo(code=1)

    played = play(stops, body=on(ev.Stopped, body))
    [asked] = [r for r in played.requests if r.asked == "siginfo"]
    assert asked == Request("siginfo", 10, 0, SIGCHLD, (1, 0, 77, 0, 0, 0, 3))
    assert passed_on(played.requests) == []


I386, AARCH64 = 0x40000003, 0xC00000B7
ANSWER, RESULT, ARGS, NUMBER = 8, 4, 2, 1


def altered(requests: list[Request]) -> list[tuple[int, Any]]:
    return [(request.how, request.about) for request in requests if request.asked == "alter"]


def test_an_answer_whose_exit_follows_is_given_again_there() -> None:
    stops = [*START, s.entry(10, WRITE, 1, 2, 3), s.exit_(10, -38), s.exited(10, 0)]
    played = play(stops, body=on(ev.SyscallEntry, lambda stop: stop.inject(error=28)))
    assert altered(played.requests) == [
        (ANSWER, (WRITE, (1, 2, 3), 0, 28)),
        (RESULT, (WRITE, (1, 2, 3), 0, 28)),
    ]
    [left] = [e for e in played.events if type(e) is ev.SyscallExit]
    assert (left.sysnum, left.args, left.error, left.retval) == (WRITE, (1, 2, 3), 28, None)
    assert left.enter_seq == 2


@pytest.mark.parametrize("at_its_exit", [False, True])
def test_an_answer_without_an_exit_gets_one(at_its_exit: bool) -> None:
    """It comes before anything else that has happened, and its LWP is resumed once."""
    stops = [*START, s.made(10, s.EVENT_CLONE, 11, owned=True), s.first_stop(11)]
    stops += [s.entry(10, WRITE, 1, 2, 3, answer=0), s.entry(11, GETPID)]
    stops += [s.exit_(11, 10), s.entry(10, GETPPID), s.exited(11, 0), s.exited(10, 0)]

    def body(event: Any) -> None:
        if event.lwp == 10 and getattr(event, "sysnum", 0) == WRITE:
            if type(event) is ev.SyscallEntry:
                event.stop.inject(retval=3)
            elif at_its_exit:
                event.stop.inject(retval=2)

    played = play(stops, body=body)
    calls = [(type(e), e.lwp, e.sysnum) for e in played.events if isinstance(e, ev.SyscallEntry)]
    assert calls == [
        (ev.SyscallEntry, 10, WRITE),
        (ev.SyscallExit, 10, WRITE),
        (ev.SyscallEntry, 11, GETPID),
        (ev.SyscallExit, 11, GETPID),
        (ev.SyscallEntry, 10, GETPPID),
    ]
    made = next(e for e in played.events if type(e) is ev.SyscallExit)
    assert (made.args, made.retval, made.error) == ((1, 2, 3), 3, 0)
    about = (WRITE, (1, 2, 3))
    expected = [(ANSWER, (*about, 3, 0)), *[(RESULT, (*about, 2, 0))] * at_its_exit]
    assert altered(played.requests) == expected
    resumed = [r.lwp for r in played.requests if r.asked == "resume"]
    assert resumed == [10, 10, 10, 11, 10, 11, 11, 10]


def test_changed_arguments_and_numbers_are_shown_at_the_exit_and_put_back() -> None:
    stops = [*START, s.entry(10, GETPPID), s.exit_(10, 3), s.exited(10, 0)]

    def body(stop: Any) -> None:
        stop.set_sysnum("write")
        stop.set_args(1, count=3)

    played = play(stops, body=on(ev.SyscallEntry, body))
    assert altered(played.requests) == [
        (NUMBER, (WRITE, (), 0, 0)),
        (ARGS, (WRITE, (1, 0, 3), 0, 0)),
        (0, (WRITE, (1, 0, 3), 3, 0)),
    ]
    entered, left = (e for e in played.events if isinstance(e, ev.SyscallEntry))
    assert isinstance(left, ev.SyscallExit)
    assert (entered.name, left.name, left.args, left.retval) == ("getppid", "write", (1, 0, 3), 3)


def test_the_next_call_is_as_the_program_makes_it() -> None:
    stops = [*START, s.entry(10, WRITE, 1, 2, 3), s.exit_(10, 3)]
    stops += [s.entry(10, WRITE, 1, 2, 3), s.exit_(10, 3), s.exited(10, 0)]
    first = iter([True])
    body = on(ev.SyscallEntry, lambda stop: next(first, False) and stop.inject(error=5))
    errors = [e.error for e in play(stops, body=body).events if isinstance(e, ev.SyscallExit)]
    assert errors == [5, 0]


def test_an_answered_exit_of_the_first_lwp_is_none() -> None:
    """Its end is not waited for: the number that was to be looked out for is gone."""
    stops = [*START, s.made(10, s.EVENT_CLONE, 11, owned=True), s.first_stop(11)]
    stops += [s.entry(10, EXIT), s.exit_(10, -38), s.exited(11, 0), s.exited(10, 0)]

    def resumed(body: Callable[[Any], object]) -> list[int]:
        requests = play(stops, body=body).requests
        return [r.how for r in requests if r.asked == "resume" and r.lwp == 10]

    last = lib.PICO_RESUME_LAST
    assert last in resumed(bool)
    assert last not in resumed(on(ev.SyscallEntry, lambda stop: stop.inject(error=1)))
    assert last not in resumed(on(ev.SyscallEntry, lambda stop: stop.set_sysnum("getpid")))
    stops[-4] = s.entry(10, GETPID)
    assert last in resumed(on(ev.SyscallEntry, lambda stop: stop.set_sysnum("exit")))


def test_a_system_that_cannot_says_so() -> None:
    stops = [*START, s.entry(10, GETPID, answer=-EOPNOTSUPP), s.exited(10, 0)]

    def body(stop: Any) -> None:
        for do in (lambda: stop.inject(error=1), lambda: stop.set_sysnum(1)):
            with pytest.raises(Unsupported, match=r"\w+ on \w+ cannot change a call"):
                do()

    assert altered(play(stops, body=on(ev.SyscallEntry, body)).requests) == []


@pytest.mark.parametrize("died", [ESRCH, EIO])
def test_an_answer_that_could_not_be_given(died: int) -> None:
    """Killed in that moment, it never got it: there is no exit to be shown."""
    stops = [*START, s.entry(10, GETPID), s.exit_(10, -38, answer=-died), s.killed(10, 9)]

    def run() -> list[type[ev.Event]]:
        body = on(ev.SyscallEntry, lambda stop: stop.inject(error=1))
        return [type(e) for e in play(stops, body=body).events]

    if died == ESRCH:
        assert run() == [ev.Exec, ev.SyscallEntry, ev.Signaled]
    else:
        with pytest.raises(OSError, match="Input/output error"):
            run()


def test_after_an_exec_by_another_lwp_the_answer_is_nobodys() -> None:
    """The first LWP's call was answered, when another's execve took its id."""
    stops = [*START, s.made(10, s.EVENT_CLONE, 11, owned=True), s.first_stop(11)]
    stops += [s.entry(11, EXECVE), s.entry(10, GETPID), s.exec_(10, old=11), s.exit_(10, 0)]
    played = play(
        [*stops, s.exited(10, 0)],
        body=lambda e: e.stop.inject(error=1) if getattr(e, "sysnum", 0) == GETPID else None,
    )
    [left] = [e for e in played.events if type(e) is ev.SyscallExit]
    assert (left.name, left.error) == ("execve", 0)


def stepped(lwp: int, code: int, pc: int, regs: bytes = b"", machine: int = s.EM_X86_64) -> Any:
    regs = regs or changed_regs(registers(s.regs_x86_64(0)), "rip", pc)
    return replace(s.faulted(lwp, SIGTRAP, code, 0), regs=regs, machine=machine)


TRAP_BRKPT, TRAP_TRACE, SI_KERNEL = 1, 2, 0x80


@pytest.mark.parametrize("block", [False, True], ids=["instruction", "block"])
@pytest.mark.parametrize("code", [TRAP_TRACE, TRAP_BRKPT, SIGTRAP])
def test_a_step_is_asked_for_once_and_told_once(code: int, block: bool) -> None:
    stops = [*START, s.entry(10, GETPID), s.exit_(10, 10), stepped(10, code, 0x1234)]
    stops += [stepped(10, code, 0x1235), s.exited(10, 0)]
    played = play(stops, body=on(ev.SyscallExit, lambda stop: stop.step(block=block)))
    how = [r.how for r in played.requests if r.asked == "resume"]
    asked = lib.PICO_RESUME_BLOCK if block else lib.PICO_RESUME_STEP
    # The exec, its exit, the entry; then, once, the exit.
    assert [h == asked for h in how] == [False] * 3 + [True] + [False] * 2
    [step] = [e for e in played.events if isinstance(e, ev.SingleStep)]
    assert step.pc == 0x1234
    # The other one is the program's own.
    assert [type(e) for e in played.events[-2:]] == [ev.Crashed, ev.Exited]
    assert passed_on(played.requests) == [SIGTRAP]


@pytest.mark.parametrize(
    ("code", "machine"), [(SI_KERNEL, s.EM_X86_64), (TRAP_BRKPT, s.EM_AARCH64)]
)
def test_a_breakpoint_of_the_programs_own_is_no_step(code: int, machine: int) -> None:
    regs = s.regs_aarch64(0) if machine == s.EM_AARCH64 else b""
    stops = [*START, s.entry(10, GETPID), s.exit_(10, 10), stepped(10, code, 1, regs, machine)]
    played = play([*stops, s.exited(10, 0)], body=on(ev.SyscallExit, lambda stop: stop.step()))
    assert [type(e) for e in played.events[-2:]] == [ev.Crashed, ev.Exited]


def test_what_comes_in_between_ends_a_step_if_it_is_shown() -> None:
    stops = [s.exec_(10), s.exit_(10, 0), s.signalled(10, SIGUSR1), s.entry(10, GETPID)]
    stops += [s.exit_(10, 10, regs=changed_regs(registers(s.regs_x86_64(0)), "rip", 7))]
    stops += [s.entry(10, GETPID), s.exit_(10, 10), s.exited(10, 0)]

    def shown(events: Mask) -> list[type[ev.Event]]:
        played = play(stops, events=events, body=on(ev.Exec, lambda stop: stop.step()))
        return [type(e) for e in played.events]

    few = Mask.EXEC | Mask.STEP
    assert shown(few | Mask.SIGNAL) == [ev.Exec, ev.Stopped]
    assert shown(few | Mask.SCE) == [ev.Exec, ev.SyscallEntry, ev.SyscallEntry]
    assert shown(few) == [ev.Exec, ev.SingleStep]


X86_64_ARGS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
INT80_ARGS = ("rbx", "rcx", "rdx", "rsi", "rdi", "rbp")
I386_ARGS = ("ebx", "ecx", "edx", "esi", "edi", "ebp")
AARCH64_ARGS = ("x0", "x1", "x2", "x3", "x4", "x5")
# A machine, its calls' registers, the numbers of mmap and getpid, and the names of all.
MACHINES = {
    "x86-64": (s.X86_64, s.EM_X86_64, s.regs_x86_64, 9, X86_64_ARGS, "orig_rax", "rax"),
    "int 0x80": (I386, s.EM_X86_64, s.regs_x86_64, 192, INT80_ARGS, "orig_rax", "rax"),
    "i386": (I386, s.EM_X86_64, s.regs_i386, 192, I386_ARGS, "orig_eax", "eax"),
    "aarch64": (AARCH64, s.EM_AARCH64, s.regs_aarch64, 222, AARCH64_ARGS, None, "x0"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_registers_of_a_changed_call(machine: str) -> None:
    arch, elf, regs, nr, args, number, result = MACHINES[machine]
    before = regs(nr, 1, 2, 3, 4, 5, 6)
    stops = [*START, s.entry(10, nr, *range(1, 7), arch=arch, regs=before, machine=elf)]
    seen = []

    def body(event: Any) -> None:
        if type(event) is not ev.SyscallEntry:
            return
        found = dict(event.stop.registers)
        event.stop.set_args(11, 12, 13, 14, 15, 16)
        changed = {**found, **dict(zip(args, range(11, 17), strict=True))}
        assert event.stop.registers == changed
        event.stop.set_sysnum(7)
        changed |= {number: 7} if number is not None else {}
        assert event.stop.registers == changed
        seen.append(changed)

    play([*stops, s.killed(10, 9)], body=body)
    assert len(seen) == 1
    # What the program then finds in them, but for the result; one that it has set itself stays.
    left = bytes(changed_regs(seen[0], result, 99))
    stops += [s.exit_(10, 99, arch=arch, regs=left, machine=elf), s.exited(10, 0)]

    def after(event: Any) -> None:
        body(event)
        if type(event) is ev.SyscallExit:
            assert dict(event.stop.registers) == {**registers(before), result: 99}
            seen.append({})

    play(stops, body=after)
    assert seen[-1] == {}


def changed_regs(values: dict[str, int], name: str, value: int) -> bytes:
    """Registers as the kernel gives them, one changed."""
    width = 4 if "eax" in values else 8
    return b"".join(v.to_bytes(width, "little") for v in {**values, name: value}.values())


def registers(data: bytes) -> dict[str, int]:
    return dict(Registers(lambda: data, lambda _: None))


ANSWERS: list[tuple[str, dict[str, int], int | None]] = [
    ("x86-64", {"retval": 5}, 5),
    ("x86-64", {"error": 1}, 2**64 - 1),
    ("x86-64", {"retval": -4096}, 2**64 - 4096),
    ("x86-64", {"retval": -4095}, None),
    ("x86-64", {"error": 4096}, None),
    ("i386", {"error": 2}, 2**32 - 2),
    ("i386", {"retval": -5000}, 2**32 - 5000),
    ("i386", {"retval": -1}, None),
    ("int 0x80", {"error": 2}, 2**64 - 2),
    ("int 0x80", {"retval": -5000}, 2**32 - 5000),
    ("int 0x80", {"retval": 2**32 - 1}, None),
    ("aarch64", {"error": 2}, 2**64 - 2),
    ("aarch64", {"retval": 7}, 7),
]


@pytest.mark.parametrize("kind", [ev.SyscallEntry, ev.SyscallExit])
@pytest.mark.parametrize(("machine", "given", "wanted"), ANSWERS)
def test_the_registers_of_a_call_with_a_result(
    machine: str, given: dict[str, int], wanted: int | None, kind: type[ev.Event]
) -> None:
    arch, elf, regs, nr, _, number, result = MACHINES[machine]
    before = regs(nr, 1, 2, 3, 4, 5, 6)
    stops = [*START, s.entry(10, nr, *range(1, 7), arch=arch, regs=before, machine=elf)]
    stops += [s.exit_(10, 0, arch=arch, regs=before, machine=elf), s.exited(10, 0)]
    seen = []

    def body(stop: Any) -> None:
        if wanted is None:
            with pytest.raises(ValueError, match="is no result of a call here"):
                stop.inject(**given)
            return
        stop.inject(**given)
        expected = {**registers(before), result: wanted}
        if number is not None:
            expected[number] = 2**stop.registers.bits - 1
        assert stop.registers == expected
        seen.append(stop.registers)

    play(stops, body=on(kind, body))
    assert len(seen) == (wanted is not None)


def test_registers_that_are_not_known_cannot_be_changed() -> None:
    entry = s.entry(10, GETPID, regs=b"?" * 20)

    def body(stop: Any) -> None:
        with pytest.raises(Unsupported, match="cannot change a call"):
            stop.inject(error=1)
        with pytest.raises(Unsupported, match="registers of 20 bytes"):
            _ = stop.registers

    play([*START, entry, s.exited(10, 0)], body=on(ev.SyscallEntry, body))


def test_a_system_without_breakpoints_says_so() -> None:
    """And what it has not set is the program's own."""
    hardware = 4  # TRAP_HWBKPT
    stops = [s.exec_(10), s.exit_(10, 0), s.faulted(10, SIGTRAP, hardware, 1), s.exited(10, 0)]

    def body(stop: Any) -> None:
        with pytest.raises(Unsupported, match="cannot set a breakpoint"):
            stop.breakpoint(1)

    events = play(stops, body=on(ev.Exec, body)).events
    assert [type(e) for e in events] == [ev.Exec, ev.Crashed, ev.Exited]


@pytest.mark.parametrize("kind", [ev.SyscallEntry, ev.SyscallExit])
def test_a_system_that_cannot_have_calls_made(kind: type[ev.Event]) -> None:
    """The script's cannot."""
    stops = [*START, s.entry(10, GETPID), s.exit_(10, 10), s.exited(10, 0)]

    def body(stop: Any) -> None:
        with pytest.raises(Unsupported, match="cannot run a system call"):
            stop.syscall("getppid")

    assert play(stops, body=on(kind, body)).status is not None
