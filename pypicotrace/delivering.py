"""Signals for an LWP that stands still: another one, none, or what it says of itself."""

from __future__ import annotations

import signal

from pypicotrace import siginfo
from pypicotrace._ffi import lib
from pypicotrace.errors import check
from pypicotrace.kinds import Kind
from pypicotrace.standing import Standing

SIGNALS = frozenset({Kind.STOPPED, Kind.CRASHED})


class Delivering(Standing):
    """What of a `Stop` is about signals."""

    __slots__ = ()

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

    def _deliver(self, signo: int) -> None:
        check(lib.pico_loop_signal(self._pointer(), self.lwp, signo), "send a signal")
        if self._record.kind in SIGNALS:
            self._record.signo = signo
