"""The command line: what can be said, and what it means. Pure but for the user's existence."""

from __future__ import annotations

import getopt
import re
from collections.abc import Sequence
from typing import NamedTuple

from pypicotrace import __version__
from pypicotrace.attaching import PID_MAX
from pypicotrace.choice import Pin
from pypicotrace.expressions import Wanted, parse
from pypicotrace.formats import FORMATS
from pypicotrace.kinds import Mask
from pypicotrace.text import Text

EXIT_USAGE = 2

HELP = """\
usage: picotrace [-finrtTvVzZ] [-o FILE [--append]] [-e EXPR]... [-u USER]
                 [-E NAME=VALUE] [-p PID]... [--children] [--format NAME]
                 [--last N] [--stop-after N|TIME] [--pin WHEN] [--cut-results]
                 [command [arg ...]]

Trace the system calls, signals, processes and LWPs of a command.

  -f, -i         follow children, and theirs
  -o FILE        write the trace to FILE; -: standard output
  --append       ... at its end
  -e EXPR        trace=NAME,/regex/,%CLASS,!NAME: only these calls;
                 event=KIND,...: only these events. Classes: %file, %desc,
                 %network, %process, %memory, %signal, %ipc, %stat, %creds,
                 %clock
  -z, -Z         only calls that have not failed; only those that have
  -p PID         attach to a running process; may be given several times
  --children     with -p: attach to its children too, and theirs
  -u USER        run the command as USER
  -E NAME=VALUE  set a variable in its environment; -E NAME takes it out

  -n             numbers in place of names
  -t             each line begins with the time of the day
  -r             ... with the seconds since the line before
  -T             SCX ends with the seconds spent in the call
  -v             environment and auxiliary vector of each new program, and
                 who sent a signal, too; and say what chooses the calls
  --format NAME  text, the default; ndjson: JSON, a line for each event;
                 strace: as strace -f -ttt -T -e raw=all; trace-event:
                 for Perfetto and chrome://tracing
  --last N       keep the last N events, and write them at the end only if the
                 command fails, or picotrace is told to end
  --stop-after N|TIME
                 let go of everything after N calls, or after 5s, 200ms, 10m;
                 the command runs on
  --color WHEN   always, never, or auto: on a terminal, unless NO_COLOR is set
  --pin WHEN     auto, off, or a processor: whether tracer and tracee share one
  --cut-results  on NetBSD: wide results stay cut to 32 bits, which is faster

  -h, --help     show this, and exit
  -V, --version  show the version, and exit

Options end at the first operand. The trace goes to standard error. The exit
status is the command's. SIGUSR1, and SIGINFO where it exists (^T), show what
each LWP is in.
"""
HINT = "Try 'picotrace --help' for what can be said."

STYLES = {
    "-n": Text.NUMBERS,
    "-t": Text.CLOCK,
    "-r": Text.SINCE,
    "-T": Text.ELAPSED,
    "-v": Text.ENV | Text.AUXV | Text.SENDER,
}
TEXT = "text"
APPENDABLE = (TEXT, "strace")
"""Formats of which two, one after another, are one."""
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
"""What a unit of time is,"""
SECONDS_MAX = 1e9
"""and the longest that there can be."""
COLOURS = ("always", "never", "auto")


class Failure(Exception):
    """The command cannot go on: a line for the user, the exit status, and perhaps a hint."""

    def __init__(self, message: str, status: int, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.hint = hint


class Arguments(NamedTuple):
    """The command line: ``output`` None is standard error; of pids and command one is empty.

    ``format`` is one of `pypicotrace.formats.FORMATS`, or text; ``errors`` is as
    `pypicotrace.spawn` takes it. ``last`` None: all events are written. ``stop_calls`` and
    ``stop_seconds`` are as `pypicotrace.Loop.stop_after` takes them.
    """

    follow: bool
    verbose: bool
    style: Text
    format: str
    last: int | None
    stop_calls: int
    stop_seconds: float
    colour: str
    whole_results: bool
    pin: Pin
    output: str | None
    append: bool
    wanted: Wanted
    errors: bool | None
    pids: list[int]
    children: bool
    user: str | None
    environment: list[str]
    command: list[str]


def usage(message: str) -> Failure:
    """A command line that makes no sense."""
    return Failure(message, EXIT_USAGE, HINT)


def process_id(text: str) -> int:
    """A process id as it is typed: decimal digits, in range, nothing around them."""
    if not re.fullmatch(r"[1-9][0-9]{0,9}", text, re.ASCII) or int(text) > PID_MAX:
        raise Failure(f"invalid process id {text!r}: give a number from 1 to {PID_MAX}", EXIT_USAGE)
    return int(text)


def arguments(argv: Sequence[str]) -> Arguments | str:
    """The command line, checked as far as it can be without touching anything.

    :returns: text, where that is all that was asked for.
    :raises Failure: what was given makes no sense.
    """
    long = [
        "help",
        "version",
        "append",
        "children",
        "color=",
        "cut-results",
        "format=",
        "last=",
        "pin=",
        "stop-after=",
    ]
    try:
        options, command = getopt.getopt(list(argv), "finrtTvhVzZo:e:p:u:E:", long)
    except getopt.GetoptError as error:
        raise usage(error.msg) from None
    given = {name for name, _ in options}
    if given & {"-h", "--help"}:
        return HELP
    if given & {"-V", "--version"}:
        return f"picotrace {__version__}\n"

    def values(wanted: str) -> list[str]:
        return [value for name, value in options if name == wanted]

    def last(wanted: str) -> str | None:
        return next(reversed(values(wanted)), None)

    pids = [process_id(text) for text in values("-p")]
    _check_together(given, pids, command)
    try:
        wanted = parse(values("-e"))
    except ValueError as error:
        raise Failure(f"-e: {error}", EXIT_USAGE) from None
    calls, seconds = _limit(values("--stop-after"), wanted)
    style = Text.ARGV
    for name in given & STYLES.keys():
        style |= STYLES[name]
    return Arguments(
        follow=bool(given & {"-f", "-i"}),
        verbose="-v" in given,
        style=style,
        format=_format(last("--format"), given),
        last=_count(last("--last")),
        stop_calls=calls,
        stop_seconds=seconds,
        colour=_colour(last("--color")),
        whole_results="--cut-results" not in given,
        pin=_pin(last("--pin"), pids),
        output=last("-o"),
        append=_append("--append" in given, last("-o"), last("--format")),
        wanted=wanted,
        errors=_errors(given, wanted),
        pids=pids,
        children="--children" in given,
        user=last("-u"),
        environment=[_variable(text) for text in values("-E")],
        command=command,
    )


def _check_together(given: set[str], pids: list[int], command: list[str]) -> None:
    if pids and command:
        raise usage("-p and a command exclude each other")
    if not pids and not command:
        raise usage("give a command, or -p PID")
    if "--children" in given and not pids:
        raise usage("--children goes with -p")
    for name in sorted(given & {"-u", "-E"}):
        if pids:
            raise usage(f"{name} is for a command: a running process has its own already")


def _errors(given: set[str], wanted: Wanted) -> bool | None:
    """Whether only calls that have failed are wanted, or only those that have not."""
    chosen = given & {"-z", "-Z"}
    if len(chosen) > 1:
        raise usage("-z and -Z exclude each other")
    if chosen and wanted.events & Mask.SCE and not wanted.events & Mask.SCX:
        raise usage(f"{chosen.pop()} is about how calls end: -e event= has to have scx")
    return "-Z" in given if chosen else None


def _pin(when: str | None, pids: list[int]) -> Pin:
    """For what is started auto, if nothing was said; what runs already is left where it is."""
    if when is None:
        return "off" if pids else "auto"
    if when in ("auto", "off"):
        return "auto" if when == "auto" else "off"
    if not re.fullmatch(r"[0-9]{1,6}", when, re.ASCII):
        raise usage(f"--pin {when}: give auto, off or the number of a processor")
    if pids:
        raise usage("--pin with a number is for a command: a running process stays where it is")
    return int(when)


def _format(name: str | None, given: set[str]) -> str:
    name = name or TEXT
    if name not in (TEXT, *FORMATS):
        raise usage(f"--format {name}: give {', '.join((TEXT, *FORMATS))}")
    of_text = sorted(given & {"-n", "-r", "-T", "-t"})
    if name != TEXT and of_text:
        raise usage(f"{of_text[0]} is about how text looks: {name} always has numbers and times")
    return name


def _append(wanted: bool, output: str | None, name: str | None) -> bool:
    if wanted and output in (None, "-"):
        raise usage("--append goes with -o FILE")
    if wanted and name not in (None, *APPENDABLE):
        raise usage(
            f"--append is for {' and '.join(APPENDABLE)}: {name} has a beginning and an end"
        )
    return wanted


def _count(text: str | None) -> int | None:
    if text is not None and not re.fullmatch(r"[1-9][0-9]{0,6}", text, re.ASCII):
        raise usage(f"--last {text}: give how many events are kept, from 1 to 9999999")
    return int(text) if text is not None else None


def _limit(given: list[str], wanted: Wanted) -> tuple[int, float]:
    """After how many calls, and how many seconds, to stop; 0: not."""
    calls, seconds = 0, 0.0
    for text in given:
        number, unit = number_and_unit(text)
        if unit:
            seconds = float(number) * SECONDS[unit]
        elif number:
            calls = int(number)
        if seconds > SECONDS_MAX or not number.strip("0."):
            raise usage(f"--stop-after {text}: give a number of calls, or a time as 5s, 200ms, 10m")
    if calls and not wanted.events & (Mask.SCE | Mask.SCX):
        raise usage("--stop-after counts calls: -e event= has to have sce or scx")
    return calls, seconds


def number_and_unit(text: str) -> tuple[str, str]:
    """A count and no unit, or a number and that of a time; empty where it is neither."""
    count, time = r"([1-9][0-9]{0,17})", r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)"
    match = re.fullmatch(f"{count}|{time}", text, re.ASCII)
    if match is None:
        return "", ""
    return match[1] or match[2], match[3] or ""


def _colour(when: str | None) -> str:
    when = when or "auto"
    if when not in COLOURS:
        raise usage(f"--color {when}: give {', '.join(COLOURS[:-1])} or {COLOURS[-1]}")
    return when


def _variable(text: str) -> str:
    if not text or text.startswith("="):
        raise usage(f"-E {text}: a variable has a name")
    return text
