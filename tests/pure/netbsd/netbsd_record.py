"""What must hold of every record of NetBSD's: the live tests' rules, but for what differs there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from record import MAKE_CHILDREN, BadRecord, Checker, Lwp, require

import pypicotrace as pt

SPAWN = {"__vfork14", "__clone", "posix_spawn"}


class NetbsdChecker(Checker):
    """The rules of ptrace(2) there.

    A signal may be the process's and find its LWPs inside calls; a call may end in one of the
    kernel's own errors, which are negative; an LWP ends inside _lwp_exit, and those that are there
    when the process ends do so unsaid; posix_spawn is an event of its own.
    """

    def take(self, ev: pt.Event) -> None:
        process = self._process(ev)
        match ev:
            case pt.Stopped(lwp=0):
                process.spoke = True
                self._order(ev)
                return
            case pt.SyscallExit() if ev.error < 0:
                require(ev.error in (-2, -3), "EJUSTRETURN or ERESTART")
                ev = replace(ev, error=-ev.error)
            case pt.LwpExited():
                lwp = self._lwp(process, ev.lwp)
                require(lwp.call is not None and lwp.call.name == "_lwp_exit", "by _lwp_exit")
                lwp.call = None
            case pt.Exited() | pt.Signaled():
                process.lwps = {i: lwp for i, lwp in process.lwps.items() if i == process.pid}
            case pt.Spawned():
                common = {f.name: getattr(ev, f.name) for f in fields(pt.Event)}
                ev = pt.Forked(**common, child=ev.child)
        super().take(ev)

    def _inside(self, lwp: Lwp, calls: set[str]) -> None:
        super()._inside(lwp, calls | SPAWN if calls == MAKE_CHILDREN else calls)


def check_netbsd(events: Sequence[pt.Event], *, complete: bool = True) -> None:
    """Hold a record against what is true of all, as `record.check_record` does on Linux.

    The programs of recordings were started by others, so that no EXEC announces the first.
    """
    checker = NetbsdChecker(pt.ALL & ~pt.EXEC)
    for i, ev in enumerate(events):
        try:
            checker.take(ev)
        except BadRecord as e:
            before = [e for e in events[:i] if e.pid == ev.pid][-15:]
            raise BadRecord("\n".join([f"{e}, at", *map(str, before), f"-> {ev}"])) from None
    if complete:
        checker.end()
