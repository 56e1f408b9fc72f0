"""The shape of ``strace -f -ttt -T -e raw=all``, for what reads that.

Written from what strace(1) prints (its man page, and runs of 6.1): a line for each call, which is
left unfinished where somebody else's comes between, lines for signals, and one for each end.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from pypicotrace import events as ev
from pypicotrace import syscalls
from pypicotrace.formats.header import Header

RESULT_COLUMN = 40
"""Where the result of a call begins, if there is room before it."""

# si_code, from sigaction(2) and siginfo(2) (NetBSD: siginfo(2) and sys/siginfo.h).
CODES = {
    "linux": {0: "SI_USER", -1: "SI_QUEUE", -2: "SI_TIMER", -6: "SI_TKILL", 128: "SI_KERNEL"},
    "netbsd": {0: "SI_USER", -1: "SI_QUEUE", -2: "SI_TIMER", -5: "SI_LWP"},
}
CODES_OF_CHILDREN = {
    **{1: "CLD_EXITED", 2: "CLD_KILLED", 3: "CLD_DUMPED", 4: "CLD_TRAPPED"},
    **{5: "CLD_STOPPED", 6: "CLD_CONTINUED"},
}
CODES_OF_SEGV = {1: "SEGV_MAPERR", 2: "SEGV_ACCERR"}
SI_QUEUE, SI_TIMER = -1, -2
GONE_MAX = 4096
"""Of so many LWPs of a process that have ended in an unknown way the end is remembered."""
EXITS = ("exit", "exit_group", "_lwp_exit")

# What the kernel says to itself of a call that a signal has interrupted, in words.
RESTARTS = {
    "ERESTART": "will be restarted",
    "ERESTARTSYS": "will be restarted if the handler has SA_RESTART",
    "ERESTARTNOINTR": "will be restarted",
    "ERESTARTNOHAND": "will be restarted if there is no handler",
    "ERESTART_RESTARTBLOCK": "will be restarted by restart_syscall",
}
NO_FAILURE = "EJUSTRETURN"
"""What NetBSD's kernel says of an execve that did not fail."""

Lwp = tuple[int, int]


class Strace:
    """The format."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._epoch_ns = 0
        self._system = "linux"
        self._errors: dict[int, str] = {}
        self._signals: dict[int, str] = {}
        self._line: Lwp | None = None
        """Whose call the last line is, while it has no end,"""
        self._column = 0
        """and how long it is."""
        self._calls: dict[Lwp, ev.SyscallEntry] = {}
        """The calls that the LWPs are in."""
        self._gone: dict[int, deque[ev.LwpExited]] = {}
        """LWPs that have ended by their process's end, which tells the status, by process."""

    def begin(self, header: Header) -> bytes:
        self._epoch_ns = header.epoch_ns
        self._system = header.os if header.os in syscalls.SYSTEMS else "linux"
        self._errors = syscalls.errors(self._system)
        self._signals = syscalls.signals(self._system)
        return b""

    def events(self, batch: Iterable[ev.Event]) -> bytes:
        for event in batch:
            write = WRITERS.get(type(event))
            if write is not None:
                write(self, event)
        return self._taken()

    def end(self) -> bytes:
        self._leave_line()
        return self._taken()

    def _taken(self) -> bytes:
        text = "".join(self._out)
        self._out.clear()
        return text.encode()

    def _entry(self, event: ev.SyscallEntry) -> None:
        lwp = event.pid, event.lwp
        if self._line == lwp:
            self._out.append(self._padded(")") + "= ?\n")  # its exit is not in the trace
        else:
            self._leave_line()
        text = f"{self._head(event, event.ts_ns)}{shown(event)}"
        self._out.append(text)
        self._column = len(text)
        self._line = lwp
        self._calls[lwp] = event

    def _exit(self, event: ev.SyscallExit) -> None:
        lwp = event.pid, event.lwp
        entry = self._calls.pop(lwp, None)
        if entry is None:
            self._leave_line()
            text = f"{self._head(event, max(event.ts_ns - event.elapsed_ns, 0))}{shown(event)}"
            self._out.append(text)
            self._column = len(text)
        elif self._line != lwp:
            self._resume(event, event.name, event.ts_ns)
        self._line = None
        result = f"= {self._result(event)}"
        elapsed = f" <{seconds(event.elapsed_ns)}>" if event.elapsed_ns else ""
        self._out.append(f"{self._padded(')')}{result}{elapsed}\n")

    def _exec(self, event: ev.Exec) -> None:
        """Where another LWP than the first has called execve it goes on as the first."""
        for gone in self._gone.pop(event.pid, ()):
            self._line_of(gone, event.ts_ns, "+++ exited with 0 +++")
        if not event.old_lwp:
            return
        if self._line == (event.pid, event.old_lwp):
            self._leave_line()
        call = self._calls.pop((event.pid, event.old_lwp), None)
        self._line_of(event, event.ts_ns, f"+++ superseded by execve in pid {event.old_lwp} +++")
        if call is not None:
            self._calls[event.pid, event.lwp] = call

    def _signal(self, event: ev.Stopped) -> None:
        name = self._signal_name(event.signo)
        self._line_of(event, event.ts_ns, f"--- {name} {{{', '.join(self._siginfo(event))}}} ---")

    def _siginfo(self, event: ev.Stopped) -> list[str]:
        name = self._signal_name(event.signo)
        told = [f"si_signo={name}"]
        if event.code is None:
            return told
        told.append(f"si_code={self._code(event.code, name)}")
        if isinstance(event, ev.Crashed):
            return [*told, f"si_addr={event.addr:#x}" if event.addr else "si_addr=NULL"]
        if (event.code <= 0 and event.code != SI_TIMER) or name == "SIGCHLD":
            told += [f"si_pid={event.sender}", f"si_uid={event.uid}"]
        if name == "SIGCHLD" and event.code > 0:
            by_signal = event.code > 1
            status = self._signal_name(event.status) if by_signal else event.status
            told.append(f"si_status={status}")
        if event.code in (SI_QUEUE, SI_TIMER):
            low = event.value & 0xFFFFFFFF
            told.append(f"si_int={low - (low >> 31 << 32)}")
            told.append(f"si_ptr={event.value:#x}" if event.value else "si_ptr=NULL")
        return told

    def _code(self, code: int, signal: str) -> str:
        of_signal = {"SIGCHLD": CODES_OF_CHILDREN, "SIGSEGV": CODES_OF_SEGV}.get(signal, {})
        return CODES[self._system].get(code) or of_signal.get(code) or f"{code & 0xFFFFFFFF:#x}"

    def _lwp_exited(self, event: ev.LwpExited) -> None:
        call = self._calls.get((event.pid, event.lwp))
        if call is None or call.name not in EXITS or call.name == "exit_group":
            # Nobody but its process's end knows how.
            self._gone.setdefault(event.pid, deque(maxlen=GONE_MAX)).append(event)
            return
        status = call.args[0] & 0xFF if call.args else 0
        self._line_of(event, event.ts_ns, f"+++ exited with {status} +++")

    def _exited(self, event: ev.Exited) -> None:
        self._ended(event, f"+++ exited with {event.status} +++")

    def _signaled(self, event: ev.Signaled) -> None:
        core = " (core dumped)" if event.core else ""
        self._ended(event, f"+++ killed by {self._signal_name(event.signo)}{core} +++")

    def _ended(self, event: ev.Event, text: str) -> None:
        for gone in self._gone.pop(event.pid, ()):
            self._line_of(gone, event.ts_ns, text)
        for pid, lwp in [lwp for lwp in self._calls if lwp[0] == event.pid]:
            self._give_up(pid, lwp, event.ts_ns)
        self._line_of(event, event.ts_ns, text)

    def _detached(self, event: ev.Detached) -> None:
        for lwp in [lwp for lwp in self._calls if lwp[0] == event.pid]:
            del self._calls[lwp]
            if lwp == self._line:
                self._out.append(" <detached ...>\n")
                self._line = None

    def _line_of(self, event: ev.Event, ts_ns: int, text: str) -> None:
        """A line that is no call; the call that its LWP was in comes to its end before it."""
        if text.startswith("+++"):
            self._give_up(event.pid, event.lwp, ts_ns)
        self._leave_line()
        self._out.append(f"{self._head(event, ts_ns)}{text}\n")

    def _give_up(self, pid: int, lwp: int, ts_ns: int) -> None:
        """End a call that does not return."""
        call = self._calls.pop((pid, lwp), None)
        if call is None:
            return
        if self._line != (pid, lwp):
            self._resume(call, call.name, ts_ns)
        self._out.append(self._padded(")") + "= ?\n")
        self._line = None

    def _resume(self, event: ev.SyscallEntry, name: str, ts_ns: int) -> None:
        self._leave_line()
        text = f"{self._head(event, ts_ns)}<... {name} resumed>"
        self._out.append(text)
        self._column = len(text)

    def _leave_line(self) -> None:
        if self._line is not None:
            self._out.append(" <unfinished ...>\n")
            self._line = None

    def _padded(self, text: str) -> str:
        return text + " " * max(RESULT_COLUMN - self._column - len(text), 1)

    def _head(self, event: ev.Event, ts_ns: int) -> str:
        # On Linux every LWP has an id that no other has; NetBSD numbers them anew in each process.
        whose = event.lwp if self._system == "linux" and event.lwp else event.pid
        return f"{whose:<5} {seconds(ts_ns + self._epoch_ns)} "

    def _result(self, event: ev.SyscallExit) -> str:
        if event.error == 0 or self._errors.get(event.error) == NO_FAILURE:
            return f"{event.retval:#x}" if event.retval else "0"
        name = self._errors.get(event.error)
        if name is None:
            return f"-1 (errno {event.error})"
        if name in RESTARTS:
            return f"? {name} ({RESTARTS[name]})"
        return f"-1 {name} ({words_of(name)})"

    def _signal_name(self, signo: int) -> str:
        return self._signals.get(signo, f"{signo}")


def shown(event: ev.SyscallEntry) -> str:
    """A call and its arguments, without what follows them."""
    name = f"syscall_{event.sysnum:#x}" if event.name == f"syscall_{event.sysnum}" else event.name
    return f"{name}({', '.join([f'{arg:#x}' if arg else '0' for arg in event.args])}"


def seconds(ns: int) -> str:
    """With microseconds, the rest cut off."""
    return f"{ns // 10**9}.{ns % 10**9 // 1000:06}"


def words_of(error: str) -> str:
    """What an error means, in this system's words; its name where this system has none."""
    number: int | None = getattr(errno, error, None)
    return os.strerror(number) if number is not None else error


WRITERS: dict[type[ev.Event], Callable[[Strace, Any], None]] = {
    ev.SyscallEntry: Strace._entry,
    ev.SyscallExit: Strace._exit,
    ev.Exec: Strace._exec,
    ev.Stopped: Strace._signal,
    ev.Crashed: Strace._signal,
    ev.LwpExited: Strace._lwp_exited,
    ev.Exited: Strace._exited,
    ev.Signaled: Strace._signaled,
    ev.Detached: Strace._detached,
}
