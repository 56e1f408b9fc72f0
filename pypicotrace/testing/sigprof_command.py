"""The command ``picotrace-sigprof``."""

from __future__ import annotations

import getopt
import re
import signal
import sys
from collections.abc import Sequence

from pypicotrace.dying import die_by
from pypicotrace.errors import PicotraceError
from pypicotrace.testing.output import put
from pypicotrace.testing.sigprof import INTERVAL_US, profile
from pypicotrace.trouble import complain

FOLLOWS, STRAYS, TROUBLE, UNKNOWN = 0, 1, 2, 3
HELP = f"""\
usage: picotrace-sigprof [-o] [-i MICROSECONDS] PROGRAM [ARGUMENT ...]

Say whether the kernel sends SIGPROF to the LWP (thread) that uses the CPU
time. The program runs with a profiling timer, whose signals it does not get;
a table has what each LWP has used, and how many signals were for it.

  -i MICROSECONDS  of CPU time between two signals; without it {INTERVAL_US}
  -o               the program has a timer of its own, and gets its signals

  -h, --help       show this, and exit

The exit status is 0 where they go to the LWP that uses the time, 1 where they
do not, 3 where that cannot be told, and 2 where something is wrong.
"""


class Trouble(Exception):
    """The command cannot do what it was told."""


def run(argv: Sequence[str]) -> int:
    """The command; returns its exit status.

    :raises Trouble: see there.
    :raises OSError: the program cannot be executed, or standard output cannot be written.
    """
    try:
        options, command = getopt.getopt(list(argv), "hi:o", ["help"])
    except getopt.GetoptError as error:
        raise Trouble(f"{error.msg}\n{HELP.splitlines()[0]}") from None
    given = dict(options)
    if given.keys() & {"-h", "--help"}:
        put(HELP)
        return FOLLOWS
    if not command:
        raise Trouble(f"give a program\n{HELP.splitlines()[0]}")
    if {"-o", "-i"} <= given.keys():
        raise Trouble("-i is for the timer that -o does without")
    taken = profile(command, interval_us=None if "-o" in given else _interval(given.get("-i")))
    put(f"{taken.table()}\n")
    return {True: FOLLOWS, False: STRAYS, None: UNKNOWN}[taken.verdict().follows]


def _interval(text: str | None) -> int:
    if text is None:
        return INTERVAL_US
    if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or not 1 <= int(text) <= 10**9:
        raise Trouble(f"-i {text}: give microseconds, from 1 to {10**9}")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command."""
    try:
        return run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        die_by(signal.SIGINT)
    except OSError as error:
        words = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    except (Trouble, PicotraceError) as error:
        words = str(error)
    complain(f"picotrace-sigprof: {words}")
    return TROUBLE
