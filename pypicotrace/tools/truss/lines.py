"""Events into lines: a call is one when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from pypicotrace import (
    Crashed,
    Event,
    Exec,
    Exited,
    LwpExited,
    Signaled,
    Stopped,
    SyscallEntry,
    SyscallExit,
    TraceeDied,
)
from pypicotrace.tools.decode.abi import abi, native
from pypicotrace.tools.decode.buffers import PATH_MAX, WORDS_MAX
from pypicotrace.tools.decode.call import Call, Decode
from pypicotrace.tools.decode.plan import Plan, plan
from pypicotrace.tools.decode.text import quoted
from pypicotrace.tools.truss.shape import (
    COLUMN,
    Prefix,
    Shape,
    elapsed,
    end_line,
    failure,
    result,
    signal_line,
)

Describe = Callable[[int], Callable[[int], str]]
"""Of a process, what says what its descriptors refer to."""


class Stacks(Protocol):
    """What says where an LWP is that stands."""

    def of(self, event: Event, /) -> Iterable[object]:
        """The frames of the LWP that the event has stopped; each is a line."""

    def forget(self, pid: int, /) -> None:
        """The process has ended, or has a new image."""


# NetBSD's calls with two results. In others the second register has what was left there, or what
# the kernel says unasked: of getpid(2) the parent's id.
PAIRS = frozenset(("pipe",))


class Pending:
    """A call that has begun: what is known of it so far."""

    __slots__ = ("abi", "call", "done", "pid", "plan", "split", "stack", "texts", "ts_ns")

    def __init__(self, event: SyscallEntry, made: Plan, call: Call) -> None:
        self.plan = made
        self.call = call
        self.abi = event.abi
        self.pid = event.pid
        self.ts_ns = event.ts_ns
        self.texts: list[str | None] = [None] * len(made.names)
        # What of it is in an unfinished line already, None: nothing.
        self.split: int | None = None
        self.done = ""
        self.stack: list[str] = []
        try:
            for place, decode in made.entry:
                self.texts[place] = decode(call.args[place], call)
        except TraceeDied:
            self.as_numbers(made.entry)

    def as_numbers(self, places: Sequence[tuple[int, Decode]]) -> None:
        """Show these as numbers, where nothing is shown of them: it was killed just now."""
        for place, _ in places:
            if self.texts[place] is None:
                self.texts[place] = hex(self.call.args[place])


class Lines:
    """Makes lines of the events of a trace, in the order in which they come."""

    def __init__(
        self,
        shape: Shape,
        epoch_ns: int,
        describe: Describe | None = None,
        stacks: Stacks | None = None,
    ) -> None:
        self._shape = shape
        self._stacks = stacks
        self._prefix = Prefix(shape, epoch_ns)
        self._describe = describe
        self._describers: dict[int, Callable[[int], str]] = {}
        self._pending: dict[tuple[int, int], Pending] = {}
        self._abis: dict[int, str] = {}
        # Whose call could still be one line, where unfinished ones are shown.
        self._open: tuple[int, int] | None = None

    def feed(self, event: Event) -> Sequence[str]:
        """The lines that an event gives, without their ends."""
        kind = type(event)
        if kind is SyscallExit:
            return self._exit(event)
        if kind is SyscallEntry:
            return self._entry(event)
        return list(self._other(event))

    def launched(
        self, event: Exec, path: bytes, argv: Sequence[bytes], environment: Sequence[bytes]
    ) -> str:
        """The line of the call that has begun the trace, which nobody saw."""
        count = len(environment)
        whole = self._shape.shown.verbose
        texts = [
            quoted(path, PATH_MAX),
            self._strings(argv),
            self._strings(environment) if whole else f"/* {count} var{'s' * (count != 1)} */",
        ]
        if self._shape.names:
            own = abi(native())
            made = plan(own.name, own.table.by_name["execve"].number, len(texts))
            texts = [f"{name}={text}" for name, text in zip(made.names, texts, strict=True)]
        call = f"execve({', '.join(texts)})"
        return self._prefixed(event, f"{call.ljust(COLUMN)} = 0")

    def _strings(self, words: Sequence[bytes]) -> str:
        """An array of strings, as far as it is shown."""
        limit, whole, hexadecimal = self._shape.shown
        most = WORDS_MAX if whole else limit
        texts = [quoted(word, limit, hexadecimal) for word in words[:most]]
        return f"[{', '.join(texts + ['...'] * (len(words) > most))}]"

    def mark(self, event: SyscallEntry, done: str) -> None:
        """Have the line of a call that has begun say what was done to it."""
        self._pending[event.pid, event.lwp].done = done

    def _entry(self, event: Any) -> Sequence[str]:
        who = (event.pid, event.lwp)
        if not self._shape.unfinished:
            self._pending[who] = self._begin(event)
            return ()
        lines = list(self._interrupt(who))
        self._pending[who] = self._begin(event)
        self._open = who
        return lines

    def _begin(self, event: SyscallEntry) -> Pending:
        args, pid, stop = event.args, event.pid, event.stop
        made = plan(event.abi, event.sysnum, len(args))
        if made.kept is not None:
            args = tuple([args[place] for place in made.kept])
        describe = self._describer(pid) if self._shape.descriptors else None
        call = Call(args, stop.read, stop.read_cstring, self._shape.shown, describe)
        self._abis[pid] = event.abi
        pending = Pending(event, made, call)
        if self._stacks is not None:
            # Of its beginning: an exit has no end, and after an execve there is another stack.
            pending.stack = self._stack(event)
        return pending

    def _stack(self, event: Event) -> list[str]:
        return [] if self._stacks is None else list(map(str, self._stacks.of(event)))

    def _exit(self, event: Any) -> Sequence[str]:
        who = (event.pid, event.lwp)
        # None: it began before it was traced.
        pending = self._pending.pop(who, None) or self._begin(event)
        retval, error, shape = event.retval, event.error, self._shape
        if shape.failed is not None and pending.split is None:
            failed = error > 0 and retval is None
            if failed is not shape.failed:
                return ()
        lines: list[str] = []
        if shape.unfinished:
            lines += self._interrupt(who)
            self._open = None
        made, call, texts = pending.plan, pending.call, pending.texts
        call.retval, call.ended = retval, True
        if made.exit:
            stop = event.stop
            call.read, call.cstring = stop.read, stop.read_cstring
            try:
                for place, decode in made.exit:
                    after = decode(call.args[place], call)
                    before = texts[place] if place in made.both else None
                    texts[place] = after if before in (None, after) else f"{before} => {after}"
            except TraceeDied:
                pending.as_numbers(made.exit)
        if retval is None:
            told = failure(abi(event.abi), error)
        elif made.result is None:
            told = result(retval, event.retval2 if made.name in PAIRS else None)
        else:
            told = made.result(retval, call) or "?"
        if event.cut:
            told += " (32 bits)"
        begun = self._prefix.text(*who, pending.ts_ns)
        ended = elapsed(event) if shape.elapsed else ""
        lines.append(f"{begun}{self._body(pending)} = {told}{pending.done}{ended}")
        lines += pending.stack
        return lines

    def _body(self, pending: Pending) -> str:
        """The call up to where its result begins."""
        texts = self._arguments(pending)
        if pending.split is None:
            return f"{pending.plan.name}({', '.join(texts)})".ljust(COLUMN)
        rest = ", ".join(texts[pending.split :])
        comma = ", " if rest and pending.split else ""
        return f"<... {pending.plan.name} resumed>{comma}{rest})".ljust(COLUMN)

    def _arguments(self, pending: Pending, end: int | None = None) -> list[str]:
        """The texts of those that are shown, up to a place."""
        texts = pending.texts[:end]
        if self._shape.names:
            pairs = zip(pending.plan.names, texts, strict=False)
            return [f"{name}={text}" for name, text in pairs if text is not None]
        return [text for text in texts if text is not None]

    def _interrupt(self, who: tuple[int, int]) -> Iterator[str]:
        """Something else comes between a call's beginning and its end."""
        open_ = self._open
        if open_ is None or open_ == who:
            return
        self._open = None
        pending = self._pending.get(open_)
        if pending is not None:
            texts = self._so_far(pending)
            pending.split = len(texts)
            line = f"{pending.plan.name}({', '.join(texts)} <unfinished ...>"
            yield self._prefix.text(*open_, pending.ts_ns) + line

    def _so_far(self, pending: Pending) -> list[str]:
        """The arguments before the first that is looked at when the call ends."""
        end = min((place for place, _ in pending.plan.exit), default=len(pending.texts))
        return self._arguments(pending, end)

    def _other(self, event: Event) -> Iterator[str]:
        who = (event.pid, event.lwp)
        if isinstance(event, Exec):
            self._forget(event.pid)
            if event.old_lwp:
                moved = self._pending.pop((event.pid, event.old_lwp), None)
                if moved is not None:
                    self._pending[who] = moved
            return
        if isinstance(event, Stopped | Crashed):
            if self._shape.signals:
                yield from self._interrupt((0, 0))
                yield self._prefixed(event, signal_line(self._abi(event.pid), event))
                yield from self._stack(event)
        elif isinstance(event, LwpExited):
            yield from self._unreturned([who])
            if self._shape.ends:
                yield self._prefixed(event, end_line(self._abi(event.pid), event))
        elif isinstance(event, Exited | Signaled):
            yield from self._unreturned([w for w in self._pending if w[0] == event.pid])
            if self._shape.ends:
                yield self._prefixed(event, end_line(self._abi(event.pid), event))
            self._abis.pop(event.pid, None)
            self._describers.pop(event.pid, None)
            self._forget(event.pid)

    def _forget(self, pid: int) -> None:
        if self._stacks is not None:
            self._stacks.forget(pid)

    def left(self) -> Iterator[str]:
        """The calls that had not ended when the trace did: their processes were let go."""
        for who, pending in self._pending.items():
            made = pending.plan
            filled = (place for place, _ in made.exit if place not in made.both)
            texts = self._arguments(pending, min(filled, default=len(pending.texts)))
            line = f"{pending.plan.name}({', '.join(texts)} <detached ...>"
            yield self._prefix.text(*who, pending.ts_ns) + line
            yield from pending.stack
        self._pending.clear()

    def _unreturned(self, ended: list[tuple[int, int]]) -> Iterator[str]:
        """The calls that will not return any more."""
        for who in ended:
            pending = self._pending.pop(who, None)
            if self._open == who:
                self._open = None
            if pending is not None and self._shape.failed is not True:
                pending.as_numbers(pending.plan.exit)
                yield self._prefix.text(*who, pending.ts_ns) + f"{self._body(pending)} = ?"
                yield from pending.stack

    def _prefixed(self, event: Event, line: str) -> str:
        return self._prefix.text(event.pid, event.lwp, event.ts_ns) + line

    def _abi(self, pid: int) -> Any:
        return abi(self._abis.get(pid) or native())

    def _describer(self, pid: int) -> Callable[[int], str] | None:
        if self._describe is None:
            return None
        if pid not in self._describers:
            self._describers[pid] = self._describe(pid)
        return self._describers[pid]
