"""picotrace-convert: what it makes of a recording, and what it says where it cannot."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from opened import opened
from records import HEADER, batch_of_all

import pypicotrace as pt
from pypicotrace import progress
from pypicotrace.convert import HELP, main
from pypicotrace.formats import FORMATS, new
from pypicotrace.formats.plain import Plain
from pypicotrace.progress import Progress

PATIENCE = 20.0
FULL = Path("/dev/full")
CONVERT = [
    sys.executable,
    "-c",
    "import sys; from pypicotrace.convert import main; sys.exit(main())",
]


def written(form: Any, batch: pt.Batch) -> bytes:
    return form.begin(HEADER) + form.events(batch) + form.end()  # type: ignore[no-any-return]


def new_lines() -> bytes:
    """More events than are read at a time."""
    form = new("ndjson")
    form.begin(HEADER)
    return form.events(batch_of_all()) * 40


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "trace.ndjson"
    path.write_bytes(written(new("ndjson"), batch_of_all()))
    return path


def convert(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, str]:
    status = main(list(map(str, argv)))
    out, err = capsys.readouterr()
    assert not (out and err)
    return status, out + err


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("ndjson", "ndjson"), ("strace", "strace"), ("trace-event", "json"), ("text", "txt")],
)
def test_it_is_what_would_have_been_written_at_once(
    file: Path, capsys: pytest.CaptureFixture[str], name: str, suffix: str
) -> None:
    out = file.with_name(f"out.{suffix}")
    assert convert(capsys, file, out) == (0, "")
    form = new(name) if name in FORMATS else Plain()
    assert out.read_bytes() == written(form, batch_of_all())
    assert out.stat().st_mode & 0o777 == 0o600


def test_text(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name("out.txt")
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    with file.open("ab") as recording:
        recording.write(
            b'{"ev":"scx","seq":1,"ts_ns":1,"pid":10,"lwp":11,"program":"sh","abi":"linux-x86_64",'
            b'"nr":2,"name":"open","args":[],"ret":null,"ret2":null,"error":2,"error_name":null,'
            b'"enter_seq":0,"elapsed_ns":0,"half":false,"cut":false}\n'
        )
    assert convert(capsys, file, out) == (0, "")
    assert out.read_text() == "    10     11             sh SCX open = 0 Err#2 ENOENT\n"


def test_options_may_follow_the_files(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name("out")
    assert convert(capsys, file, out, "-t", "text") == (0, "")
    assert out.read_bytes() == written(Plain(), batch_of_all())


def test_by_parquet_and_back(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, back = file.with_name("table.parquet"), file.with_name("back.ndjson")
    assert convert(capsys, file, table) == (0, "")
    assert convert(capsys, table, back) == (0, "")
    assert back.read_bytes() == file.read_bytes()
    # Its file alone, and to something else.
    [trace] = table.rglob("*.parquet")
    assert convert(capsys, trace, file.with_name("out.json")) == (0, "")
    opened(file.with_name("out.json").read_bytes())


def test_a_table_whose_name_is_no_utf_8(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = file.with_name("t\udcff.parquet"), file.with_name("out.ndjson")
    why = "t\\xff.parquet: its name is not UTF-8, and pyarrow takes no other\n"
    for words in ((file, table), (table, out)):
        status, text = convert(capsys, *words)
        assert status == 1
        assert text == f"picotrace-convert: {file.parent}/{why}"
    assert [*file.parent.iterdir()] == [file]


def test_of_several_traces_one_is_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = file.with_name("table.parquet"), file.with_name("out.txt")
    table.mkdir()
    assert convert(capsys, table, out) == (
        1,
        f"picotrace-convert: {table}: there is no trace in it\n",
    )
    convert(capsys, file, table)
    file.write_bytes(file.read_bytes().replace(b'"host":"here"', b'"host":"there"'))
    convert(capsys, file, table)
    assert convert(capsys, table, out) == (
        1,
        f"picotrace-convert: {table}: there are 2 traces in it: name the file of one\n",
    )
    assert not out.exists()


def test_standard_input_and_output(file: Path) -> None:
    command = [*CONVERT, "-f", "ndjson", "-t", "strace", "-", "-"]
    with file.open("rb") as stream:
        run = subprocess.run(command, stdin=stream, capture_output=True, check=True)
    assert (run.stdout, run.stderr) == (written(new("strace"), batch_of_all()), b"")


@pytest.mark.parametrize(
    ("argv", "closed", "message"),
    [
        (["-f", "ndjson", "-", "x.txt"], 0, b"standard input: it is closed"),
        (["-t", "text", "trace.ndjson", "-"], 1, b"standard output: not open for writing"),
    ],
)
def test_a_stream_that_is_closed(file: Path, argv: list[str], closed: int, message: bytes) -> None:
    run = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *CONVERT, *argv],
        capture_output=True, check=False, cwd=file.parent,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (1, b"picotrace-convert: " + message + b"\n")


def test_help_that_cannot_be_printed() -> None:
    with open("/dev/full", "wb") as full:
        run = subprocess.run([*CONVERT, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
    message = b"picotrace-convert: standard output: No space left on device\n"
    assert (run.returncode, run.stderr) == (1, message)


def test_help_where_there_is_no_standard_output() -> None:
    run = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *CONVERT, "--help"],
        stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    message = b"picotrace-convert: standard output: Bad file descriptor\n"
    assert (run.returncode, run.stderr) == (1, message)


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_nobody_to_tell(file: Path, where: str) -> None:
    """The status is the same, and standard output, which may be the trace's, has nothing of it."""
    for argv, status in ((["missing.ndjson", "x.txt"], 1), (["x"], 2)):
        run = subprocess.run(
            ["sh", "-c", f'exec "$@" {where}', "sh", *CONVERT, *argv],
            stdout=subprocess.PIPE, check=False, cwd=file.parent,
        )  # fmt: skip
        assert (run.returncode, run.stdout) == (status, b"")


@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ended_by_a_signal(tmp_path: Path, signo: signal.Signals) -> None:
    """It ends by it, as a loop of a shell wants to see, and what was half made is gone."""
    table = tmp_path / "t.parquet"
    with subprocess.Popen(
        [*CONVERT, "-f", "ndjson", "-", str(table)], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(new("ndjson").begin(HEADER) + new_lines())
        process.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        while not list(table.rglob("*.part")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signo)
        assert (process.stderr.read(), process.wait()) == (b"", -signo)
    assert [path for path in table.rglob("*") if path.is_file()] == []


def test_what_is_told_does_not_act_upon_a_terminal(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a name nor what is in a recording."""
    bad = file.with_name("\x1b[31m.ndjson")
    bad.write_bytes(file.read_bytes().replace(b'"ev":"forked"', b'"ev":"\\u001b[31m"', 1))
    status, text = convert(capsys, bad, file.with_name("out.txt"))
    assert status == 1
    assert text.count(r"\x1b[31m") == 2
    assert text.isascii()
    assert text[:-1].isprintable()


def test_a_reader_that_has_seen_enough(file: Path) -> None:
    r, w = os.pipe()
    os.close(r)
    run = subprocess.run(
        [*CONVERT, "-t", "text", str(file), "-"], stdout=w, stderr=subprocess.PIPE, check=False
    )
    os.close(w)
    assert (run.returncode, run.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "give two files"),
        (["a.ndjson"], "give two files"),
        (["-x", "a", "b"], "option -x not recognized"),
        (["a", "b.txt"], "a: its name does not say what it is: give -f FORMAT"),
        (["a.ndjson", "b"], "b: its name does not say what it is: give -t FORMAT"),
        (["-t", "xml", "a.ndjson", "b"], "-t xml: give ndjson, parquet, text, strace, trace-event"),
        (
            ["a.strace", "b.ndjson"],
            "a.strace: strace lacks what other formats need: convert from ndjson or parquet",
        ),
        (
            ["-t", "parquet", "a.ndjson", "-"],
            "parquet is a folder: it cannot be standard input or output",
        ),
    ],
)
def test_usage(capsys: pytest.CaptureFixture[str], argv: list[str], message: str) -> None:
    status, text = convert(capsys, *argv)
    assert status == 2
    assert text.splitlines()[0] == f"picotrace-convert: {message}"


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert(capsys, "--help") == (0, HELP)
    assert max(map(len, HELP.splitlines())) <= 80


def test_what_cannot_be_read(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, missing = file.with_name("out.txt"), file.with_name("missing.ndjson")
    message = f"picotrace-convert: {missing}: No such file or directory\n"
    assert convert(capsys, missing, out) == (1, message)
    assert not out.exists()
    file.write_text("nothing of the kind\n")
    status, text = convert(capsys, file, out)
    assert status == 1
    assert "no recording of picotrace" in text
    assert not out.exists()


def test_what_cannot_be_written(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name("no") / "out.txt"
    assert convert(capsys, file, out)[0] == 1
    before = file.read_bytes()
    status, text = convert(capsys, file, file)
    assert (status, text) == (
        1,
        f"picotrace-convert: {file}: that is what is to be converted\n",
    )
    assert file.read_bytes() == before
    message = "picotrace-convert: /dev/full: No space left on device\n"
    assert convert(capsys, "-t", "text", file, "/dev/full") == (1, message)


def test_what_is_to_be_converted_is_standard_input_or_output(file: Path) -> None:
    before = file.read_bytes()
    for source, target in (("-", file), (file, "-"), ("-", "-")):
        argv = [*CONVERT, "-f", "ndjson", "-t", "ndjson", str(source), str(target)]
        with file.open("rb") as stdin, file.open("ab") as stdout:
            done = subprocess.run(
                argv,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                timeout=PATIENCE,
                check=False,
            )
        name = "standard output" if target == "-" else target
        message = f"picotrace-convert: {name}: that is what is to be converted\n"
        assert (done.returncode, done.stderr.decode()) == (1, message)
        assert file.read_bytes() == before


def test_what_is_no_file_can_be_both(file: Path) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(file.read_bytes())
        ours.shutdown(socket.SHUT_WR)
        argv = [*CONVERT, "-f", "ndjson", "-t", "text", "-", "-"]
        done = subprocess.run(argv, stdin=theirs, stdout=theirs, timeout=PATIENCE, check=False)
    with ours, ours.makefile("rb") as stream:
        assert stream.read() == written(Plain(), batch_of_all())
    assert done.returncode == 0


@pytest.mark.skipif(not FULL.exists(), reason="this system has no disk that is always full")
def test_standard_output_that_is_full_has_a_name(file: Path) -> None:
    with FULL.open("wb") as full:
        argv = [*CONVERT, "-t", "text", str(file), "-"]
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, check=False)
    message = b"picotrace-convert: standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_it_goes_where_nobody_else_has_led_it(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = file.with_name("out.txt")
    out.symlink_to(file.with_name("precious"))
    file.parent.chmod(0o1777)
    why = "it is a symbolic link in a folder that anybody can write to"
    assert convert(capsys, file, out) == (1, f"picotrace-convert: {out}: {why}\n")


def test_a_recording_that_was_cut(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What there is is converted, and whole in its format."""
    file.write_bytes(file.read_bytes()[:-5])
    out = file.with_name("out.json")
    status, text = convert(capsys, file, out)
    assert status == 1
    assert text == (
        f"picotrace-convert: {file}: the last line is cut: the trace was not written to its end\n"
    )
    assert len(opened(out.read_bytes())) > 500


def test_without_pyarrow(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pypicotrace.formats.parquet", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    message = "parquet needs the package pyarrow: pip install 'pypicotrace[parquet]'"
    table = file.with_name("t.parquet")
    assert convert(capsys, file, table) == (2, f"picotrace-convert: {message}\n")
    assert not table.exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_where_work_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    bar = Progress("[red]\x1b\udcff.ndjson")
    bar.told(0.5)
    bar.close()
    assert r"[red]\x1b\xff.ndjson" in terminal.getvalue()
    assert " 50%" in terminal.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_no_bar_otherwise(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    """Neither for what takes less than a second, nor into a file, nor without rich."""
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    if terminal:
        Progress("x").told(0.5)
        monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    Progress("x").told(0.5)
    assert stream.getvalue() == ""


def test_memory_does_not_grow_with_the_trace(tmp_path: Path) -> None:
    """240,000 events more are 69 MB as records alone; allocators vary by less."""
    code = (
        "import sys; from pypicotrace.convert import main; main(sys.argv[1:]);"
        "print(open('/proc/self/status').read())"
    )
    form, batch = new("ndjson"), batch_of_all(20_000)
    head, events = form.begin(HEADER), form.events(batch)
    for suffix in ("strace", "parquet"):
        peaks = []
        for times in (4, 16):
            source, target = tmp_path / f"{times}.ndjson", tmp_path / f"{times}.{suffix}"
            source.write_bytes(head + events * times)
            command = [sys.executable, "-c", code, str(source), str(target)]
            status = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            peaks.append(int(status.partition("VmHWM:")[2].split()[0]))
        assert peaks[1] - peaks[0] < 40_000, (suffix, peaks)
