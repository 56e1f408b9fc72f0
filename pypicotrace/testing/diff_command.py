"""The command ``picotrace-diff``."""

from __future__ import annotations

import getopt
import signal
import sys
from collections.abc import Sequence

from pypicotrace import syscalls
from pypicotrace.choice import native_abis
from pypicotrace.dying import die_by
from pypicotrace.testing.difference import differences
from pypicotrace.testing.items import items_of_text
from pypicotrace.testing.output import put
from pypicotrace.testing.snapshot import HEADER, Snapshot, read, take, written
from pypicotrace.trouble import complain

SAME, DIFFERENT, TROUBLE = 0, 1, 2
HELP = """\
usage: picotrace-diff [-a ABI] A B
       picotrace-diff [-a ABI] -s TRACE

Say what differs between two traces, by what programs did and not by ids,
addresses and times. A trace is what picotrace has written (-o FILE), or a
snapshot of it.

  -a ABI   whose system calls they are, such as linux-x86_64; without it:
           this machine's
  -s       print the snapshot of one trace

  -h, --help   show this, and exit

The exit status is 0 where they are the same, 1 where they differ, and 2 where
something is wrong.
"""


class Trouble(Exception):
    """The command cannot do what it was told."""


def own_abi() -> str:
    """The ABI of this machine's programs."""
    abis = native_abis()
    if not abis:
        raise Trouble("this machine's calls are not known: say whose they are by -a")
    return abis[0]


def load(path: str, abi: str) -> Snapshot:
    """The snapshot in a file, or that of the trace in it.

    :raises Trouble: it cannot be read, or is neither.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError as error:
        raise Trouble(f"{path}: {error.strerror}") from None
    try:
        if text.startswith(HEADER):
            return read(text)
        return take(items_of_text(text.splitlines(), abi))
    except ValueError as error:
        raise Trouble(f"{path}: {error}") from None


def run(argv: Sequence[str]) -> int:
    """The command; returns its exit status.

    :raises Trouble: see there.
    :raises OSError: standard output cannot be written.
    """
    try:
        options, files = getopt.getopt(list(argv), "a:hs", ["help"])
    except getopt.GetoptError as error:
        raise Trouble(f"{error.msg}\n{HELP.splitlines()[0]}") from None
    given = dict(options)
    if given.keys() & {"-h", "--help"}:
        put(HELP)
        return SAME
    wanted = 1 if "-s" in given else 2
    if len(files) != wanted:
        raise Trouble(f"give {wanted} file{'s' * (wanted > 1)}\n{HELP.splitlines()[0]}")
    abi = given.get("-a") or own_abi()
    if abi not in syscalls.ABIS:
        raise Trouble(f"-a {abi}: there are {', '.join(syscalls.ABIS)}")
    loaded = [load(path, abi) for path in files]
    if wanted == 1:
        put(written(loaded[0]))
        return SAME
    names = (files[0], files[1]) if files[0] != files[1] else ("A", "B")
    lines = differences(loaded[0], loaded[1], names)
    put("".join(f"{line}\n" for line in lines))
    return DIFFERENT if lines else SAME


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command."""
    try:
        return run(sys.argv[1:] if argv is None else argv)
    except BrokenPipeError:
        return DIFFERENT  # whoever reads has seen enough
    except KeyboardInterrupt:
        die_by(signal.SIGINT)
    except Trouble as trouble:
        complain(f"picotrace-diff: {trouble}")
    except OSError as error:
        complain(f"picotrace-diff: {error.filename}: {error.strerror}")
    return TROUBLE
