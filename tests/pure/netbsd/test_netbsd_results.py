"""Results of more than 32 bits on NetBSD: the kernel tells their lower half, a step the rest."""

from dataclasses import replace
from typing import Any

import pytest
from scripted import (
    GETPID,
    LSEEK,
    MMAP,
    READ,
    RETURN,
    SIGKILL,
    SIGUSR1,
    SYSCALL,
    check_fields,
    means,
    play,
    resumed,
    shown,
)

import pypicotrace as pt
from pypicotrace.results import errors
from pypicotrace.testing import netbsd as nb
from pypicotrace.testing import script as s
from pypicotrace.testing.script import Scripted
from pypicotrace.text import Text

WHOLE, LOW = 0x7F7FF7EE8000, 0xF7EE8000
CALL = [nb.exec_(10), nb.entry(10, MMAP, 0, 0x2000), nb.exit_(10, MMAP, LOW)]
AFTER = [nb.entry(10, GETPID), s.exited(10, 0)]


def the_exit(played: Any) -> Any:
    [event] = [e for e in played.events if isinstance(e, pt.SyscallExit)]
    return event


MACHINES = [
    (nb.EM_X86_64, nb.regs_amd64(WHOLE, 7), WHOLE),
    (nb.EM_AARCH64, nb.regs_aarch64(WHOLE, 7), WHOLE),
    (nb.EM_386, nb.regs_i386(LOW, 7), LOW),
]


@pytest.mark.parametrize(("machine", "regs", "result"), MACHINES)
def test_the_registers_after_a_step_have_all_of_it(machine: int, regs: bytes, result: int) -> None:
    played = play([*CALL, nb.stepped(10, regs, machine), *AFTER])
    check_fields(
        the_exit(played),
        means(pt.SyscallExit, name="mmap", retval=result, retval2=7, error=0, cut=False),
    )
    assert the_exit(played).args[:2] == (0, 0x2000)
    assert the_exit(played).enter_seq == 2
    assert resumed(played) == [(SYSCALL, 0), (SYSCALL, 0), (RETURN, 0), (SYSCALL, 0), (SYSCALL, 0)]


@pytest.mark.parametrize(
    "step",
    [
        nb.stepped(10, nb.regs_amd64(WHOLE), machine=243),  # RISC-V
        s.refusing(nb.stepped(10, b""), 3),
    ],
)
def test_registers_that_are_not_known_leave_it_cut(step: Scripted) -> None:
    played = play([*CALL, step, s.killed(10, SIGKILL)])
    check_fields(the_exit(played), means(pt.SyscallExit, retval=LOW, cut=True))


def test_so_does_an_instruction_that_puts_something_else_there() -> None:
    step = nb.stepped(10, nb.regs_amd64(0x1234, 7))
    played = play([*CALL, step, *AFTER])
    check_fields(the_exit(played), means(pt.SyscallExit, retval=LOW, retval2=0, cut=True))


def test_one_that_is_killed_on_the_way_has_returned_what_is_known() -> None:
    played = play([*CALL, s.killed(10, SIGKILL)])
    assert shown(played.events)[2:] == [f"10/10 SyscallExit mmap {LOW}", "10/0 Signaled 9"]
    assert the_exit(played).cut
    text = play([*CALL, s.killed(10, SIGKILL)], text=Text.PLAIN).text
    assert b" SCX mmap = 0xf7ee8000 (32 bits)\n" in text


def test_a_signal_may_come_in_place_of_the_step() -> None:
    # Its stop has the registers as well.
    signal = replace(nb.signalled(10, SIGUSR1, 0, 77), regs=nb.regs_amd64(WHOLE))
    played = play([*CALL, signal, *AFTER])
    assert shown(played.events)[2:4] == [f"10/10 SyscallExit mmap {WHOLE}", "10/0 Stopped 30"]
    assert resumed(played)[2:4] == [(RETURN, 0), (SYSCALL, SIGUSR1)]


def test_so_may_another_lwps_stop_whose_registers_are_not_the_calls() -> None:
    stops = [nb.exec_(10), nb.lwp_created(10, 11), *CALL[1:]]
    stops += [replace(nb.entry(10, GETPID, lwp=11), regs=nb.regs_amd64(GETPID))]
    played = play([*stops, *AFTER])
    assert shown(played.events)[2:] == [
        "10/10 SyscallEntry mmap",
        f"10/10 SyscallExit mmap {LOW}",
        "10/11 SyscallEntry getpid",
        "10/10 SyscallEntry getpid",
        "10/0 Exited 0",
    ]
    assert the_exit(played).cut


UNSTEPPED = [
    (GETPID, 10, {}),  # an int
    (MMAP, 0, {"error": 12}),  # an error
    (MMAP, 0, {"error": nb.ERESTART}),
]


@pytest.mark.parametrize(("nr", "retval", "more"), UNSTEPPED)
def test_no_step_is_taken_where_32_bits_are_enough(
    nr: int, retval: int, more: dict[str, int]
) -> None:
    stops = [nb.exec_(10), nb.entry(10, nr), nb.exit_(10, nr, retval, **more), s.exited(10, 0)]
    played = play(stops)
    assert not the_exit(played).cut
    assert resumed(played) == [(SYSCALL, 0)] * 3


@pytest.mark.parametrize(("size", "how"), [(2**31 - 1, SYSCALL), (2**31, RETURN)])
def test_how_much_was_read_is_wide_where_that_much_could_be(size: int, how: int) -> None:
    stops = [nb.exec_(10), nb.entry(10, READ, 3, 0x1000, size), nb.exit_(10, READ, 5)]
    played = play([*stops, nb.stepped(10, nb.regs_amd64(5)), s.exited(10, 0)])
    assert the_exit(played).retval == 5
    assert resumed(played)[2] == (how, 0)


def test_no_step_is_taken_that_nobody_asked_for() -> None:
    stops = [*CALL, nb.stepped(10, nb.regs_amd64(WHOLE)), *AFTER]
    played = play(stops, whole_results=False)
    check_fields(the_exit(played), means(pt.SyscallExit, retval=LOW, cut=True))
    assert (RETURN, 0) not in resumed(played)
    unasked: list[dict[str, Any]] = [
        {"events": pt.SCE},
        {"syscalls": ["getpid"]},
        {"errors": errors(True, "netbsd")},
        {"slower_than_ns": 3600 * 10**9},
    ]
    for options in unasked:
        assert (RETURN, 0) not in resumed(play(stops, **options))
    asked = play(stops, errors=errors(False, "netbsd"), slower_than_ns=1)
    assert the_exit(asked).retval == WHOLE


def test_no_step_is_taken_by_a_loop_that_is_left() -> None:
    # It is running when the loop is left, and its call ends before it has stopped for that.
    stops = [nb.attach_stop(10), nb.attach_stop(20), nb.entry(10, LSEEK), nb.entry(20, GETPID)]
    stops += [nb.exit_(10, LSEEK, 5), nb.attach_stop(10)]
    played = play(stops, attach=[10, 20], leave=lambda e: e.seq == 4)
    assert (RETURN, 0) not in resumed(played)
    assert [r.lwp for r in played.requests if r.asked == "detach"] == [20, 10]


def test_a_result_of_a_32_bit_program_is_whole_as_it_is_told() -> None:
    """Its halves are two results."""
    call = [nb.entry(10, LSEEK, 3, 0, 0, 1, 0), nb.exit_(10, LSEEK, 0xFFFFFFF0, 1)]
    stops = [nb.exec_(10), *call, nb.entry(10, MMAP, 0, 8), nb.exit_(10, MMAP, 0xBB6E0000)]
    played = play([*(replace(stop, narrow=True) for stop in stops), s.exited(10, 0)])
    exits = [e for e in played.events if isinstance(e, pt.SyscallExit)]
    assert [(e.name, e.retval, e.cut) for e in exits] == [
        ("lseek", 0x1FFFFFFF0, False),
        ("mmap", 0xBB6E0000, False),
    ]
    assert (RETURN, 0) not in resumed(played)


def test_arguments_of_a_32_bit_program_are_words_of_32_bits() -> None:
    """As they were told: with their sign."""
    stops = [nb.exec_(10), nb.entry(10, LSEEK, -1, 0, -4, -1, 1), s.exited(10, 0)]
    played = play([replace(stop, narrow=True) for stop in stops])
    [entry] = [e for e in played.events if isinstance(e, pt.SyscallEntry)]
    assert entry.args == (0xFFFFFFFF, 0, 0xFFFFFFFC, 0xFFFFFFFF, 1)
    assert entry.arg("offset_hi") == 0xFFFFFFFF


def test_calls_of_another_systems_program_have_no_names() -> None:
    stops = [nb.exec_(10), nb.entry(10, GETPID, 1, 2), nb.exit_(10, GETPID, error=-2)]
    played = play([*(replace(stop, foreign=True) for stop in stops), s.exited(10, 0)])
    assert [(e.name, e.args[:2]) for e in played.events[1:2]] == [("syscall_20", (1, 2))]


@pytest.mark.parametrize(("words", "seen"), [(["getpid"], 0), (["!getpid"], 1), (None, 1)])
def test_what_has_no_name_is_not_chosen_by_one(words: list[str] | None, seen: int) -> None:
    entry = replace(nb.entry(10, GETPID), foreign=True)
    played = play([nb.exec_(10), entry, s.exited(10, 0)], syscalls=words)
    assert len([e for e in played.events if isinstance(e, pt.SyscallEntry)]) == seen
