"""The handle to a stopped LWP. It is dead as soon as its LWP has been resumed."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from pypicotrace._ffi import ffi, lib
from pypicotrace.altering import Altering
from pypicotrace.delivering import Delivering
from pypicotrace.errors import check
from pypicotrace.integers import within
from pypicotrace.memory import Memory
from pypicotrace.registers import Registers

if TYPE_CHECKING:
    from pypicotrace.lwps import LwpNow

REGISTERS_MAX = 1024
SET_ROOM = 1 << 14
"""Bytes of a set of registers; the largest known are x86-64's with AMX, some 11 kilobytes."""
SET_MAX = 1 << 20
DELAY_MAX = 10**9


def _none() -> None:
    return None


class Stop(Memory, Delivering, Altering):
    """A stopped LWP: what it has and what it is about to do can be looked at and changed.

    ``lwp`` is its id. Valid until the loop takes the next event; after that every method raises
    `StaleStop`. Every method raises `TraceeDied` where the LWP was killed just now, and
    `Unsupported` where the operating system cannot do what is asked. What is changed here takes
    effect when the LWP is resumed; the event in hand keeps what it said. Pickled, a stop becomes
    None.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        state = "standing" if self._turn == self._owner.turn else "stale"
        return f"<Stop of LWP {self.lwp}, {state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_none, ())

    def step(self, *, block: bool = False) -> None:
        """Have the LWP execute one instruction when it is resumed; its `SingleStep` follows.

        Another event may come first (a signal, which then is delivered when the LWP goes on), and
        the step is over with it: ask again. An instruction that makes a call gives that call's
        `SyscallEntry` instead, and from there a step leads to its `SyscallExit`; where the loop
        does not report them, the SingleStep comes after the call. With a signal to be delivered
        that has a handler, the step leads to the handler's first instruction. A child that the
        instruction makes executes one, too, and has a SingleStep.

        Linux: PTRACE_SINGLESTEP. NetBSD: PT_SETSTEP; a handler's instructions are not stepped.

        :param block: go on up to the next branch that is taken, and stop where it leads (Linux on
            x86-64: PTRACE_SINGLEBLOCK). Some processors, and most that are virtual, execute one
            instruction all the same: see `steps_blocks`. Calls in between are not reported; where
            one returns, the block ends.
        :raises ValueError: the loop was not asked for STEP events.
        :raises Unsupported: a machine that cannot.
        """
        step = lib.pico_loop_step_block if block else lib.pico_loop_step_one
        done = step(self._pointer(), self.lwp)
        if done == -errno.EINVAL:
            raise ValueError("cannot step: the loop's events do not include STEP")
        check(done, "execute a block" if block else "execute one instruction")

    def breakpoint(self, addr: int) -> None:
        """Have a `Breakpoint` come whenever this LWP is about to execute the instruction there.

        It is the machine's own: memory is not changed, other LWPs and children do not have it, and
        an execve clears it, as does letting go of the LWP. One that is there already is kept.

        Linux on x86-64: debug registers, four at most. Were the tracer killed by SIGKILL, those of
        a process that was attached to would stay, and kill it.

        :param addr: the instruction's address.
        :raises ValueError: the loop was not asked for STEP events, or that is no address.
        :raises KernelError: ENOSPC, there is no room for another.
        :raises Unsupported: AArch64 and NetBSD, so far.
        :raises TraceeDied: it was killed just now.
        """
        self._breakpoint(addr, True)

    def clear_breakpoint(self, addr: int) -> None:
        """Undo `breakpoint`.

        :param addr: where there is one.
        :raises KernelError: ENOENT, there is none.
        :raises ValueError, Unsupported, TraceeDied: as `breakpoint`.
        """
        self._breakpoint(addr, False)

    def _breakpoint(self, addr: int, wanted: bool) -> None:
        place = within("addr", addr, 64)
        done = lib.pico_loop_breakpoint(self._pointer(), self.lwp, place, wanted)
        if done == -errno.EINVAL:
            raise ValueError(
                f"no breakpoint at {addr:#x}, or the loop's events do not include STEP"
            )
        check(done, f"{'set' if wanted else 'clear'} a breakpoint")

    def delay(self, seconds: float) -> None:
        """Have this LWP stand still for so long after the loop has gone on from here.

        The other LWPs run, and their events are served, meanwhile; on NetBSD, those of other
        processes: a process stands as a whole. At a call's entry the call is late, at its exit its
        result. The last delay that is asked for counts; 0 takes it back.

        One that is killed, detached, or left with the loop does not wait for the end of that time.
        (NetBSD tells of its being killed by others only then.)

        :param seconds: on CLOCK_MONOTONIC, 0 to 10**9.
        :raises TypeError, ValueError: that is no such time.
        """
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise TypeError(f"seconds are a number, not {type(seconds).__name__}")
        if not 0 <= seconds <= DELAY_MAX:
            raise ValueError(f"{seconds} is no time to stand still (0 to {DELAY_MAX} seconds)")
        ns = round(seconds * 10**9)
        check(lib.pico_loop_delay(self._pointer(), self.lwp, ns), "delay")

    def detach(self) -> None:
        """Let go of this LWP's process, as `Loop.detach` does; this LWP goes when it is resumed."""
        self._pointer()
        self._owner.detach(self._record.pid)

    def dump_core(self, path: str | bytes | os.PathLike[str]) -> None:
        """Write a core file of the process, which goes on afterwards (NetBSD: PT_DUMPCORE).

        :param path: the file, which is made for the process's user alone.
        :raises ValueError: the path has %n, %p, %t or %u in it, which NetBSD would replace.
        :raises KernelError: EEXIST, there is one of that name; EFBIG, the process's own limit of
            core files (ulimit -c) is too low; or it cannot be written there.
        :raises Unsupported: Linux.
        :raises TraceeDied: it was killed just now.
        """
        done = lib.pico_loop_dump_core(self._pointer(), self.lwp, os.fsencode(path))
        if done == -errno.EINVAL:
            raise ValueError(f"{os.fspath(path)!r}: NetBSD replaces %n, %p, %t and %u in it")
        check(done, "write a core file")

    @property
    def lwps(self) -> list[LwpNow]:
        """What the LWPs of this process are doing, a list of ``LwpNow``, in order of their ids."""
        self._pointer()
        return [lwp for lwp in self._owner.lwps() if lwp.pid == self._record.pid]

    def gather(self) -> list[Stop]:
        """Have the other LWPs of this process stand still as well, until the loop goes on.

        For a look at the process as a whole, such as where each LWP is when one crashes:

            for stop in (event.stop, *event.stop.gather()):
                print(stop.lwp, hex(stop.pc))

        What stops an LWP meanwhile is reported afterwards, as ever. One that is asleep in the
        kernel and does not wake up within a second (a parent in vfork), or is being made or ending
        just now, is not among them. On Linux a call in which an LWP sleeps is interrupted, and made
        again by the kernel when the loop goes on: its exit (ERESTARTSYS or alike) and a second
        entry are reported. On NetBSD all LWPs stand anyway.

        :returns: handles to them, in order of their ids: to read memory and registers alone; what
            would change them raises KernelError, EBUSY.
        :raises Unsupported: not on this system.
        """
        pointer = self._pointer()
        most = max(len(self._owner.lwps()), 1)
        ids = ffi.new("int32_t[]", most)
        count = check(lib.pico_loop_gather(pointer, self.lwp, ids, most), "gather LWPs")
        found = sorted(ids[0:count])
        return [Stop(self._owner, lwp, self._record, self._turn) for lwp in found]

    @property
    def registers(self) -> Registers:
        """All general registers, read at once; setting one sets it in the LWP.

            registers = stop.registers
            registers["rax"] += 1
            registers.update(rdi=0, rsi=0)

        At a call's entry and exit use `set_args`, `set_sysnum` and `inject` for what they do: they
        know which register it is, and the record of the call agrees with them. While a call is
        interrupted by a signal, Linux counts the program counter back when it restarts the call;
        set ``orig_rax`` to -1 (x86) together with another program counter to prevent that.

        Linux: PTRACE_GETREGSET of NT_PRSTATUS. NetBSD: PT_GETREGS; at a call's exit its result is
        not in there yet.

        :raises Unsupported: a machine whose registers are not known here.
        :raises TraceeDied: it was killed just now.
        """
        return Registers(self._read_registers, self._write_registers)

    @property
    def pc(self) -> int:
        """The program counter: the next instruction, or the one after a call's.

        :raises Unsupported, TraceeDied: as `registers`.
        """
        return self.registers.pc

    def regset(self, number: int) -> bytes:
        """A set of registers as the kernel lays it out: floating point, vectors, and so on.

            xstate = stop.regset(0x202)     # NT_X86_XSTATE

        :param number: which one, by the number of its note in core files (``NT_`` in elf.h):
            2, NT_FPREGSET, there is on every machine.
        :raises TypeError, ValueError: that is no such number.
        :raises KernelError: EINVAL or ENODEV, this machine has no such set.
        :raises Unsupported: NetBSD, so far.
        :raises TraceeDied: it was killed just now.

        Linux: PTRACE_GETREGSET.
        """
        which = within("number", number, 32)
        size = moved = 0
        # Linux fills what there is room for, and does not say that there is more.
        while moved == size < SET_MAX:
            size += SET_ROOM
            buffer = ffi.new("char[]", size)
            done = lib.pico_loop_get_regset(self._pointer(), self.lwp, which, buffer, size)
            moved = check(done, "read a set of registers")
        return bytes(ffi.buffer(buffer, moved))

    def _read_registers(self) -> bytes:
        buffer = ffi.new("char[]", REGISTERS_MAX)
        size = lib.pico_loop_get_regs(self._pointer(), self.lwp, buffer, REGISTERS_MAX)
        return bytes(ffi.buffer(buffer, check(size, "read registers")))

    def _write_registers(self, data: bytes) -> None:
        done = lib.pico_loop_set_regs(self._pointer(), self.lwp, data, len(data))
        check(done, "set registers")
