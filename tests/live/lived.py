"""An LWP and a process as a trace has shown them so far, beside what they have recorded.

Pure: it knows neither a kernel nor a loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from errno import EINTR

from rows import Wrong
from truth import CLOSES, HANDLED, OPENS, Account, Call, Note, tagged


@dataclass
class Lwp:
    """An LWP that is there now, and how far its account has been seen."""

    pid: int
    lwp: int
    account: Account
    made: int = 0
    """Calls of the account that it has come back from."""
    call: str = ""
    """The call it is in,"""
    known: Call | None = None
    """and what the account has of that."""
    open: bool = False
    """The account has all of its calls."""
    interrupted: bool = False
    """Its call was interrupted, and may be made again."""
    signals: int = 0
    returns: int = 0
    """Handlers that it has not returned from."""
    vforked: set[int] = field(default_factory=set)
    aligned: bool = True
    """It is known how far it was; not so where the tracer came in the middle,"""
    first: int = 0
    """which was at this call,"""
    half: bool = False
    """and possibly inside of one;"""
    vague: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    """and these it has made before that was known."""

    @property
    def next(self) -> Call | None:
        return self.account.calls[self.made] if self.made < len(self.account.calls) else None

    @property
    def overdue(self) -> Note | None:
        """A signal that was to come before the next call."""
        call = self.next
        for note in self.account.signals[self.signals : self.signals + 1]:
            if call is not None and is_due(note, call, self.made):
                return note
        return None

    def aligns(self, name: str, values: tuple[int, ...]) -> None:
        calls = self.account.calls
        made = [i for i, call in enumerate(calls) if (call.name, call.args) == (name, values)]
        if not made:
            raise Wrong("it never made that call")
        i = made[0]
        self.aligned = True
        self.first = self.made = i
        turns = [call.what for call in calls[:i] if call.what in (OPENS, CLOSES)]
        self.open = turns[-1:] == [OPENS]
        self.signals = sum(is_due(note, calls[i], i) for note in self.account.signals)

    def misfit(self, name: str, values: tuple[int, ...]) -> str:
        """What is wrong with a call that is not the next."""
        whose = [value >> 32 & 0xFFFFFF for value in values if tagged([value])]
        if whose and whose[0] != self.lwp:
            return f"that is a call of LWP {whose[0]}"
        where = [i for i, call in enumerate(self.account.calls) if call[1:3] == (name, values)]
        later = [i for i in where if i > self.made]
        if later:
            return f"calls are missing before it ({later[0] - self.made})"
        if where:
            return "it has made that call before"
        known = self.next
        if known is None:
            return "it never made that call"
        return "other arguments" if known.name == name else "another call"

    def again(self, name: str, values: tuple[int, ...]) -> bool:
        """Whether a call that was interrupted is made again; if not, it has failed with EINTR."""
        call = self.next
        assert call is not None
        if name == "rt_sigreturn":
            return False
        self.interrupted = False
        if name == "restart_syscall" or (name, values) == (call.name, call.args):
            self.known = call
            return True
        if call.result != -EINTR:
            raise Wrong(f"it was interrupted in {call}, and has gone on with it")
        self.made += 1
        return False


@dataclass
class Process:
    """What has been seen of a process that is there now."""

    lwps: dict[int, Lwp] = field(default_factory=dict)
    statuses: set[int] = field(default_factory=set)
    """That somebody has called exit_group with,"""
    exits: set[int] = field(default_factory=set)
    """or else its LWPs exit: the last one's counts, or in older kernels the first LWP's."""
    cut: list[str] = field(default_factory=list)
    """LWPs that ended in the middle, before anybody had ended the process or replaced its image."""
    dies: set[int] = field(default_factory=set)
    making: int = 0
    """Children and LWPs that somebody is making, and that have not come."""
    stops: int = 0
    """Signals since it was continued that stop it."""


def is_due(note: Note, call: Call, made: int) -> bool:
    """Whether a signal is to come before a call. One that is foretold comes after the next."""
    return note.before < call.before if note.what == HANDLED else note.calls < made
