#!/usr/bin/env python3
"""Memory and registers of a stopped tracee, and its single steps."""

from __future__ import annotations

import itertools
import platform
import signal
from collections.abc import Callable
from typing import Any

from witness import LINUX, ended_well, program, told

import pypicotrace as pt
from pypicotrace.testing import Trace, atf

Traced = Callable[..., Trace]
PLACES = ["data", "stack", "heap", "text", "constant"]
SIZES = [1, 2, 4, 8]
PATTERN = bytes(range(0xA1, 0xA9))
"""What stands at each place, as tracees/memory.c says."""
EFAULT, EINVAL = 14, 22


def at_getppid(act: Callable[[Any], object]) -> Callable[[Any], object]:
    """Acts at the entry of getppid, where the tracee has said all and waits for nothing."""

    def body(event: Any) -> None:
        if type(event) is pt.SyscallEntry and event.name == "getppid":
            act(event)

    return body


def addresses(trace: Trace) -> dict[str, int]:
    return dict(zip(PLACES, told(trace, "places"), strict=True))


def run(traced: Traced, how: str, place: str, act: Callable[[Any, int], object]) -> Trace:
    """The tracee, and what is done with one of its places."""
    found: list[int] = []

    def look(event: Any) -> None:
        # The tracee has written the addresses to its standard output by now.
        if type(event) is pt.SyscallExit and event.name == "write" and not found:
            line = event.stop.read(event.arg("buf"), event.retval)
            if line.startswith(b"places "):
                found.append([int(word) for word in line.split()[1:]][PLACES.index(place)])
        if type(event) is pt.SyscallEntry and event.name == "getppid":
            act(event, found[0])

    trace = traced([program("memory"), how], at_stop=look)
    ended_well(trace, 0)
    return trace


@atf.each(place=PLACES, size=SIZES)
def test_read(place: str, size: int, traced: Traced) -> None:
    """What is read of each kind of memory is what is there"""
    got: list[bytes] = []
    run(traced, "look", place, lambda event, addr: got.append(event.stop.read(addr, size)))
    assert got == [PATTERN[:size]]


@atf.each(place=PLACES, size=SIZES)
def test_write(place: str, size: int, traced: Traced) -> None:
    """What is written to each kind of memory, read-only or not, is there, and nothing else"""
    new = bytes(range(1, size + 1))
    trace = run(traced, "tell", place, lambda event, addr: event.stop.write(addr, new))
    tells = {name: told(trace, name) for name in PLACES}
    for name, values in tells.items():
        expected = new + PATTERN[size:] if name == place else PATTERN
        assert bytes(values) == expected, name


@atf.each(offset=[-1, -3, -7])
def test_over_the_border_of_a_page(offset: int, traced: Traced) -> None:
    """Memory is read and written over the border between two pages"""
    got: list[bytes] = []

    def both(event: Any, addr: int) -> None:
        border = addr + 4096 - addr % 4096
        event.stop.write(border + offset, PATTERN)
        got.append(event.stop.read(border + offset, 8))

    run(traced, "look", "heap", both)
    assert got == [PATTERN]


@atf.each(way=["read", "write"])
def test_where_nothing_is(way: str, traced: Traced) -> None:
    """Memory that is not mapped can be neither read nor written"""
    errors: list[int] = []

    def attempt(event: Any, addr: int) -> None:
        try:
            event.stop.read(64, 8) if way == "read" else event.stop.write(64, PATTERN)
        except pt.KernelError as error:
            errors.append(error.errno)

    run(traced, "look", "data", attempt)
    assert errors == [EFAULT]


@atf.each(beyond=[1, 8, 4096])
def test_beyond_the_end(beyond: int, traced: Traced) -> None:
    """What reaches beyond the end of a mapping is not read in part"""
    errors: list[int] = []

    def attempt(event: Any, addr: int) -> None:
        # The heap's two pages are the last of their mapping.
        end = addr - addr % 4096 + 2 * 4096
        assert event.stop.read(end - 8, 8)
        try:
            event.stop.read(end - 8, 8 + beyond)
        except pt.KernelError as error:
            errors.append(error.errno)

    run(traced, "look", "heap", attempt)
    assert errors == [EFAULT]


def test_string(traced: Traced) -> None:
    """A string is read up to its end, also where memory ends with it"""
    got: list[bytes] = []

    def both(event: Any, addr: int) -> None:
        end = addr - addr % 4096 + 2 * 4096
        event.stop.write(end - 6, b"whole\0")
        got.append(event.stop.read_cstring(end - 6))
        got.append(event.stop.read_cstring(end - 6, limit=3))

    run(traced, "look", "heap", both)
    assert got == [b"whole", b"who"]


@atf.each(steps=[1, 5, 50])
def test_steps(steps: int, traced: Traced) -> None:
    """Each step is one instruction: it is reported, and the program counter has moved"""
    places: list[int] = []

    def step(event: Any) -> None:
        entry = type(event) is pt.SyscallExit and event.name == "getppid"
        if (entry and not places) or (isinstance(event, pt.SingleStep) and len(places) <= steps):
            places.append(event.stop.pc)
            if len(places) <= steps:
                event.stop.step()

    trace = traced([program("memory"), "look"], at_stop=step)
    ended_well(trace, 0)
    trace.expect(pt.SingleStep, times=steps)
    assert all(a != b for a, b in itertools.pairwise(places))


def test_registers_are_there(traced: Traced) -> None:
    """The registers of a stopped LWP can be read, and are the same when read again"""
    same: list[bool] = []

    def look(event: Any) -> None:
        first, second = dict(event.stop.registers), dict(event.stop.registers)
        same.append(first == second and len(first) > 10)

    traced([program("memory"), "look"], at_stop=at_getppid(look))
    assert same == [True]


def test_register_is_set(traced: Traced) -> None:
    """A register that is set has the new value when it is read, and the program can see it"""
    if platform.machine() not in ("x86_64", "amd64"):
        atf.skip(f"rbx is no register on {platform.machine()}")
    got: list[int] = []

    def change(event: Any) -> None:
        old = event.stop.registers["rbx"]
        event.stop.registers["rbx"] = 0x1234567890
        got.append(event.stop.registers["rbx"])
        event.stop.registers["rbx"] = old

    trace = traced([program("memory"), "look"], at_stop=at_getppid(change))
    ended_well(trace, 0)
    assert got == [0x1234567890]


PC = {"x86_64": "rip", "amd64": "rip", "aarch64": "pc"}


def test_program_counter_of_zero(traced: Traced) -> None:
    """A program counter of 0 is taken, and the program faults there"""

    def change(event: Any) -> None:
        event.stop.registers[PC[platform.machine()]] = 0

    trace = traced([program("memory"), "look"], at_stop=at_getppid(change))
    trace.expect(pt.Crashed(signo=signal.SIGSEGV, addr=0), pt.Signaled(signo=signal.SIGSEGV))


def test_program_counter_in_the_kernel(traced: Traced) -> None:
    """A program counter that no program can have is refused"""
    if LINUX:
        atf.expect_fail("Linux: it is taken, and the program faults there")
    refusals: list[int] = []

    def change(event: Any) -> None:
        try:
            event.stop.registers[PC[platform.machine()]] = 0xFFFF_FF00_0000_0000
        except pt.KernelError as error:
            refusals.append(error.errno)

    trace = traced([program("memory"), "look"], at_stop=at_getppid(change))
    assert refusals == [EINVAL], trace.status


if __name__ == "__main__":
    atf.main()
