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
usage: picotrace [OPTION]... COMMAND [ARG]...
       picotrace [OPTION]... -p PID...
Trace the system calls, signals, processes and LWPs (threads) of a command.

  -f, -i          follow children; -ff: each process has a file, FILE.PID
  -p PID          attach to a process; --children: and to its children
  -u USER         run as USER; -E NAME=VALUE: with that in its environment
  -e trace=WORDS  these calls: names, /regex/, %file, %network...; !: not these
  -e event=WORDS  these events: sce, scx, exec, fork, signal, exit...
  -z, -Z          only calls that have not failed; only those that have
  -o FILE         write to FILE; -: standard output; '|COMMAND': its input
  --append        ... at its end; --rotate SIZE, --keep N: to many files
  --format NAME   text; ndjson; strace; trace-event, for Perfetto
  --last N        the last N events, and only if the command fails
  --stop-after N  let go after N calls, or after a time: 5s, 200ms, 10m
  -n, -T          numbers in place of names; seconds spent in each call
  -t, -r          time of day on each line; seconds since the line before
  -v              environments and senders of signals, too
  --color WHEN    always, never, auto; --pin WHEN, --cut-results: for speed
  -h, --help      show this; -V, --version: show the version

The trace goes to standard error. The exit status is the command's.
All of it, with examples: man picotrace
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
BYTES = {"": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30}
"""What a unit of size is,"""
SIZE_MIN = 4096
"""and the least size of a file."""
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
    ``stop_seconds`` are as `pypicotrace.Loop.stop_after` takes them. ``output`` is not opened where
    there is a ``filter_command``, and stands for many files where each process has one, or where
    they ``rotate`` after so many bytes, of which the newest are to ``keep``; None: all.
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
    filter_command: str
    each_process: bool
    rotate: int | None
    keep: int | None
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
        "keep=",
        "last=",
        "pin=",
        "rotate=",
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
    each_process = [name for name, _ in options].count("-f") > 1
    rotate = _size(last("--rotate"))
    _check_files(given, last("-o"), last("--format"), each_process)
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
        append="--append" in given,
        filter_command=(last("-o") or "").removeprefix("|") if is_command(last("-o")) else "",
        each_process=each_process,
        rotate=rotate,
        keep=_keep(last("--keep")),
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
    name = TEXT if name is None else name
    if name not in (TEXT, *FORMATS):
        raise usage(f"--format {name}: give {', '.join((TEXT, *FORMATS))}")
    of_text = sorted(given & {"-n", "-r", "-T", "-t"})
    if name != TEXT and of_text:
        raise usage(f"{of_text[0]} is about how text looks: {name} always has numbers and times")
    return name


def is_command(output: str | None) -> bool:
    """Whether the trace goes to a command."""
    return output is not None and output.startswith("|")


def _check_files(given: set[str], output: str | None, name: str | None, each: bool) -> None:
    """Whether what is said of files goes together, and there is one."""
    of_files = [*(["-ff"] if each else []), *sorted(given & {"--append", "--rotate"})]
    if of_files and (output in (None, "-") or is_command(output)):
        raise usage(f"{of_files[0]} goes with -o FILE")
    if output is not None and is_command(output) and not output[1:].strip():
        raise usage(f"-o '{output}': give a command after the |")
    many = [option for option in of_files if option != "--append"]
    if many and (output or "").rpartition("/")[2] in ("", ".", ".."):
        raise usage(f"-o '{output}': give a file: {many[0]} adds to its name")
    if "--keep" in given and "--rotate" not in given:
        raise usage("--keep goes with --rotate SIZE")
    if each and "--rotate" in given:
        raise usage("-ff and --rotate exclude each other")
    if many and "--last" in given:
        raise usage(f"{many[0]} and --last exclude each other: few events need no many files")
    if each and name == "trace-event":
        raise usage("-ff is not for trace-event, which has processes side by side, in one file")
    if "--append" in given and "--rotate" not in given and name not in (None, *APPENDABLE):
        raise usage(
            f"--append is for {' and '.join(APPENDABLE)}: {name} has a beginning and an end"
        )


def _size(text: str | None) -> int | None:
    """Bytes."""
    if text is None:
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,14})([kMG]?)", text, re.ASCII)
    size = int(match[1]) * BYTES[match[2]] if match is not None else 0
    if size < SIZE_MIN:
        raise usage(f"--rotate {text}: give a size from 4k on, as 500k, 10M, 2G")
    return size


def _keep(text: str | None) -> int | None:
    if text is not None and not re.fullmatch(r"[1-9][0-9]{0,5}", text, re.ASCII):
        raise usage(f"--keep {text}: give how many files are kept, from 1 to 999999")
    return int(text) if text is not None else None


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
    when = "auto" if when is None else when
    if when not in COLOURS:
        raise usage(f"--color {when}: give {', '.join(COLOURS[:-1])} or {COLOURS[-1]}")
    return when


def _variable(text: str) -> str:
    if not text or text.startswith("="):
        raise usage(f"-E {text}: a variable has a name")
    return text
