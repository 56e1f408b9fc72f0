"""The command ``picotrace-convert``."""

from __future__ import annotations

import getopt
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pypicotrace.batch import Batch
from pypicotrace.files import File
from pypicotrace.formats import FORMATS, Format, needed, new
from pypicotrace.formats.header import Header
from pypicotrace.progress import Progress, counted
from pypicotrace.recording import read
from pypicotrace.tracefile import name_of_output, same_file
from pypicotrace.trouble import USAGE, Trouble, command

HELP = """\
usage: picotrace-convert [-f FORMAT] [-t FORMAT] IN OUT

Write a trace as something else. What it is and what it is to be is told by the
names of the files, or by FORMAT:

  ndjson       .ndjson   JSON, a line for each event
  parquet      .parquet  a table that is a folder: the trace is added to it
  text         .txt      as picotrace writes it
  strace       .strace   as strace -f -ttt -T -e raw=all
  trace-event  .json     for Perfetto and chrome://tracing

Everything is in the first two alone, so IN is one of them. `-` is standard
input, or standard output.

  -f FORMAT  what IN is
  -t FORMAT  what OUT is to be

  -h, --help   show this, and exit
"""
SUFFIXES = {
    ".ndjson": "ndjson",
    ".parquet": "parquet",
    ".txt": "text",
    ".strace": "strace",
    ".json": "trace-event",
}
WHOLE = ("ndjson", "parquet")
"""Formats that have everything."""
PARQUET = "pypicotrace.formats.parquet"


class Work(NamedTuple):
    """What is to be converted into what."""

    source: str
    source_format: str
    target: str
    target_format: str


def format_of(path: str, given: str | None, option: str) -> str:
    """The format of a file.

    :raises Trouble: neither its name nor the option says it.
    """
    known = SUFFIXES.values()
    name = given or SUFFIXES.get(Path(path).suffix)
    if name is None:
        raise Trouble(f"{path}: its name does not say what it is: give {option} FORMAT", USAGE)
    if name not in known:
        raise Trouble(f"{option} {name}: give {', '.join(known)}", USAGE)
    return name


def arguments(argv: Sequence[str]) -> Work | str:
    """The command line; text, where that is all that was asked for.

    :raises Trouble: it makes no sense.
    """
    try:
        options, files = getopt.gnu_getopt(list(argv), "f:ht:", ["help"])
    except getopt.GetoptError as error:
        raise Trouble(f"{error.msg}\n{HELP.splitlines()[0]}", USAGE) from None
    given = dict(options)
    if given.keys() & {"-h", "--help"}:
        return HELP
    if len(files) != 2:
        raise Trouble(f"give two files\n{HELP.splitlines()[0]}", USAGE)
    source, target = files
    work = Work(
        source,
        format_of(source, given.get("-f"), "-f"),
        target,
        format_of(target, given.get("-t"), "-t"),
    )
    if work.source_format not in WHOLE:
        lacks = f"{source}: {work.source_format} lacks what other formats need"
        raise Trouble(f"{lacks}: convert from {' or '.join(WHOLE)}", USAGE)
    if "-" in (source, target) and "parquet" in (
        work.source_format if source == "-" else "",
        work.target_format if target == "-" else "",
    ):
        raise Trouble("parquet is a folder: it cannot be standard input or output", USAGE)
    return work


@contextmanager
def opened(work: Work, progress: Progress) -> Iterator[tuple[Header, Iterable[Batch]]]:
    """The trace that is to be converted."""
    if work.source_format == "parquet":
        parquet = needed(PARQUET, "parquet", "parquet")
        files = parquet.traces(Path(work.source))
        if len(files) != 1:
            found = f"there are {len(files)} traces in it"
            raise Trouble(
                f"{work.source}: {found}: name the file of one"
                if files
                else f"{work.source}: there is no trace in it"
            )
        yield parquet.read(files[0], progress.told)
    elif work.source == "-":
        if sys.stdin is None:
            raise Trouble("standard input: it is closed")
        recording = read(sys.stdin.buffer)
        yield recording.header, recording.stream()
    else:
        with open(work.source, "rb") as file:
            recording = read(file)
            yield recording.header, counted(recording.stream(), file, progress.told)


def writer(work: Work) -> Callable[[Header, Iterable[Batch]], object]:
    """What writes the target."""
    if work.target_format == "parquet":
        return partial(needed(PARQUET, "parquet", "parquet").write, Path(work.target))
    if work.target_format in FORMATS:
        return partial(write_bytes, work, new(work.target_format))
    from pypicotrace.formats.plain import Plain

    return partial(write_bytes, work, Plain())


def write_bytes(work: Work, form: Format, header: Header, batches: Iterable[Batch]) -> None:
    """Write a file; where the trace ends early, by an error, what there is of it is whole."""
    if same_file(work.source, work.target):
        raise Trouble(f"{name_of_output(work.target)}: that is what is to be converted")
    with closing(File(work.target)) as out:
        out.write(form.begin(header))
        try:
            for batch in batches:
                out.write(form.events(batch))
        finally:
            out.write(form.end())


def convert(work: Work) -> None:
    """Do it.

    :raises Trouble, PicotraceError, OSError: it cannot be done.
    """
    with closing(Progress(os.path.basename(work.source))) as progress:
        # What is missing is found before anything is made.
        write = writer(work)
        with opened(work, progress) as (header, batches):
            write(header, batches)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command."""
    return command("picotrace-convert", arguments, convert, argv)
