"""The command: what is refused before anything is run, and what is only asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cli_support import MODULE, Finished, picotrace, running, untraced
from system import untouched

import pypicotrace

HINT = b"Try 'picotrace --help' for what can be said.\n"


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that is there if the command was run."""
    return tmp_path / "mark"


def refused(run: Finished, mark: Path) -> str:
    """The one line that says why nothing was done."""
    assert (run.status, run.out) == (2, b"")
    assert not mark.exists()
    message = run.err.removesuffix(HINT).decode()
    assert message.count("\n") == 1
    assert message.startswith("picotrace: ")
    return message.removeprefix("picotrace: ").rstrip("\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give a command, or -p PID"),
        (["-f", "-o", "trace"], "give a command, or -p PID"),
        (["-o"], "option -o requires argument"),
    ],
)
def test_input_1_nothing_to_do(
    tmp_path: Path, mark: Path, options: list[str], message: str
) -> None:
    run = picotrace(*options, cwd=tmp_path)
    assert refused(run, mark) == message
    assert run.err.endswith(HINT)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-5"], "option -5 not recognized"),
        (["-\x1b[31m"], "option -\\x1b not recognized"),
        (["--nope"], "option --nope not recognized"),
        (["-p", "1"], "-p and a command exclude each other"),
    ],
)
def test_input_1_bad_options(mark: Path, options: list[str], message: str) -> None:
    run = picotrace(*options, "touch", str(mark))
    assert refused(run, mark) == message
    assert run.err.endswith(HINT)


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("opennat", ["'opennat'", "openat"]),
        ("trace=read,", ["empty word", "'read,'"]),
        ("", ["empty word"]),
        ("/[/", ["'/[/'", "regular expression"]),
        ("event=forkd", ["'forkd'", "fork"]),
    ],
)
def test_input_3_bad_filter_words(
    tmp_path: Path, mark: Path, option: str, named: list[str]
) -> None:
    """Nothing has been done when a word is refused: not even the old trace has been emptied.

    The words themselves are tested without a process, in tests/pure.
    """
    old = tmp_path / "old"
    old.write_text("precious")
    run = picotrace("-o", str(old), "-e", option, "touch", str(mark))
    message = refused(run, mark)
    assert message.startswith("-e: ")
    assert all(word in message for word in named), message
    assert old.read_text() == "precious"


@pytest.mark.parametrize("word", ["0", "-5", "9" * 20])
def test_input_4_bad_process_ids(mark: Path, word: str) -> None:
    message = refused(picotrace("-p", word), mark)
    assert message == f"invalid process id {word!r}: give a number from 1 to 2147483647"


def test_input_4_process_ids_do_not_wrap_around(mark: Path) -> None:
    with running(["cat"]) as target:
        refused(picotrace("-p", str(2**32 + target.pid)), mark)
        assert untouched(target.pid)
        assert target.echoes()


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_input_2_help(option: str) -> None:
    run = picotrace(option)
    assert (run.status, run.err) == (0, b"")
    assert run.out.startswith(b"usage: picotrace ")
    for word in (b" -f", b" -n", b" -o FILE", b" -e trace=", b" -p PID", b" -V, --version"):
        assert word in run.out


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_input_2_version(option: str) -> None:
    run = picotrace(option, "touch", "/nonexistent/folder")
    assert run == (0, f"picotrace {pypicotrace.__version__}\n".encode(), b"")


def test_input_2_help_that_cannot_be_written() -> None:
    with open("/dev/full", "wb") as full:
        run = picotrace("--help", stdout=full)
    assert run == (1, b"", b"picotrace: standard output: No space left on device\n")


def test_complaints_into_nowhere() -> None:
    """Standard error that is closed, or that nobody reads, is no reason for another status."""
    assert untraced(["sh", "-c", 'exec "$@" 2>&-', "sh", *MODULE, "-q"]).status == 2
    r, w = os.pipe()
    os.close(r)
    with open(w, "wb") as unread:
        assert picotrace("-q", stderr=unread).status == 2
