"""The command ``picotrace-truss``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pypicotrace as pt
from pypicotrace.ending import Signals
from pypicotrace.tools.frame import (
    EXIT_FAILURE,
    Failure,
    answer,
    command,
    complain,
    end,
    not_run,
)
from pypicotrace.tools.output import Output
from pypicotrace.tools.stacks import MissingLibrary
from pypicotrace.tools.truss.arguments import Arguments, arguments
from pypicotrace.tools.truss.live import Live, Unseen
from pypicotrace.tools.truss.trace import Trace, traced

NAME = "picotrace-truss"
EVENTS = pt.SCE | pt.SCX | pt.EXEC | pt.SIGNAL | pt.EXIT | pt.LWP_EXIT


def make_loop(args: Arguments) -> pt.Loop:
    """The loop that the command line asks for.

    :raises ValueError: a word of -e chooses no call.
    """
    alone = args.counting is not None and args.counting.alone
    options: dict[str, Any] = {
        "events": counted(args) if alone else EVENTS,
        "errors": args.shape.failed if alone else None,
        # Results are not looked at.
        "whole_results": not alone,
        "follow": args.follow,
        "syscalls": traced(args),
        "pin": args.pin,
    }
    if args.pids:
        return pt.attach(*args.pids, on_refused=refused, **options)
    return pt.spawn(
        args.command,
        kernel_filter=None if args.follow and args.calls else False,
        env=pt.own_environment(args.environment),
        close_fds=False,
        **options,
    )


def counted(args: Arguments) -> pt.Mask:
    """The events that a table is made of."""
    apart = args.counting is not None and args.counting.by != "total"
    # An id that comes again is another process.
    return pt.SCX | pt.EXIT if apart else pt.SCX


def refused(error: pt.AttachError) -> None:
    """A process that cannot be attached to is named, and left out."""
    complain(NAME, str(error.strerror))


def announce(loop: pt.Loop, args: Arguments) -> None:
    """Say what was attached to.

    :raises Failure: that is nothing.
    """
    if not loop.attached and args.pids:
        raise Failure("there is nothing to trace", EXIT_FAILURE)
    if loop.attached and args.shape.ends:
        complain(NAME, f"attached to {', '.join(map(str, loop.attached))}; ^C detaches")


def show(loop: pt.Loop, args: Arguments, trace: Trace, live: Live | None, out: Output) -> None:
    """Trace to the end, or to a write that fails."""
    counting, counts = args.counting, trace.counts
    with out.traced(loop):
        if live is not None:
            live.take(loop)
        elif counting is not None and counting.alone:
            for batch in loop.stream():
                counts.add_batch(batch)
        else:
            for line in trace.lines(loop):
                out.write(f"{line}\n")
        if counting is not None:
            what = counts.json if counting.json else counts.table
            text = what(counting.order)
            if text:
                out.write(text.removesuffix("\n") + "\n")


def drawn(args: Arguments, trace: Trace) -> Live | None:
    """What draws while the loop is gone through, where that is asked for.

    :raises Failure: it cannot.
    """
    if args.counting is None or args.counting.live is None:
        return None
    try:
        return Live(trace.counts, args.counting.live)
    except Unseen as error:
        raise Failure(f"--live: {error}") from None


def run(argv: Sequence[str]) -> int:
    """The command; returns its exit status, or ends by the signal that ended what it ran."""
    args = arguments(argv)
    if isinstance(args, str):
        return answer(args)
    if args.shape.descriptors and sys.platform != "linux":
        raise Failure("-y: this system does not tell what descriptors refer to", EXIT_FAILURE)
    try:
        loop, trace = make_loop(args), Trace(args)
    except ValueError as error:
        raise Failure(f"-e: {error}") from None
    except MissingLibrary as error:
        raise Failure(f"-k: {error}") from None
    live = drawn(args, trace)
    signals = Signals(loop, ends_program=True)
    out = Output(NAME, args.output, signals)
    try:
        with signals, loop:
            announce(loop, args)
            show(loop, args, trace, live, out)
    except pt.LaunchError as error:
        raise not_run(error, pt.own_environment(args.environment)) from None
    out.close()
    return end(loop, signals.ended_by, out.lost)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command."""
    return command(NAME, run, argv)
