"""A trace that is over, and what can be asked of it and expected of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import EllipsisType
from typing import Any

from pypicotrace.events import (
    Event,
    Exited,
    Forked,
    Signaled,
    Spawned,
    SyscallEntry,
    SyscallExit,
    Vforked,
)
from pypicotrace.testing import expectation
from pypicotrace.testing.named import is_one_of
from pypicotrace.testing.patterns import Pattern, Seen, checked, matches
from pypicotrace.testing.words import with_place

MADE = (Forked, Vforked, Spawned)


@dataclass(frozen=True)
class MadeCall:
    """A system call that was made: its entry and exit in one.

    ``args`` are the arguments by name, ``strings`` what those point to that are strings. ``retval``
    is None where it failed or did not return; ``error`` is then its errno, or None.
    """

    name: str
    pid: int
    lwp: int
    args: Mapping[str, int]
    strings: Mapping[str, bytes]
    retval: int | None
    error: int | None
    entry: SyscallEntry | None
    exit: SyscallExit | None

    @property
    def returned(self) -> bool:
        """Its exit was seen."""
        return self.exit is not None


@dataclass
class Process:
    """A process of the tree: what it was, whom it made, how it ended.

    ``made_by`` is "fork", "vfork" or "spawn", or "" for the command itself; ``lwps`` are all that
    it ever had; ``end`` is None where none was seen.
    """

    pid: int
    program: bytes = b""
    made_by: str = ""
    children: list[Process] = field(default_factory=list)
    lwps: list[int] = field(default_factory=list)
    end: Exited | Signaled | None = None

    def __str__(self) -> str:
        return "\n".join(self._lines(""))

    def _lines(self, indent: str) -> Iterator[str]:
        ends = {Exited: "exited", Signaled: "killed"}
        end = f", {ends[type(self.end)]} {_end_number(self.end)}" if self.end is not None else ""
        lwps = f", {len(self.lwps)} LWPs" if len(self.lwps) > 1 else ""
        how = f"{self.made_by}: " if self.made_by else ""
        name = self.program.decode(errors="backslashreplace")
        yield f"{indent}{how}{self.pid} {name}{lwps}{end}"
        for child in self.children:
            yield from child._lines(indent + "  ")


def _end_number(end: Exited | Signaled) -> int:
    return end.status if isinstance(end, Exited) else end.signo


class Found(Sequence[Event]):
    """What was expected and found: its events in the order of the patterns."""

    def __init__(self, trace: Trace, places: Sequence[int]) -> None:
        self._trace = trace
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, which: Any) -> Any:
        events = [self._trace.seen[place].event for place in self._places]
        return events[which]

    def then(self, *patterns: Pattern | EllipsisType) -> Found:
        """Expect these after all that was found, in this order.

        :raises Mismatch: one of them did not happen.
        """
        __tracebackhide__ = True
        after = max(self._places, default=-1) + 1
        return Found(
            self._trace, expectation.in_order(self._trace.seen, _patterns(patterns), after)
        )


@dataclass(frozen=True, repr=False)
class Trace:
    """A trace that is over; or a part of one, as `process`, `lwp` and `only` give it.

    ``seen`` has the events with what is known besides; ``root`` is the pid of the command,
    ``status`` how it ended; ``stdout`` and ``stderr`` what it wrote, where that was collected.
    """

    seen: Sequence[Seen]
    root: int = 0
    status: Exited | Signaled | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    selected: bool = False

    def __len__(self) -> int:
        return len(self.seen)

    def __iter__(self) -> Iterator[Event]:
        return (seen.event for seen in self.seen)

    def __repr__(self) -> str:
        count = f"{len(self)} event{'s' * (len(self) != 1)}"
        return f"<Trace of {self.root}: {count}, {self.status or 'no end'}>"

    def __str__(self) -> str:
        return "\n".join(map(with_place, self.seen))

    @property
    def events(self) -> list[Event]:
        """The events, in the order in which the tracer took them."""
        return list(self)

    @property
    def pids(self) -> list[int]:
        """The processes, in order of appearance."""
        return list(dict.fromkeys(event.pid for event in self))

    @property
    def lwps(self) -> list[int]:
        """The LWPs, in order of appearance."""
        return list(dict.fromkeys(event.lwp for event in self if event.lwp))

    def process(self, pid: int) -> Trace:
        """What one process did."""
        return replace(self, seen=[seen for seen in self.seen if seen.event.pid == pid])

    def lwp(self, lwp: int) -> Trace:
        """What one LWP did."""
        return replace(self, seen=[seen for seen in self.seen if seen.event.lwp == lwp])

    def only(self, *wanted: Pattern | str) -> Trace:
        """That part of the trace on which something is to be asserted.

        :param wanted: patterns; and system calls (their entries and exits) by name, or as
            ``/regular expressions/`` and classes, such as ``%file``.
        :raises KeyError: no system has a call of that name.
        :raises ValueError: there is no such class, or that is no regular expression.
        :raises TypeError: one is none of these.
        """
        named = is_one_of(tuple(word for word in wanted if isinstance(word, str)))
        patterns = [checked(pattern) for pattern in wanted if not isinstance(pattern, str)]

        def is_wanted(seen: Seen) -> bool:
            if isinstance(seen.event, SyscallEntry) and named(seen.event):
                return True
            return any(matches(pattern, seen) for pattern in patterns)

        return replace(self, seen=list(filter(is_wanted, self.seen)), selected=True)

    def calls(self, *names: str) -> list[MadeCall]:
        """The system calls of these names, or all, in the order in which they began.

        :param names: as `only` takes them.
        :raises KeyError, ValueError: as `only`.
        """
        named = is_one_of(names)
        entries: dict[int, SyscallEntry] = {}
        made: dict[int, MadeCall] = {}
        for seen in self.seen:
            event = seen.event
            if not isinstance(event, SyscallEntry) or (names and not named(event)):
                continue
            if not isinstance(event, SyscallExit):
                entries[event.seq] = event
                made[event.seq] = _made(seen, event, event, None)
            elif event.enter_seq in entries:
                made[event.enter_seq] = _made(seen, event, entries[event.enter_seq], event)
            else:
                made[event.seq] = _made(seen, event, None, event)
        return [made[seq] for seq in sorted(made)]

    def tree(self) -> Process:
        """The processes, from the command down. Printed, it is a picture of them."""
        tree: dict[int, Process] = {self.root: Process(self.root)}
        for event in self:
            process = tree.setdefault(event.pid, Process(event.pid))
            process.program = event.program or process.program
            if isinstance(event, MADE):
                child = tree.setdefault(event.child, Process(event.child, event.program))
                child.made_by = {Forked: "fork", Vforked: "vfork", Spawned: "spawn"}[type(event)]
                process.children.append(child)
            elif isinstance(event, Exited | Signaled):
                process.end = event
            if event.lwp and event.lwp not in process.lwps:
                process.lwps.append(event.lwp)
        return tree[self.root]

    def expect(
        self,
        *patterns: Pattern | EllipsisType,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
    ) -> Found:
        """Expect events in this order, with others between them as they may be.

            trace.expect(call("openat", path="/etc/hosts"), call("close"))
            trace.expect(pt.Forked(pid=trace.root), ...).then(pt.Exited(status=0))
            trace.expect(call("openat", error="ENOENT"), at_most=3)

        :param patterns: events with some of their fields, classes of events, and `call`;
            ``...`` says that something may come there, which it always may.
        :param times, at_least, at_most: for one pattern: how often it happens, all bounds included.
        :returns: the events that were found.
        :raises Mismatch: it is not so; the message shows what is nearest to it.
        :raises TypeError: one is no pattern; or a bound with other than one pattern, or no number.
        :raises ValueError: no count can be within the bounds.
        """
        __tracebackhide__ = True
        wanted = _patterns(patterns)
        if times is None and at_least is None and at_most is None:
            return Found(self, expectation.in_order(self.seen, wanted))
        if len(wanted) != 1 or (times is not None and (at_least, at_most) != (None, None)):
            raise TypeError(
                "count one pattern: expect(pattern, times=N), or at_least= and at_most="
            )
        least, most = (times, times) if times is not None else (at_least, at_most)
        _check_bounds(least, most)
        return Found(self, expectation.so_often(self.seen, wanted[0], least, most))

    def expect_any_order(self, *patterns: Pattern) -> Found:
        """Expect these events, each its own, in whatever order.

        :raises Mismatch: one is not there.
        :raises TypeError: one is no pattern.
        """
        __tracebackhide__ = True
        return Found(self, expectation.in_any_order(self.seen, [*map(checked, patterns)]))

    def expect_none(self, *patterns: Pattern) -> None:
        """Expect that none of these happened.

        :raises Mismatch: one did.
        :raises TypeError: one is no pattern.
        """
        __tracebackhide__ = True
        expectation.absent(self.seen, [*map(checked, patterns)])

    def expect_exactly(self, *patterns: Pattern) -> None:
        """Expect these events in this order and no others.

        :raises ValueError: nothing was chosen by `only`: what a C library does beside what a
            program means to do changes from release to release, and is nobody's promise.
        :raises Mismatch: it is not so.
        """
        __tracebackhide__ = True
        if not self.selected:
            raise ValueError("say what is to be looked at: trace.only(...).expect_exactly(...)")
        # Of a call that is there with its entry and exit, its exit stands for both.
        whole = [seen for seen in self.seen if not seen.returned]
        expectation.exactly(whole, [*map(checked, patterns)])


def traced_events(
    events: Sequence[Event], strings: Mapping[int, Mapping[str, bytes]]
) -> list[Seen]:
    """Events with the strings of their calls.

    :param strings: by the ``seq`` of the event at which they were read, a call's entry if there is
        one.
    """
    ended = {event.enter_seq for event in events if isinstance(event, SyscallExit)} - {0}
    return [
        Seen(
            event,
            strings.get(getattr(event, "enter_seq", 0) or event.seq, {}),
            not isinstance(event, SyscallExit) and event.seq in ended,
        )
        for event in events
    ]


def _made(
    seen: Seen, event: SyscallEntry, entry: SyscallEntry | None, exit: SyscallExit | None
) -> MadeCall:
    return MadeCall(
        name=event.name,
        pid=event.pid,
        lwp=event.lwp,
        args=dict(zip(event.params, event.args, strict=False)),
        strings=seen.strings,
        retval=exit.retval if exit is not None else None,
        error=exit.error if exit is not None else None,
        entry=entry,
        exit=exit,
    )


def _patterns(patterns: Sequence[Pattern | EllipsisType]) -> list[Pattern]:
    return [checked(pattern) for pattern in patterns if not isinstance(pattern, EllipsisType)]


def _check_bounds(least: int | None, most: int | None) -> None:
    for bound in (least, most):
        if bound is not None and (not isinstance(bound, int) or isinstance(bound, bool)):
            raise TypeError(f"how often something happens is an int, not {type(bound).__name__}")
    if (most is not None and most < (least or 0)) or (least or 0) < 0:
        raise ValueError(f"nothing can happen at least {least} and at most {most} times")
