"""The command ``picotrace-report``."""

from __future__ import annotations

import getopt
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

from pypicotrace import __version__
from pypicotrace.batch import Batch
from pypicotrace.errors import BadRecording
from pypicotrace.files import File
from pypicotrace.formats.header import Header
from pypicotrace.progress import Progress, counted
from pypicotrace.recording import read
from pypicotrace.report.collected import Collected
from pypicotrace.report.page import page
from pypicotrace.tracefile import name_of_output, same_file
from pypicotrace.trouble import USAGE, Trouble, command

HELP = """\
usage: picotrace-report [--title TEXT] -o OUT IN

Make a page to look at of a recording: processes over time, calls and how long
they took, errors, LWPs, descriptors. It is one file, for any browser, and
loads nothing from anywhere.

IN is what picotrace --format ndjson has written. `-` is standard input, or
standard output.

  -o OUT         the page, such as report.html
  --title TEXT   what it is called, if not the command that was traced

  -h, --help     show this, and exit
  -V, --version  show the version, and exit
"""


class Work(NamedTuple):
    """What is to be made of what."""

    source: str
    target: str
    title: str


def arguments(argv: Sequence[str]) -> Work | str:
    """The command line; text, where that is all that was asked for.

    :raises Trouble: it makes no sense.
    """
    usage = HELP.splitlines()[0]
    try:
        options, files = getopt.gnu_getopt(list(argv), "ho:V", ["help", "title=", "version"])
    except getopt.GetoptError as error:
        raise Trouble(f"{error.msg}\n{usage}", USAGE) from None
    given = dict(options)
    if given.keys() & {"-h", "--help"}:
        return HELP
    if given.keys() & {"-V", "--version"}:
        return f"picotrace-report {__version__}\n"
    if len(files) != 1:
        raise Trouble(f"give one recording\n{usage}", USAGE)
    if "-o" not in given:
        raise Trouble(f"give -o OUT: the page's file\n{usage}", USAGE)
    return Work(files[0], given["-o"], given.get("--title", ""))


@contextmanager
def opened(source: str, progress: Progress) -> Iterator[tuple[Header, Iterable[Batch]]]:
    """The recording."""
    if source == "-":
        if sys.stdin is None:
            raise Trouble("standard input: it is closed")
        recording = read(sys.stdin.buffer)
        yield recording.header, recording.stream()
    else:
        with open(source, "rb") as file:
            recording = read(file)
            yield recording.header, counted(recording.stream(), file, progress.told)


def report(work: Work) -> None:
    """Do it. Of a recording that breaks off there is a page as well, which says so.

    :raises Trouble, PicotraceError, OSError: it cannot be done, or not be done to the end.
    """
    with (
        closing(Progress(os.path.basename(work.source))) as progress,
        opened(work.source, progress) as (header, batches),
    ):
        if same_file(work.source, work.target):
            raise Trouble(f"{name_of_output(work.target)}: that is the recording")
        # A place that cannot be written to is told before there is work in it.
        with closing(File(work.target)) as out:
            collected = Collected()
            broken = collect(collected, batches)
            warning = "" if broken is None else f"Only the beginning: {broken}"
            out.write(page(header, collected, work.title, warning))
    if broken is not None:
        raise broken


def collect(collected: Collected, batches: Iterable[Batch]) -> BadRecording | None:
    """Count all that there is; returns why there is no more, if that is not the end."""
    try:
        for batch in batches:
            collected.add(batch)
    except BadRecording as error:
        return error
    finally:
        collected.finish()
    return None


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command."""
    return command("picotrace-report", arguments, report, argv)
