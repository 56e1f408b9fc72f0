"""Whether a trace is true: its rows held against what the tracees have recorded of themselves.

Pure: it knows neither a kernel nor a loop.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from errno import EINTR

from lived import Lwp, Process
from rows import Row, Wrong, signal_name, signal_number
from truth import (
    CLOSES,
    CREATED,
    DIES,
    ENDED,
    EXECUTED,
    EXECUTES_IT,
    FORKED,
    HANDLED,
    OPENS,
    ROOT,
    VFORKED,
    Account,
    Call,
    Truth,
    tagged,
)

MAKES = {"clone", "clone3", "fork", "vfork"}
EXECUTES = {"execve", "execveat"}
STOPS = {"SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"}
EXITS = {"exit", "exit_group"}
KILLS = {"kill": (0, 1), "tkill": (0, 1), "tgkill": (0, 2), "rt_sigqueueinfo": (0, 1)}
"""Calls that send signals, and which arguments are the process and the signal."""
RESTARTED = {512, 513, 514, 516}
"""ERESTARTSYS and its like (include/linux/errno.h): it is made again, or fails with EINTR."""


class Checker:
    """Takes a trace row by row, and raises `Wrong` at the first that cannot be true."""

    def __init__(
        self,
        truth: Truth,
        killed: Mapping[int, int],
        sent: Collection[int],
        unfollowed: Collection[int],
    ) -> None:
        self.truth = truth
        self.unfollowed = set(unfollowed)
        self.killed = killed
        self.sent: Counter[tuple[int, str]] = Counter()
        self.by_anybody = {signal_name(signo) for signo in sent}
        self.free: dict[tuple[int, int], list[Account]] = defaultdict(list)
        """Accounts of which nothing was seen yet, by process and LWP."""
        for account in truth.accounts:
            self.free[_ids(account)].append(account)
        self.there: dict[int, Process] = {}
        self.ended: dict[int, int] = {}
        """The status of processes as wait(2) has it."""
        self.statuses: dict[int, list[int]] = defaultdict(list)
        for account in truth.accounts:
            for note in account.notes:
                if note.what == ENDED:
                    self.statuses[note.number].append(note.value)
        self.seen: dict[int, list[range]] = defaultdict(list)
        """Of accounts that have gone: which of their calls,"""
        self.vague: dict[int, Counter[tuple[str, tuple[int, ...]]]] = defaultdict(Counter)
        """and others, of which it is not known which they were."""
        self.latest = 0
        self.began = False

    def take(self, row: Row) -> None:
        pid, lwp, word, name, values = row
        if word == "EXEC":
            self.executes(pid, lwp, values)
        elif word == "LWP_CREATED":
            self.created(pid, lwp, values)
        elif word == "EXITED":
            self.exited(pid, lwp, values)
        elif word == "SIGNALED":
            self.signaled(pid, lwp, name, values)
        elif word == "ATTACHED":
            self.attached(pid, lwp)
        elif word == "DETACHED" and lwp == 0 and pid in self.there:
            for now in self.there.pop(pid).lwps.values():
                self.saw(now)
        elif word == "CONTINUED" and lwp == 0:
            self.continued(pid)
        else:
            self.of_lwp(self.lwp(pid, lwp), row)

    def attached(self, pid: int, lwp: int) -> None:
        """Its account is found now, and its place in that by the first marker it makes.

        It may be a child whose parent was killed before it could tell of it.
        """
        fit = self.free[pid, lwp] or (self.free[0, 0] if self.killed else [])
        # Some of them may be making others just now.
        process = self.there.setdefault(pid, Process())
        process.making += 1
        if not fit or lwp in process.lwps:
            raise Wrong("no such LWP was there")
        # One that was not told of comes with what it began as; another as what it is by now.
        born = [account for account in fit if self.began and account.how in (FORKED, VFORKED)]
        account = born[0] if born else fit[-1]
        fit.remove(account)
        process.lwps[lwp] = Lwp(pid, lwp, account, aligned=False, half=True)

    def saw(self, now: Lwp) -> None:
        """What of its account has been seen of one that goes."""
        self.seen[now.account.number].append(range(now.first, now.made))
        self.vague[now.account.number].update(now.vague)

    def continued(self, pid: int) -> None:
        process = self.there.get(pid)
        if process is None or not (process.stops or STOPS & self.by_anybody):
            raise Wrong("it was not stopped")
        process.stops = 0

    def of_lwp(self, now: Lwp, row: Row) -> None:
        word, name, values = row.word, row.name, row.values
        if word == "SCE":
            self.enters(now, name, values)
        elif word == "SCX":
            self.leaves(now, name, values)
        elif word in ("STOPPED", "CRASHED"):
            self.stopped(now, name)
        elif word in ("FORKED", "VFORKED"):
            self.forks(now, word, values)
        elif word == "VFORK_DONE":
            self.vfork_done(now, values)
        elif word == "LWP_EXITED" and values == (row.lwp,):
            del self.there[row.pid].lwps[row.lwp]
            self.goes(now)
        else:
            raise Wrong("that did not happen")

    def lwp(self, pid: int, lwp: int) -> Lwp:
        if pid not in self.there or lwp not in self.there[pid].lwps:
            raise Wrong("no such LWP is there")
        return self.there[pid].lwps[lwp]

    def comes(self, pid: int, lwp: int, how: int, creator: int | None) -> Lwp:
        """The account of one that was made just now, or one that it had no time to begin.

        :param creator: the account of who has made it; None: any LWP of its process.
        """
        for account in (*self.free[pid, lwp], *self.free[0, 0]):
            whose = self.truth.accounts[account.creator].pid
            made = whose == pid if creator is None else account.creator == creator
            if account.how == how and made:
                self.free[_ids(account)].remove(account)
                return Lwp(pid, lwp, account)
        raise Wrong(f"no LWP {lwp} of process {pid} was made there")

    def executes(self, pid: int, lwp: int, values: tuple[int, ...]) -> None:
        if not self.began:
            self.began = True
            self.there[pid] = Process({lwp: self.comes(pid, lwp, ROOT, -1)})
            return
        caller = self.lwp(pid, values[0] if values else lwp)
        if lwp != pid or caller.call not in EXECUTES:
            raise Wrong("it has not called execve")
        now = self.comes(pid, lwp, EXECUTED, caller.account.number)
        self.all_of(caller, replaced=True)
        for other in self.there[pid].lwps.values():
            if other is not caller and other.lwp != pid:
                raise Wrong("other LWPs survive")
            if other is not caller:
                self.all_of(other)
        # It comes back from the execve of the image before.
        now.call = caller.call
        now.known = Call(EXECUTES_IT, caller.call, (), 0, 0, 0)
        self.there[pid] = Process({lwp: now})

    def created(self, pid: int, lwp: int, values: tuple[int, ...]) -> None:
        if pid not in self.there or values != (lwp,) or lwp == pid:
            raise Wrong("no process that could have made it")
        process = self.there[pid]
        if not process.making:
            raise Wrong("nobody has made one")
        process.making -= 1
        process.lwps[lwp] = self.comes(pid, lwp, CREATED, None)

    def forks(self, now: Lwp, word: str, values: tuple[int, ...]) -> None:
        if now.call not in MAKES or len(values) != 1 or values[0] in self.there:
            raise Wrong("it makes no child")
        self.there[now.pid].making -= 1
        if values[0] in self.unfollowed:
            return
        how = FORKED if word == "FORKED" else VFORKED
        (child,) = values
        account = self.comes(child, child, how, now.account.number)
        self.there[child] = Process({child: account})
        if how == VFORKED:
            now.vforked.add(child)

    def vfork_done(self, now: Lwp, values: tuple[int, ...]) -> None:
        if not now.vforked.issuperset(values) or len(values) != 1:
            raise Wrong("it does not wait for that")
        now.vforked.remove(values[0])
        process = self.there.get(values[0])
        if process is None or process.statuses or process.dies:
            return
        # The kernel tells the parent before it tells us of the child's exec or end.
        lwps = process.lwps.values()
        ends = any(of.call in EXITS | EXECUTES or self.dying(of) for of in lwps)
        if not ends and any(of.account.how == VFORKED for of in lwps):
            raise Wrong("before its child has gone on")

    def dying(self, now: Lwp) -> bool:
        foretold = any(note.what == DIES for note in now.account.notes)
        return foretold or now.pid in self.killed or 0 in self.killed

    def enters(self, now: Lwp, name: str, values: tuple[int, ...]) -> None:
        if now.call:
            raise Wrong(f"it is in {now.call} already")
        now.call, now.known, now.half = name, None, False
        if not now.aligned and _is_mark(name, values):
            now.aligns(name, values)
        if now.interrupted and now.again(name, values):
            self.there[now.pid].making += name in MAKES
            return
        if name == "rt_sigreturn" and now.returns:
            now.returns -= 1
            return
        if name == "rt_sigreturn" and now.open:
            raise Wrong("a signal is missing before it")
        if not now.open and not _is_mark(name, values):
            if not now.aligned:
                now.vague.append((name, values))
            self.aside(now, name, values)
            return
        known = now.next
        if known is None or known.name != name or known.args != values:
            raise Wrong(f"{now.misfit(name, values)}; its next call is {known}")
        if now.overdue is not None:
            raise Wrong(f"a signal is missing before it: {now.overdue}")
        if now.returns:
            raise Wrong("it has not returned from its handler")
        now.known = known
        self.latest = max(self.latest, known.before)
        self.aside(now, name, values)

    def aside(self, now: Lwp, name: str, values: tuple[int, ...]) -> None:
        """What a call tells of its process, whether or not it was recorded."""
        process = self.there[now.pid]
        if name == "exit_group":
            process.statuses.add(values[0] & 0xFF)
        elif name in MAKES:
            process.making += 1
        elif name == "exit":
            process.exits.add(values[0] & 0xFF)
        elif name in KILLS:
            target, signo = (values[i] for i in KILLS[name])
            if signo:
                self.sent[target, signal_name(signo)] += 1

    def leaves(self, now: Lwp, name: str, values: tuple[int, ...]) -> None:
        if now.half:
            now.half = False
            return
        if now.call != name or not name:
            raise Wrong(f"it is in {now.call or 'no call'}")
        known, now.call, now.known = now.known, "", None
        if name in MAKES and now.vforked:
            raise Wrong(f"no VFORK_DONE of {now.vforked}")
        if name in MAKES and values[1]:
            self.there[now.pid].making -= 1
        if known is None:
            return
        if values[1] in RESTARTED and not tagged(known.args):
            now.interrupted = True
            return
        result = known.result
        if result is not None and values != ((result, 0) if result >= 0 else (0, -result)):
            raise Wrong(f"its result was {result}")
        # A call whose entry the trace has before this exit cannot have begun after it.
        if known.after and known.after < self.latest:
            raise Wrong("a later call came before it")
        if known.what == EXECUTES_IT:
            return
        now.made += 1
        now.open = (now.open or known.what == OPENS) and known.what != CLOSES
        self.waited(now, known)

    def waited(self, now: Lwp, known: Call) -> None:
        """The end of a child is in the trace before its parent is told of it."""
        if known.name != "wait4":
            return
        for note in now.account.notes:
            told = note.what == ENDED and note.calls == now.made
            if told and note.number not in {*self.ended, *self.unfollowed}:
                raise Wrong(f"before the end of {note.number}")

    def stopped(self, now: Lwp, name: str) -> None:
        if now.call:
            raise Wrong("a signal inside of a call")
        signals = now.account.signals
        now.half = False
        if not now.aligned:
            if not any(signal_name(note.number) == name for note in signals):
                self.unrecorded(now, name)
            return
        noted = signals[now.signals] if now.signals < len(signals) else None
        if noted is not None and signal_name(noted.number) == name:
            call = now.next
            if call is not None and 0 < call.after < noted.before and not now.interrupted:
                raise Wrong("it came after calls that are missing")
            now.signals += 1
            now.returns += noted.what == HANDLED
            return
        self.unrecorded(now, name)

    def unrecorded(self, now: Lwp, name: str) -> None:
        """A signal that runs no handler."""
        self.there[now.pid].stops += name in STOPS
        if name in self.by_anybody:
            return
        for target in (now.lwp, now.pid):
            if self.sent[target, name]:
                self.sent[target, name] -= 1
                return
        raise Wrong("nobody has sent it that")

    def all_of(self, now: Lwp, *, replaced: bool = False) -> str:
        """Hold one that has ended against its account.

        :returns: why it must have been killed; empty where it has ended by itself.
        """
        calls = now.account.calls
        if now.interrupted and now.next is not None and now.next.result == -EINTR:
            now.made += 1
        returned = sum(call.after != 0 for call in calls)
        self.saw(now)
        if now.aligned and now.made < returned:
            raise Wrong(f"LWP {now.lwp} has {now.made} of {returned} calls: {now.next}")
        missing = now.account.signals[now.signals :] if now.aligned else []
        # One that was foretold may have been forestalled.
        forestalled = self.killed or self.ended_by_others(now)
        if [note for note in missing if note.what == HANDLED or not forestalled]:
            raise Wrong(f"LWP {now.lwp} had signals more: {missing}")
        if replaced or now.call in EXITS:
            return ""
        self.there[now.pid].dies |= {note.number for note in now.account.notes if note.what == DIES}
        if now.account.pid == 0:
            return f"LWP {now.lwp} had not begun"
        return f"LWP {now.lwp} after {now.made} calls"

    def ended_by_others(self, now: Lwp) -> bool:
        """Whether something else than this LWP ends its process, or its image."""
        process = self.there[now.pid]
        others = [of for of in process.lwps.values() if of is not now]
        return bool(process.statuses or process.dies) or any(
            of.call in EXECUTES or self.dying(of) for of in others
        )

    def goes(self, now: Lwp) -> None:
        cut = self.all_of(now)
        process = self.there[now.pid]
        ended = process.statuses or any(of.call in EXECUTES for of in process.lwps.values())
        if cut and not ended and not any(note.what == DIES for note in now.account.notes):
            process.cut.append(cut)

    def ends(self, pid: int, lwp: int) -> Process:
        process = self.there.get(pid)
        if process is None or lwp != 0:
            raise Wrong("no process that may end")
        if process.lwps.keys() - {pid}:
            raise Wrong("before its LWPs")
        for first in process.lwps.values():
            self.goes(first)
        del self.there[pid]
        return process

    def exited(self, pid: int, lwp: int, values: tuple[int, ...]) -> None:
        process = self.ends(pid, lwp)
        if process.cut:
            raise Wrong(f"nobody has killed {process.cut}")
        statuses = process.statuses or process.exits or {0}
        if len(values) != 1 or values[0] not in statuses:
            raise Wrong(f"its status was one of {statuses}")
        self.status(pid, values[0] << 8)

    def signaled(self, pid: int, lwp: int, name: str, values: tuple[int, ...]) -> None:
        process = self.ends(pid, lwp)
        number = signal_number(name)
        by = process.dies | {self.killed.get(pid), self.killed.get(0)}
        sent = any(count and who[1] == name for who, count in self.sent.items())
        if number not in by and not sent and not self.statuses.get(pid):
            raise Wrong("nobody has killed it")
        self.status(pid, number | 0x80 * values[0])

    def status(self, pid: int, status: int) -> None:
        """As its parent was told, where that has waited for it."""
        if told := self.statuses.get(pid):
            if told[0] != status:
                raise Wrong(f"its parent was told {_words(told[0])}")
            told.pop(0)
        self.ended[pid] = status

    def end(self) -> None:
        if self.there:
            raise Wrong(f"no end of {sorted(self.there)}")
        if missing := [ids for ids, left in self.free.items() if left and ids != (0, 0)]:
            raise Wrong(f"nothing is said of {missing}")
        if told := [pid for pid in self.statuses.keys() - self.unfollowed if self.statuses[pid]]:
            raise Wrong(f"no end of {told}")

    def between(self, first: int, last: int) -> None:
        """Nothing is missing that was begun and ended between two moments of the clock."""
        for account in self.truth.accounts:
            seen = {i for calls in self.seen[account.number] for i in calls}
            due = [i for i, c in enumerate(account.calls) if first < c.before <= c.after < last]
            for call in (account.calls[i] for i in due if i not in seen):
                self.vague[account.number][call.name, call.args] -= 1
                if self.vague[account.number][call.name, call.args] < 0:
                    raise Wrong(f"LWP {account.lwp} has made {call} meanwhile")


def _ids(account: Account) -> tuple[int, int]:
    """Of an LWP that had no time to say them: (0, 0)."""
    return (account.pid, account.lwp) if account.pid else (0, 0)


def _is_mark(name: str, values: tuple[int, ...]) -> bool:
    """The C library's locks leave the last arguments of futex(2) to what was in the registers."""
    return tagged(values[:3] if name == "futex" else values)


def _words(status: int) -> str:
    if os.WIFEXITED(status):
        return f"status {os.WEXITSTATUS(status)}"
    return f"signal {os.WTERMSIG(status)}{', core' * os.WCOREDUMP(status)}"


def check_truth(
    rows: Iterable[Row],
    truth: Truth,
    *,
    killed: Mapping[int, int] | None = None,
    sent: Collection[int] = (),
    unfollowed: Collection[int] = (),
    between: tuple[int, int] | None = None,
    complete: bool = True,
) -> Checker:
    """Hold a trace of all events against the truth.

    Each LWP is made before it comes, by the one that has made it, and comes and goes once. Each of
    its calls is there once, in order, with its own number, arguments and result, and each of its
    signals once and in its place; calls of different LWPs are in order where it is known which came
    first; and each process ends last, with the status that it has had. Of the call that an LWP was
    killed in there need be no exit, and nothing else may be missing.

    :param killed: signals that processes were killed by from outside, by their pids; 0: any.
    :param sent: signals that were sent from outside and do nothing that would be recorded.
    :param unfollowed: children that were not to be traced.
    :param between: the program was attached to and let go: all that it has done between these
        moments of its clock is there, and whatever is there is true.
    :param complete: the tracer came to the end.
    :raises Wrong: with the row, and its number, that cannot be.
    """
    checker = Checker(truth, killed or {}, sent, unfollowed)
    for number, row in enumerate(rows, 1):
        try:
            checker.take(row)
        except Wrong as wrong:
            raise Wrong(f"{wrong}; row {number}: {row}") from None
    if between is not None:
        checker.between(*between)
    elif complete:
        checker.end()
    return checker
