"""A trace into lines: what is done to its calls, and which of them are shown."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import pypicotrace as pt
from pypicotrace import syscalls
from pypicotrace.syscalls.select import select
from pypicotrace.tools.decode.abi import abi, native
from pypicotrace.tools.decode.text import quoted
from pypicotrace.tools.frame import EXIT_FAILURE, Failure, searched
from pypicotrace.tools.stacks import Stacks
from pypicotrace.tools.truss.arguments import Arguments, wanted
from pypicotrace.tools.truss.counts import Counts
from pypicotrace.tools.truss.inject import Injector
from pypicotrace.tools.truss.lines import Lines


def tables() -> list[syscalls.Table]:
    """Those of the ABIs that processes may use here."""
    os_name = sys.platform.rstrip("0123456789")
    return [syscalls.load(name) for name in syscalls.for_system(os_name, os.uname().machine)]


def chosen(words: Sequence[str]) -> dict[str, frozenset[int]]:
    """The calls that words choose, by ABI.

    :raises ValueError: a word chooses none; the message names it.
    """
    every = tables()
    found = zip(every, select(words, every), strict=True)
    return {table.abi: selection.numbers for table, selection in found}


def traced(args: Arguments) -> list[str] | None:
    """The calls that are to be traced: those that are shown, and those that something is done to.

    :raises ValueError: a word chooses none; the message names it.
    """
    done = [number for rule in args.injections for number in chosen(rule.words)]
    if args.calls is None or not done:
        return args.calls
    names: set[str] = set()
    for words in (args.calls, *(rule.words for rule in args.injections)):
        for abi_name, numbers in chosen(words).items():
            table = syscalls.load(abi_name)
            names |= {table.by_number[number].name for number in numbers}
    return sorted(names) or ["none"]


def refers_to(pid: int) -> Callable[[int], str]:
    """What says what a process's descriptors refer to (Linux)."""
    folder = f"/proc/{pid}/fd/"

    def describe(fd: int) -> str:
        try:
            target = os.fsencode(os.readlink(folder + str(fd)))
        except OSError:
            return ""
        return f"<{named(target)}>"

    return describe


def named(target: bytes) -> str:
    """A file's name as it stands in angle brackets: a program may have chosen anything for it."""
    text = quoted(target, len(target))[1:-1]
    return text.replace("<", "\\074").replace(">", "\\076")


def file_of(program: bytes, environment: Sequence[bytes]) -> bytes:
    """The file that is executed for a program of that name, as execvp(3) looks for it."""
    return next(
        (
            file
            for file in searched(program, environment)
            if os.path.isfile(file) and os.access(file, os.X_OK)
        ),
        program,
    )


ENDS = (pt.LwpExited, pt.Exited, pt.Signaled)


class Trace:
    """The lines of a trace, as the command line asks for them."""

    def __init__(self, args: Arguments) -> None:
        """Have what it takes.

        :raises ValueError: a word of -e chooses no call, or something cannot be done to it.
        :raises MissingLibrary: stacks are asked for, and there is no libdw.
        :raises pypicotrace.Unsupported: stacks are asked for, and this system has none.
        """
        describe = refers_to if args.shape.descriptors else None
        self._args = args
        self.counts = Counts(args.counting.by if args.counting else "total")
        stacks = Stacks() if args.stacks else None
        self._lines = Lines(args.shape, time.time_ns() - time.monotonic_ns(), describe, stacks)
        self._signals = abi(native()).signals
        self._injector = Injector(args.injections, tables()) if args.injections else None
        # Which calls are shown, where more are traced.
        self._shown = chosen(args.calls) if args.injections and args.calls is not None else None

    def lines(self, loop: pt.Loop) -> Iterator[str]:
        """The lines, while the loop is gone through."""
        launching = bool(self._args.command) and self._shows_launch()
        for event in loop:
            try:
                if isinstance(event, pt.SyscallEntry):
                    yield from self._call(event)
                elif launching and isinstance(event, pt.Exec) and event.pid == loop.root:
                    launching = False
                    yield self._launched(event)
                elif self._wants(event):
                    yield from self._lines.feed(event)
                if isinstance(event, ENDS):
                    self._ended(event)
            except pt.TraceeDied:
                continue  # its end comes as an event
        yield from self._lines.left()

    def _ended(self, event: pt.LwpExited | pt.Exited | pt.Signaled) -> None:
        if self._injector is not None:
            self._injector.ended(event)
        if not isinstance(event, pt.LwpExited):
            self.counts.ended(event.pid)

    def _call(self, event: pt.SyscallEntry) -> Sequence[str]:
        shown = self._shown is None or event.sysnum in self._shown.get(event.abi, ())
        lines: Sequence[str] = ()
        if shown:
            # What a call is given is read before it may be changed.
            lines = self._lines.feed(event)
        if isinstance(event, pt.SyscallExit):
            if self._injector is not None:
                self._injector.exit(event)
            if shown and self._args.counting is not None:
                self.counts.add(event)
        elif self._injector is not None:
            done = self._inject(self._injector, event)
            if shown and done:
                self._lines.mark(event, done)
        return lines

    def _inject(self, injector: Injector, event: pt.SyscallEntry) -> str:
        try:
            return injector.entry(event)
        except ValueError as error:  # as of a program of 32 bits, whose results are narrower
            raise Failure(f"-e inject=: {event.name}: {error}", EXIT_FAILURE) from None

    def _wants(self, event: pt.Event) -> bool:
        if self._args.signals is None or not isinstance(event, pt.Stopped):
            return True
        return wanted(self._args.signals, self._signals.get(event.signo, ""))

    def _shows_launch(self) -> bool:
        """Whether the words of -e choose the call that has begun the trace."""
        if self._args.shape.failed:
            return False
        if self._args.calls is None:
            return True
        own = abi(native())
        return own.table.by_name["execve"].number in chosen(self._args.calls)[own.name]

    def _launched(self, event: pt.Exec) -> str:
        argv = [os.fsencode(word) for word in self._args.command]
        environment = pt.own_environment(self._args.environment)
        return self._lines.launched(event, file_of(argv[0], environment), argv, environment)
