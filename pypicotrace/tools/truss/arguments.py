"""The command line of picotrace-truss: what can be said, and what it means. Pure."""

from __future__ import annotations

import getopt
import re
from collections.abc import Sequence
from typing import NamedTuple

from pypicotrace import __version__, syscalls
from pypicotrace.syscalls.classes import CLASSES
from pypicotrace.tools.decode.call import Shown
from pypicotrace.tools.frame import Failure
from pypicotrace.tools.truss.counts import ORDERS, OWNERS
from pypicotrace.tools.truss.inject import Injection, injection
from pypicotrace.tools.truss.live import ORDERS as LIVE_ORDERS
from pypicotrace.tools.truss.shape import Clock, Shape

PID_MAX = 2**31 - 1
STRING_MAX = 2**20

HELP = """\
usage: picotrace-truss [OPTION]... COMMAND [ARG]...
       picotrace-truss [OPTION]... -p PID...
Show the system calls of a command, with what their arguments mean.

  -f               follow children; -q: nothing of ends of processes and LWPs
  -p PID           attach to a process; --pin WHEN: for speed
  -E NAME=VALUE    run the command with that in its environment
  -e trace=WORDS   these calls: names, /regex/, %file, %desc...; !: not these
  -e signal=WORDS  these signals; -e status=successful|failed: -z, -Z
  -e inject=CALLS:error=E|retval=N|signal=S|delay=US[:when=N+M]: do that
  -z, -Z           only calls that have not failed; only those that have
  -o FILE          write to FILE, not to standard error; -: standard output
  -c, -C, --live   a table of calls at the end; lines, too; a table meanwhile
  -S ORDER         its order: time, calls, errors, mean, p50, p99, rate, name
  --by WHOM        one in total, for each process, each lwp; --json: as JSON
  -N, -v           names of arguments; all of structures, and environments
  -k, -x, -y       stacks; strings in hexadecimal; what descriptors refer to
  -s BYTES         so much of a string; -U: a call in two parts
  -t, -tt, -ttt    time of day; with microseconds; since the epoch
  -r, -T           seconds since the line before; seconds in the call
  -h, --help       show this; -V, --version: show the version

The exit status is the command's. All of it, with examples: man picotrace-truss
"""
LONG = ["by=", "help", "json", "live", "pin=", "version"]
HINT = "Try 'picotrace-truss --help' for what can be said."


class Counting(NamedTuple):
    """What is said at the end of how often calls were made; ``alone``: and nothing else is.

    ``live``: and meanwhile, in an order of its own.
    """

    alone: bool
    order: str
    by: str
    json: bool
    live: str | None = None


class Arguments(NamedTuple):
    """The command line; of pids and command one is empty. ``output`` None is standard error."""

    shape: Shape
    follow: bool
    stacks: bool
    output: str | None
    calls: list[str] | None
    signals: list[str] | None
    pids: list[int]
    environment: list[str]
    pin: int | str
    counting: Counting | None
    injections: list[Injection]
    command: list[str]


def usage(message: str) -> Failure:
    """A command line that makes no sense."""
    return Failure(f"{message}\n{HINT}")


def number(option: str, text: str, least: int, most: int) -> int:
    """A number as it is typed: decimal digits, in range, nothing around them."""
    if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or not least <= int(text) <= most:
        raise usage(f"{option} {text}: give a number from {least} to {most}")
    return int(text)


def arguments(argv: Sequence[str]) -> Arguments | str:
    """What the command line asks for; the text to print where it asks for help or version.

    :raises Failure: it makes no sense.
    """
    try:
        options, command = getopt.getopt(list(argv), "cCe:E:fhkNo:p:qrs:S:tTUvVxyzZ", LONG)
    except getopt.GetoptError as error:
        raise usage(error.msg) from None
    flags = [name for name, _ in options]
    if "-h" in flags or "--help" in flags:
        return HELP
    if "-V" in flags or "--version" in flags:
        return f"picotrace-truss {__version__}\n"
    values = dict(options)
    pids = [number("-p", value, 1, PID_MAX) for name, value in options if name == "-p"]
    if bool(pids) == bool(command):
        raise usage("give a command, or processes (-p PID)" + ", not both" * bool(pids))
    if pids and "-E" in flags:
        raise usage("-E is for a command: a running process has its own already")
    given = [value for name, value in options if name == "-e"]
    injections = [made for text in given for made in _injections(text)]
    calls, signals, failed = expressions([text for text in given if not _injects(text)])
    alone = next((flag for flag in ("-c", "--live") if flag in flags), None)
    if injections and alone:
        raise usage(f"{alone} does not stop calls: with -e inject= use -C")
    if "-k" in flags and alone:
        raise usage(f"{alone} has no lines that stacks could follow: with -k use -C")
    if {"-z", "-Z"} <= set(flags):
        raise usage("-z and -Z leave no call")
    failed = False if "-z" in flags else True if "-Z" in flags else failed
    if flags.count("-t") > 3 or ("-r" in flags and "-t" in flags):
        raise usage("a line begins with one time: -r, -t, -tt or -ttt")
    shape = Shape(
        shown=Shown(
            limit=number("-s", values["-s"], 0, STRING_MAX) if "-s" in values else 32,
            verbose="-v" in flags,
            hexadecimal="-x" in flags,
        ),
        ids="-f" in flags or len(pids) > 1,
        clock=Clock.SINCE if "-r" in flags else Clock(flags.count("-t")),
        elapsed="-T" in flags,
        names="-N" in flags,
        unfinished="-U" in flags,
        descriptors="-y" in flags,
        signals=signals != [],
        ends="-q" not in flags,
        failed=failed,
    )
    return Arguments(
        shape=shape,
        follow="-f" in flags,
        stacks="-k" in flags,
        output=values.get("-o"),
        calls=calls,
        signals=signals,
        pids=pids,
        environment=[_variable(value) for name, value in options if name == "-E"],
        pin=_pin(values.get("--pin"), bool(pids)),
        counting=_counting(values),
        injections=injections,
        command=command,
    )


def _injects(text: str) -> bool:
    return text.startswith(("inject=", "fault="))


def _injections(text: str) -> list[Injection]:
    """What is said by one -e; ``fault=`` is strace's older name, of errors alone."""
    if not _injects(text):
        return []
    kind, _, value = text.partition("=")
    if kind == "fault" and ":error=" not in value:
        value += ":error=ENOSYS"
    try:
        made = injection(value)
    except ValueError as error:
        raise usage(f"-e {text}: {error}") from None
    return [made._replace(words=_words(",".join(made.words)))]


def _counting(values: dict[str, str]) -> Counting | None:
    given = [name for name in ("-S", "--by", "--json") if name in values]
    if not {"-c", "-C", "--live"} & values.keys():
        if given:
            raise usage(f"{given[0]} is for the table of -c, -C and --live")
        return None
    live = "--live" in values
    if "-C" in values and (live or "-c" in values):
        one = "--live" if live else "-c"
        raise usage(f"{one} gives the table alone, -C the lines as well: give one of them")
    order, by = values.get("-S", "time"), values.get("--by", "total")
    orders = LIVE_ORDERS if live else ORDERS
    if order not in orders:
        raise usage(f"-S {order}: there are {', '.join(orders)}")
    if by not in OWNERS:
        raise usage(f"--by {by}: there are {', '.join(OWNERS)}")
    at_the_end = order if order in ORDERS else "calls"
    alone = live or "-c" in values
    return Counting(alone, at_the_end, by, "--json" in values, order if live else None)


def _variable(text: str) -> str:
    if not text or text.startswith("="):
        raise usage(f"-E {text}: a variable has a name")
    return text


def _pin(text: str | None, attached: bool) -> int | str:
    if text in ("auto", "off"):
        return str(text)
    if text is None:
        return "off" if attached else "auto"
    if attached:
        raise usage(f"--pin {text}: with -p give auto or off: a running process stays where it is")
    return number("--pin", text, 0, 2**20)


def expressions(
    given: Sequence[str],
) -> tuple[list[str] | None, list[str] | None, bool | None]:
    """What the words of -e choose: calls, signals (None: all), and whether failed calls.

    :raises Failure: it makes no sense.
    """
    calls: list[str] | None = None
    signals: list[str] | None = None
    failed: bool | None = None
    for text in given:
        kind, equals, value = text.partition("=")
        if not equals or text.startswith("/"):
            kind, value = "trace", text
        if kind in ("t", "trace"):
            calls = (calls or []) + _words(value)
        elif kind in ("s", "signal", "signals"):
            signals = (signals or []) + [_signal(word) for word in _words(value)]
        elif kind == "status":
            if value not in ("successful", "failed"):
                raise usage(f"-e {text}: give status=successful or status=failed")
            failed = value == "failed"
        else:
            raise usage(f"-e {text}: there are trace=, signal=, status= and inject=")
    if signals is not None and "none" in signals:
        signals = []
    return calls, signals, failed


def _words(value: str) -> list[str]:
    """The words between commas; ``!`` before the first is before all, as in strace(1).

    A comma inside of slashes belongs to the expression.
    """
    words = re.findall(r"!?/(?:[^/\\]|\\.)*/|[^,]+", value)
    if not words:
        raise usage("-e: an empty list; give names")
    negated = words[0].startswith("!")
    bare = [word.removeprefix("!") for word in words]
    # strace's older names of the classes.
    bare = [f"%{word}" if word in CLASSES and word not in NAMES else word for word in bare]
    return [f"!{word}" if negated else word for word in bare]


NAMES = frozenset({"signal", "ipc"})
"""Classes that are names of calls as well, on some ABI."""


def _signal(word: str) -> str:
    """A signal's name in full.

    :raises Failure: no system has it.
    """
    bare = word.removeprefix("!").upper()
    if bare in ("ALL", "NONE"):
        return "all" if (bare == "ALL") is not word.startswith("!") else "none"
    name = bare if bare.startswith("SIG") else f"SIG{bare}"
    known = {name for os in syscalls.SYSTEMS for name in syscalls.signals(os).values()}
    if name not in known:
        raise usage(f"-e signal={word}: there is no such signal")
    return f"!{name}" if word.startswith("!") else name


def wanted(signals: list[str] | None, name: str) -> bool:
    """Whether the words of -e signal= choose a signal."""
    if signals is None or "all" in signals:
        return True
    if any(word.startswith("!") for word in signals):
        return f"!{name}" not in signals
    return name in signals
