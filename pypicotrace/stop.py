"""The handle to a stopped LWP. It is dead as soon as its LWP has been resumed."""

from __future__ import annotations

import errno
import os
import signal
import struct
from typing import TYPE_CHECKING, Any, Protocol

from pypicotrace import calls, siginfo
from pypicotrace._ffi import ffi, lib
from pypicotrace.errors import CallFailed, KernelError, LoopClosed, StaleStop, check
from pypicotrace.integers import within
from pypicotrace.kinds import Kind
from pypicotrace.registers import Registers

if TYPE_CHECKING:
    from pypicotrace.lwps import LwpNow

PAGE = 4096
REGISTERS_MAX = 1024
SET_MAX = 1 << 20
"""Bytes of a set of registers; the largest known are x86-64's with AMX, some 11 kilobytes."""
DELAY_MAX = 10**9
SIGNALS = frozenset({Kind.STOPPED, Kind.CRASHED})
ENTRY = frozenset({Kind.SCE})
CALL = frozenset({Kind.SCE, Kind.SCX})


class Owner(Protocol):
    """What a stop needs of the loop it belongs to."""

    @property
    def turn(self) -> int:
        """Grows whenever an LWP is resumed."""

    @property
    def interrupted(self) -> bool:
        """Somebody wants the iteration to end."""

    def lwps(self) -> list[LwpNow]:
        """What each LWP of the loop is doing."""

    def detach(self, pid: int) -> None:
        """Let go of a process."""

    def pointer(self) -> Any:
        """The C loop; raises where the loop cannot be used (closed, another thread)."""


def _none() -> None:
    return None


def _unmapped(addr: int, moved: int, size: int) -> KernelError:
    return KernelError(errno.EFAULT, f"only {moved} of {size} bytes at {addr:#x} are mapped")


def _check_address(addr: int) -> None:
    if not isinstance(addr, int):
        raise TypeError(f"an address is an int, not {type(addr).__name__}")
    if not 0 <= addr < 2**64:
        raise ValueError(f"{addr} is no address (0 to 2**64 - 1)")


class Stop:
    """A stopped LWP: what it has and what it is about to do can be looked at and changed.

    ``lwp`` is its id. Valid until the loop takes the next event; after that every method raises
    `StaleStop`. Every method raises `TraceeDied` where the LWP was killed just now, and
    `Unsupported` where the operating system cannot do what is asked. What is changed here takes
    effect when the LWP is resumed; the event in hand keeps what it said. Pickled, a stop becomes
    None.
    """

    __slots__ = ("_owner", "_record", "_turn", "lwp")

    def __init__(self, owner: Owner, lwp: int, record: Any, turn: int) -> None:
        self._owner = owner
        self._turn = turn
        # The loop's own, and another event's in the next turn.
        self._record = record
        self.lwp = lwp

    def __repr__(self) -> str:
        state = "standing" if self._turn == self._owner.turn else "stale"
        return f"<Stop of LWP {self.lwp}, {state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_none, ())

    def _pointer(self) -> Any:
        pointer = self._owner.pointer()
        if self._turn != self._owner.turn:
            raise StaleStop(f"LWP {self.lwp} has been resumed since this stop")
        return pointer

    def read(self, addr: int, size: int) -> bytes:
        """Exactly ``size`` bytes of memory at ``addr``.

        :raises TypeError, ValueError: that is no address, or no size.
        :raises KernelError: EFAULT, not all of it is mapped.
        :raises TraceeDied: it was killed just now.
        """
        _check_address(addr)
        if size < 0:
            raise ValueError(f"a size is not negative: {size}")
        if size == 0:
            self._pointer()
            return b""
        buffer = ffi.new("char[]", size)
        done = lib.pico_loop_read(self._pointer(), self.lwp, addr, buffer, size)
        moved = check(done, "read memory")
        if moved < size:
            raise _unmapped(addr, moved, size)
        return bytes(ffi.buffer(buffer))

    def read_cstring(self, addr: int, limit: int = 4096) -> bytes:
        """The bytes at ``addr`` up to a NUL, which is not part of the result, at most ``limit``.

        :raises TypeError, ValueError: that is no address, or no limit.
        :raises KernelError: EFAULT, memory ends before a NUL or the limit was reached.
        :raises TraceeDied: it was killed just now.
        """
        self._pointer()
        _check_address(addr)
        if limit < 0:
            raise ValueError(f"a limit is not negative: {limit}")
        data = b""
        while len(data) < limit:
            at = addr + len(data)
            # Never across the end of a page: the next one need not be mapped.
            size = min(PAGE - at % PAGE, limit - len(data))
            head, nul, _ = self.read(at, size).partition(b"\0")
            data += head
            if nul:
                break
        return data

    def read_struct(self, addr: int, fmt: str) -> tuple[Any, ...]:
        """The values of a C structure at ``addr``.

        :param fmt: as the struct module takes it. Without a byte order in front it has the
            tracer's own sizes and alignment, which differ from those of a 32-bit program.
        :raises struct.error: ``fmt`` is no format.
        :raises KernelError: EFAULT, not all of it is mapped.
        :raises TraceeDied: it was killed just now.
        """
        shape = struct.Struct(fmt)
        return shape.unpack(self.read(addr, shape.size))

    def write(self, addr: int, data: bytes | bytearray | memoryview) -> None:
        """Write all of ``data`` to memory at ``addr``; also to pages the LWP itself cannot write.

        :raises TypeError, ValueError: that is no address, or these are no bytes.
        :raises KernelError: EFAULT, not all of it is mapped; what came before may be written.
        :raises TraceeDied: it was killed just now.
        """
        _check_address(addr)
        whole = bytes(memoryview(data))
        if not whole:
            self._pointer()
            return
        done = lib.pico_loop_write(self._pointer(), self.lwp, addr, whole, len(whole))
        moved = check(done, "write memory")
        if moved < len(whole):
            raise _unmapped(addr, moved, len(whole))

    def signal(self, signo: int) -> None:
        """Have a signal delivered to this LWP.

        At a signal's stop (`Stopped`, `Crashed`) it is delivered in place of that one, without an
        event of its own. At any other it is sent to the LWP, and then arrives as any signal does:
        a `Stopped` is reported, its sender the tracer, when it is not masked (any more). What the
        LWP does with it, its disposition says.

        Linux sends it by tgkill(2). One that takes another's place says that the tracer has sent it
        (``SI_USER``), unless `set_siginfo` says otherwise after this. NetBSD passes it on when the
        LWP is resumed, without an event.

        :param signo: 1 to ``signal.NSIG - 1``.
        :raises TypeError, ValueError: that is no signal.
        :raises TraceeDied: it was killed just now.
        """
        if not isinstance(signo, int) or isinstance(signo, bool):
            raise TypeError(f"a signal is an int, not {type(signo).__name__}")
        if not 0 < signo < signal.NSIG:
            raise ValueError(f"{signo} is no signal (1 to {signal.NSIG - 1})")
        self._deliver(signo)

    def suppress(self) -> None:
        """Have the signal that is about to be delivered (`Stopped`, `Crashed`) not delivered.

        A fault comes again at once, unless its cause is gone: its instruction is executed again.
        The signal may still be replaced by `signal`.

        :raises ValueError: the event is no signal's.
        """
        self._require("suppress a signal", SIGNALS)
        self._deliver(0)

    def _deliver(self, signo: int) -> None:
        check(lib.pico_loop_signal(self._pointer(), self.lwp, signo), "send a signal")
        if self._record.kind in SIGNALS:
            self._record.signo = signo

    def set_siginfo(
        self,
        *,
        code: int | None = None,
        sender: int | None = None,
        uid: int | None = None,
        value: int | None = None,
        addr: int | None = None,
        errno: int | None = None,
        status: int | None = None,
    ) -> None:
        """Change what the signal that is about to be delivered says of itself.

        A handler with SA_SIGINFO sees it in its siginfo_t. What is not given stays as it was. The
        code says what there is besides: up to 0, and SIGCHLD, a sender; below 0, a value; above 0,
        a fault's address; SIGCHLD above 0, the child's status.

        :param code: si_code.
        :param sender, uid: si_pid and si_uid.
        :param value: si_value, as a pointer; an int in it is the lower half.
        :param addr: si_addr.
        :param errno: si_errno.
        :param status: si_status.
        :raises ValueError: the event is no signal's, the signal is suppressed, or a value does not
            go with the signal and its code.
        :raises TraceeDied: it was killed just now.

        Linux: PTRACE_SETSIGINFO; a 32-bit program gets what its own siginfo_t has room for.
        NetBSD: PT_SET_SIGINFO.
        """
        self._require("change a signal", SIGNALS)
        if not self._record.signo:
            raise ValueError("there is no signal to change: it was suppressed")
        given = {"code": code, "sender": sender, "uid": uid, "value": value, "addr": addr}
        info = siginfo.changed(self._record, {**given, "errno": errno, "status": status})
        done = lib.pico_loop_set_siginfo(self._pointer(), self.lwp, info)
        check(done, "change a signal")
        self._record[0] = info[0]

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

    def _breakpoint(self, addr: int, wanted: bool) -> None:
        place = within("addr", addr, 64)
        done = lib.pico_loop_breakpoint(self._pointer(), self.lwp, place, wanted)
        if done == -errno.EINVAL:
            raise ValueError(
                f"no breakpoint at {addr:#x}, or the loop's events do not include STEP"
            )
        check(done, f"{'set' if wanted else 'clear'} a breakpoint")

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

    def set_args(self, *args: int | None, **named: int) -> None:
        """Change arguments of the call that is about to be made (`SyscallEntry`).

            stop.set_args(None, None, 3)
            stop.set_args(count=3)

        The call gets them, and its SyscallExit has them; when it is over, the registers have again
        what the program had put there. So a call that is restarted enters as the program made it,
        and may be changed again. (A child that the call makes begins with what the call got.)

        :param args: the first ones; None leaves one as it is.
        :param named: by the names that the event has for them.
        :raises KeyError: the call has none of that name.
        :raises ValueError: the event is no SyscallEntry, the call is answered already, it has not
            so many arguments or not so large ones.
        :raises Unsupported: not for calls of this ABI.
        :raises TraceeDied: it was killed just now.
        """
        self._require("change arguments", ENTRY)
        self._alter(calls.with_args(self._record, args, named), lib.PICO_ALTER_ARGS)

    def set_sysnum(self, sysnum: int | str) -> None:
        """Make it another call (`SyscallEntry`). Its SyscallExit is that of the new one.

        The arguments stay; `set_args` after this takes the new call's.

        :param sysnum: a number, or a name that the call's own ABI has.
        :raises KeyError: there is no call of that name.
        :raises ValueError: the event is no SyscallEntry, the call is answered already, or that is
            no number of a call.
        :raises Unsupported: NetBSD, and calls of this ABI.
        :raises TraceeDied: it was killed just now.
        """
        self._require("change the number of a call", ENTRY)
        self._alter(calls.with_sysnum(self._record, sysnum), lib.PICO_ALTER_NUMBER)

    def inject(self, *, retval: int | None = None, error: int | str | None = None) -> None:
        """Give the call a result of the tracer's.

        At its entry (`SyscallEntry`) the call is not executed: the program gets this, and so
        has the SyscallExit that follows. At its exit (`SyscallExit`) this takes the place of what
        the call gave; the event in hand keeps that. A call whose result is given is never
        restarted after a signal.

            stop.inject(error=errno.EACCES)
            stop.inject(error="ENOSPC")
            stop.inject(retval=4242)

        :param retval: what it returns. On Linux -4095 to -1 are errors, and no results.
        :param error: it fails with this error: its number, or its name.
        :raises TypeError: none of the two is given, or both.
        :raises KeyError: there is no error of that name.
        :raises ValueError: the event is no call's, or the call cannot return that.
        :raises Unsupported: not for calls of this ABI; NetBSD: at an exit.
        :raises TraceeDied: it was killed just now.

        Linux: the number is -1 at the entry, the result set at the exit. NetBSD: PT_SYSCALLEMU.
        """
        self._require("answer a call", CALL)
        entry = self._record.kind == Kind.SCE
        what = lib.PICO_ALTER_ANSWER if entry else lib.PICO_ALTER_RESULT
        self._alter(calls.with_result(self._record, retval, error), what)

    def syscall(self, call: int | str, *args: int) -> int:
        """Have the LWP make a system call now, and give its result. Then it stands here as before.

            page = stop.syscall("mmap", 0, 4096, 3, 0x22, -1, 0)
            stop.write(page, b"what the program is to see")

        There are no events of it, and nothing of the LWP's own call is lost: at its entry it is
        still to be made, at its exit its result is what it was. Signals that arrive meanwhile come
        after. The program's seccomp filters are asked; where one answers by SIGSYS, the call fails
        with ENOSYS and there is no signal; one that kills does.

        A call that sleeps is waited for, while the other LWPs run on to their own next stops, and
        no further: for ever, if what it waits for does not come so. An exception that is raised
        meanwhile (^C) interrupts it, and so does `Loop.interrupt`.

        :param call: a number, or a name that the ABI of the LWP's own call has.
        :param args: as many as it has at most; 0 for those that are not given.
        :returns: its result, an unsigned integer.
        :raises CallFailed: it has failed; ``errno`` is its error.
        :raises KeyError: there is no call of that name.
        :raises ValueError: the event is no SyscallEntry or SyscallExit; the call has not so many
            arguments, or not so large ones; it is one that begins, replaces or ends an LWP, or
            changes its signal mask.
        :raises KernelError: EAGAIN, the LWP's own call (sigsuspend, epoll_pwait, ...) was ended by
            a signal whose handler is still to run under that call's signal mask: take another stop.
            ECANCELED, the loop was interrupted.
        :raises Unsupported: NetBSD and AArch64.
        :raises TraceeDied: it was killed, or another LWP's execve has ended it.
        """
        self._require("run a system call", CALL)
        made = calls.to_make(self._record, call, args)
        try:
            # A signal, or a tick: back to the interpreter, so that Python's handlers run.
            while (done := lib.pico_loop_syscall(self._pointer(), self.lwp, made)) == -errno.EINTR:
                if self._owner.interrupted:
                    raise KernelError(errno.ECANCELED, "run a system call: the loop is interrupted")
        except BaseException:
            self._cancel()
            raise
        check(done, "run a system call")
        if made.error:
            raise CallFailed(made.error, os.strerror(made.error))
        return int(made.retval[0])

    def _cancel(self) -> None:
        try:
            lib.pico_loop_syscall_cancel(self._owner.pointer())
        except LoopClosed:
            return  # by a signal handler, and with it the call was cancelled

    def _alter(self, call: Any, what: int) -> None:
        done = lib.pico_loop_alter(self._pointer(), self.lwp, call, what)
        if done == -errno.EINVAL:
            given = what in (lib.PICO_ALTER_ANSWER, lib.PICO_ALTER_RESULT)
            raise ValueError(
                f"{call.error or call.retval[0]:#x} is no result of a call here"
                if given
                else "the call is answered already"
            )
        check(done, "change a call")
        self._record[0] = call[0]

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
            size += 4 * PAGE
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

    def _require(self, what: str, kinds: frozenset[Kind]) -> None:
        """Raise where the event is none of these."""
        self._pointer()
        if self._record.kind not in kinds:
            wanted = " or ".join(kind.name for kind in sorted(kinds))
            raise ValueError(f"cannot {what} at {Kind(self._record.kind).name}, only at {wanted}")
