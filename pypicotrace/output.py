"""Where the trace goes, and how it gets there: what the command line says of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pypicotrace import formats
from pypicotrace.arguments import EXIT_USAGE, TEXT, Arguments, Failure
from pypicotrace.ending import Signals
from pypicotrace.errors import MissingExtra
from pypicotrace.loop import Loop
from pypicotrace.text import Text
from pypicotrace.tracefile import open_trace

if TYPE_CHECKING:
    from pypicotrace.dividing import DividedWriter
    from pypicotrace.filter_command import FilterCommand
    from pypicotrace.formats import Format
    from pypicotrace.formats.last import Bad
    from pypicotrace.writing import Writer

EXIT_FAILURE = 1


class Lost(NamedTuple):
    """What has cost us the trace, or a part of it: in words, and whether that is a failure."""

    message: str
    is_failure: bool


class Output(Protocol):
    """Where the trace goes."""

    is_alone: bool
    """Whether the tracees are the only children there are."""
    ignored_signals: tuple[int, ...]
    """What the traced command ignores, and this program does not any more."""

    def write(self, loop: Loop, signals: Signals) -> None:
        """Trace to the end."""

    def finish(self, loop: Loop, *, failed: bool) -> None:
        """Write what happened while the loop was closed; failed: it could not go on."""

    def close(self) -> list[Lost]:
        """Nothing more is written; returns what was lost."""


def trace_name(output: str | None) -> str:
    """Where the trace goes, in words."""
    return {None: "standard error", "-": "standard output", "": "''"}.get(output, str(output))


def open_output(args: Arguments) -> Output:
    """What the trace is written to.

    :raises Failure: it cannot be written to; or a format needs what is not installed.
    """
    form = new_format(args.format)
    try:
        if args.each_process or args.rotate is not None:
            return Files(args, form)
        return Whole(args, form)
    except OSError as error:
        where = trace_name(args.output)
        raise Failure(
            f"cannot write the trace to {where}: {error.strerror}", EXIT_FAILURE
        ) from None


def new_format(name: str) -> Format | None:
    """The format of that name; None for text, which C writes.

    :raises Failure: it needs a package that is not installed.
    """
    try:
        return formats.new(name) if name != TEXT else None
    except MissingExtra as error:
        raise Failure(str(error), EXIT_USAGE) from None


def style_of(args: Arguments, fd: int) -> Text:
    """How the trace is to look: in colour on a terminal, unless that was forbidden."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    if args.colour == "always" or (args.colour == "auto" and not plain and os.isatty(fd)):
        return args.style | Text.COLOUR
    return args.style


class Whole:
    """One descriptor, of a file, a stream or a command."""

    def __init__(self, args: Arguments, form: Format | None) -> None:
        """Open it.

        :raises OSError: that cannot be done.
        """
        self._args = args
        self._form = form
        self._filter: FilterCommand | None = None
        self._writer: Writer | None = None
        self._signals: Signals | None = None
        self._errno = 0
        self._failed = False
        if args.filter_command:
            from pypicotrace.filter_command import FilterCommand

            self._filter = FilterCommand(args.filter_command)
            self._fd = self._filter.fd
        else:
            self._fd = open_trace(args.output, append=args.append)
        self.is_alone = self._filter is None
        self.ignored_signals = () if self._filter is None else self._filter.ignored_signals

    def write(self, loop: Loop, signals: Signals) -> None:
        self._signals = signals
        args = self._args
        style = style_of(args, self._fd)
        owned = args.output not in (None, "-") and not args.append and self._filter is None
        form = self._form
        if args.last is not None:
            form = last_only(form, args.last, style, partial(self._went_wrong, loop, signals))
        if form is None:
            self._errno = loop.write_text(self._fd, style, owns_file=owned)
            return
        from pypicotrace.writing import Writer

        patient = signals.is_patient
        self._writer = Writer(self._fd, form, owns_file=owned, patient=patient)
        self._writer.write(loop, args.command)

    def _went_wrong(self, loop: Loop, signals: Signals, bad: Bad) -> bool:
        if self._failed or signals.ended_by is not None or loop.stopped or bad.crashed:
            return True
        return bool(loop.returncode) if loop.root else bad.failed

    def finish(self, loop: Loop, *, failed: bool) -> None:
        self._failed = failed
        if self._writer is not None:
            self._errno = self._writer.finish(loop)

    def close(self) -> list[Lost]:
        where = trace_name(self._args.output)
        lost = []
        if self._errno:
            # Whoever reads a pipe may have seen enough; a command was to read all.
            is_failure = self._errno != errno.EPIPE or self._filter is not None
            why = os.strerror(self._errno)
            lost.append(Lost(f"{where}: {why}; the trace is incomplete", is_failure))
        if self._filter is None:
            os.close(self._fd)
        else:
            with nullcontext() if self._signals is None else self._signals.heeded_late():
                wrong = self._filter.end()
            if wrong:
                lost.append(Lost(f"{where}: {wrong}", True))
        return lost


class Files:
    """Many files: one for each process, or one after another."""

    is_alone = True
    ignored_signals: tuple[int, ...] = ()

    def __init__(self, args: Arguments, form: Format | None) -> None:
        """Open what can be opened already.

        :raises OSError: that cannot be done.
        """
        self._args = args
        self._lost: OSError | None = None
        self._writer = divided_writer(args, form)

    def write(self, loop: Loop, signals: Signals) -> None:
        self._writer.write(loop, self._args.command)

    def finish(self, loop: Loop, *, failed: bool) -> None:
        self._lost = self._writer.finish(loop)

    def close(self) -> list[Lost]:
        self._writer.close()
        if self._lost is None:
            return []
        where = self._lost.filename or trace_name(self._args.output)
        return [Lost(f"{where}: {self._lost.strerror}; the trace is incomplete", True)]


def divided_writer(args: Arguments, form: Format | None) -> DividedWriter:
    """What writes many files; a trace that goes to one does without it.

    :raises OSError: they cannot be made.
    """
    from pypicotrace.dividing import ByProcess, DividedWriter, Division, Rotation
    from pypicotrace.files import OfProcesses, OneAfterAnother

    path = str(args.output)
    division: Division
    if args.rotate is None:
        make = None if form is None else lambda: formats.new(args.format)
        division = ByProcess(OfProcesses(path, append=args.append), make)
    else:
        files = OneAfterAnother(path, args.rotate, keep=args.keep, append=args.append)
        division = Rotation(files, form)
    return DividedWriter(division, style_of(args, -1))


def last_only(
    form: Format | None, count: int, style: Text, wanted: Callable[[Bad], bool]
) -> Format:
    """A format that is written at the end, if then it is wanted, and has only what came last."""
    from pypicotrace.formats.last import Last
    from pypicotrace.formats.plain import Plain

    return Last(form or Plain(style), count, wanted)
