"""The call that an LWP stands in, changed; and calls that it makes for the tracer."""

from __future__ import annotations

import errno
import os
from typing import Any

from pypicotrace import calls
from pypicotrace._ffi import lib
from pypicotrace.errors import CallFailed, KernelError, LoopClosed, check
from pypicotrace.kinds import Kind
from pypicotrace.standing import Standing

ENTRY = frozenset({Kind.SCE})
CALL = frozenset({Kind.SCE, Kind.SCX})


class Altering(Standing):
    """What of a `Stop` is about calls."""

    __slots__ = ()

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
