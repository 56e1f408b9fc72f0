"""The command line of a test program, atf-test-program(1)."""

from __future__ import annotations

import contextlib
import getopt
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from pypicotrace.testing.atf import current
from pypicotrace.testing.atf.cases import Case, cases_of
from pypicotrace.testing.atf.fixtures import arguments
from pypicotrace.testing.atf.listing import listing
from pypicotrace.testing.atf.result import Result
from pypicotrace.testing.atf.run import Run

PARTS = ("body", "cleanup")
# Not opened anew: they may be files that are written to already.
STANDARD = {"/dev/stdout": 1, "/dev/stderr": 2}
# A runtime engine says so of itself.
ENGINE = ("__RUNNING_INSIDE_ATF_RUN", "internal-yes-value")
ALONE = (
    "Running test cases outside of kyua(1) is unsupported",
    "No isolation nor timeout control is being applied; you may get unexpected failures; "
    "see atf-test-case(4)",
)


class Wrong(Exception):
    """The program cannot do what it is told; ``usage`` where the command line makes no sense."""

    def __init__(self, message: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.usage = usage


class Words(NamedTuple):
    """A command line. ``ident`` is empty where the cases are to be listed."""

    ident: str
    part: str
    resfile: str
    srcdir: Path
    config: dict[str, str]


def command_line(argv: Sequence[str]) -> Words:
    """Take a command line apart; ``argv[0]`` is the program.

    :raises Wrong: it makes no sense.
    """
    try:
        options, operands = getopt.getopt(list(argv[1:]), "lr:s:v:")
    except getopt.GetoptError as error:
        known = error.opt in ("r", "s", "v")
        words = (
            f"Option -{error.opt} requires an argument."
            if known
            else f"Unknown option -{error.opt}."
        )
        raise Wrong(words, usage=True) from None
    given = dict(options)
    config = {}
    for value in [value for name, value in options if name == "-v"]:
        name, equals, text = value.partition("=")
        if not equals:
            raise Wrong("-v requires an argument of the form var=value", usage=True)
        config[name] = text
    ident, part = _operand(operands, "-l" in given)
    srcdir = Path(given.get("-s", os.path.dirname(argv[0]))).absolute()
    return Words(ident, part, given.get("-r", "/dev/stdout"), srcdir, config)


def _operand(operands: Sequence[str], lists: bool) -> tuple[str, str]:
    if lists and operands:
        raise Wrong("Cannot provide test case names with -l", usage=True)
    if lists:
        return "", ""
    if not operands:
        raise Wrong("Must provide a test case name", usage=True)
    if len(operands) > 1:
        raise Wrong("Cannot provide more than one test case name", usage=True)
    ident, colon, part = operands[0].partition(":")
    if colon and part not in PARTS:
        raise Wrong(f"Invalid test case part `{part}'", usage=True)
    return ident, part or "body"


def main(argv: Sequence[str] | None = None, module: ModuleType | None = None) -> None:
    """Be a test program: do what the command line says, and exit.

        if __name__ == "__main__":
            atf.main()

    :param argv: the command line, if it is not the process's own.
    :param module: where the test cases are, if it is not the program itself.
    """
    words = list(sys.argv if argv is None else argv)
    name = os.path.basename(words[0])
    try:
        status = _main(words, module or sys.modules["__main__"])
    except Wrong as wrong:
        print(f"{name}: ERROR: {wrong}", file=sys.stderr)
        if wrong.usage:
            print(f"{name}: See atf-test-program(1) for usage details.", file=sys.stderr)
        status = 1
    sys.exit(status)


def _main(argv: Sequence[str], module: ModuleType) -> int:
    words = command_line(argv)
    name = os.path.basename(argv[0])
    if not (words.srcdir / name).exists():
        raise Wrong(f"Cannot find the test program in the source directory `{words.srcdir}'")
    try:
        cases = cases_of(module)
    except (TypeError, ValueError) as error:
        raise Wrong(str(error)) from None
    if not words.ident:
        print(listing(cases.values()), end="")
        return 0
    if words.ident not in cases:
        raise Wrong(f"Unknown test case `{words.ident}'", usage=True)
    if os.environ.get(ENGINE[0]) != ENGINE[1]:
        for warning in ALONE:
            print(f"{name}: WARNING: {warning}", file=sys.stderr)
    case = cases[words.ident]
    return _cleanup(case, words) if words.part == "cleanup" else _body(case, words)


def _body(case: Case, words: Words) -> int:
    # The body may change the directory.
    path = os.path.abspath(words.resfile)
    run = Run(lambda result: write_result(path, result), words.config, words.srcdir)
    return run_body(case, run)


def run_body(case: Case, run: Run) -> int:
    """Run the body of a case in this process; gives the exit status that goes with its result."""
    current.begin(run)
    result = run.body(lambda: case.body(**arguments(run, case.body, case.parameters)))
    return 0 if result.good else 1


def _cleanup(case: Case, words: Words) -> int:
    if case.cleanup is not None:
        current.begin(Run(lambda result: None, words.config, words.srcdir))
        case.cleanup()
    return 0


def flush_streams() -> None:
    """Write out what was printed; to a stream that a body has closed, or taken away, nothing."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()


def write_result(path: str, result: Result) -> None:
    """Make a result all that a file says; on standard output and error it is added.

    :raises Wrong: it cannot be written.
    """
    flush_streams()  # what the body has printed comes before it
    line = f"{result.line()}\n".encode(errors="backslashreplace")
    fd = STANDARD.get(path)
    try:
        if fd is not None:
            os.write(fd, line)
        else:
            Path(path).write_bytes(line)
    except OSError as error:
        raise Wrong(f"Cannot create results file '{path}': {error.strerror}") from None
