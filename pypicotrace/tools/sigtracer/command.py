"""The command ``picotrace-sigtracer``."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pypicotrace as pt
from pypicotrace.ending import Signals
from pypicotrace.tools.decode.abi import abi, native
from pypicotrace.tools.frame import answer, command, end, given
from pypicotrace.tools.output import Output
from pypicotrace.tools.sigtracer.lines import line

NAME = "picotrace-sigtracer"
EVENTS = pt.ALL & ~(pt.SCE | pt.SCX | pt.STEP)
HELP = f"""\
usage: {NAME} [-f] [-o FILE] [-p PID]... [command [arg ...]]

Show the signals that a command gets, with all that they say of themselves, and
how its processes and LWPs come and go. System calls are not traced, and cost
nothing.

  -f         follow children, and theirs
  -o FILE    write to FILE; -: standard output
  -p PID     attach to a running process; may be given several times

  -h, --help     show this, and exit
  -V, --version  show the version, and exit

The lines go to standard error. The exit status is the command's.
"""


def run(argv: Sequence[str]) -> int:
    """The command; returns its exit status, or ends by the signal that ended what it ran."""
    args = given(NAME, HELP, "o:", argv)
    if isinstance(args, str):
        return answer(args)
    loop = args.loop(NAME, EVENTS)
    own, since = abi(native()), time.monotonic_ns()
    signals = Signals(loop, ends_program=True)
    out = Output(NAME, args.options.get("-o"), signals)
    with signals, loop:
        out.show(loop, lambda event: out.write(f"{line(own, event, since)}\n"))
    out.close()
    return end(loop, signals.ended_by, out.lost)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command."""
    return command(NAME, run, argv)
