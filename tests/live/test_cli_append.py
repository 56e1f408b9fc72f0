"""``--append``: a trace at the end of a file."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest
from cli_support import lines, picotrace


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def test_two_traces_in_one_file(file: Path) -> None:
    for status in (3, 4):
        run = picotrace("-o", str(file), "--append", "sh", "-c", f"exit {status}")
        assert run == (status, b"", b"")
    ends = [line.info for line in lines(file.read_bytes()) if line.event == "EXITED"]
    assert ends == ["status=3", "status=4"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_was_there_stays(file: Path) -> None:
    file.write_text("precious\n")
    picotrace("-o", str(file), "--append", "--format", "strace", "true")
    first, *trace = file.read_text().splitlines()
    assert first == "precious"
    assert trace[-1].endswith("+++ exited with 0 +++")


def test_a_full_disk_takes_nothing_away(file: Path) -> None:
    """The last line may be cut; what was there before is whole."""
    before = b"precious\n" * 1000
    file.write_bytes(before)
    run = picotrace(
        "-o", str(file), "--append", "sh", "-c", "[ -e /x ]; exit 7",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9500, 9500)),
    )  # fmt: skip
    message = f"picotrace: {file}: {os.strerror(errno.EFBIG)}; the trace is incomplete\n"
    assert run == (7, b"", message.encode())
    assert file.read_bytes().startswith(before)
    assert file.stat().st_size <= 9500


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "--append goes with -o FILE"),
        (["-o", "-"], "--append goes with -o FILE"),
        (
            ["-o", "trace", "--format", "ndjson"],
            "--append is for text and strace: ndjson has a beginning and an end",
        ),
    ],
)
def test_usage(tmp_path: Path, argv: list[str], message: str) -> None:
    run = picotrace("--append", *argv, "true", cwd=tmp_path)
    assert run.status == 2
    assert run.err.decode().splitlines()[0] == f"picotrace: {message}"
    assert list(tmp_path.iterdir()) == []
