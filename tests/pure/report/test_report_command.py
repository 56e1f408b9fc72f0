"""picotrace-report: the page that it writes, and what it says where it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from page_parts import facts_of
from records import HEADER, batch_of_all

from pypicotrace import __version__
from pypicotrace.formats import new
from pypicotrace.report.collected import Collected
from pypicotrace.report.command import HELP, main
from pypicotrace.report.page import page

MAIN = "import sys; from pypicotrace.report.command import main; sys.exit(main())"
FULL = Path("/dev/full")
REPORT = [sys.executable, "-c", MAIN]


def wanted(title: str = "", count: int = 500) -> bytes:
    made = Collected()
    made.add(batch_of_all(count))
    made.finish()
    return page(HEADER, made, title)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "trace.ndjson"
    form = new("ndjson")
    path.write_bytes(form.begin(HEADER) + form.events(batch_of_all()))
    return path


def report(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, str]:
    status = main(list(map(str, argv)))
    out, err = capsys.readouterr()
    assert not (out and err)
    return status, out + err


def test_a_page(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name("report.html")
    assert report(capsys, file, "-o", out) == (0, "")
    assert out.read_bytes() == wanted()
    assert out.stat().st_mode & 0o777 == 0o600
    assert report(capsys, "-o", out, "--title", "Slow", file) == (0, "")
    assert out.read_bytes() == wanted("Slow")


def test_standard_input_and_output(file: Path) -> None:
    with file.open("rb") as stream:
        run = subprocess.run(
            [*REPORT, "-", "-o", "-"], stdin=stream, capture_output=True, check=True
        )
    assert (run.stdout, run.stderr) == (wanted(), b"")


def test_no_standard_input(tmp_path: Path) -> None:
    words = ["sh", "-c", 'exec "$@" <&-', "sh", *REPORT, "-o", str(tmp_path / "x.html"), "-"]
    run = subprocess.run(words, capture_output=True, check=False)
    message = b"picotrace-report: standard input: it is closed\n"
    assert (run.returncode, run.stderr) == (1, message)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "give one recording"),
        (["-o", "x"], "give one recording"),
        (["a", "b", "-o", "x"], "give one recording"),
        (["a"], "give -o OUT: the page's file"),
        (["a", "-o"], "option -o requires argument"),
        (["-x", "a"], "option -x not recognized"),
    ],
)
def test_usage(capsys: pytest.CaptureFixture[str], argv: list[str], message: str) -> None:
    status, text = report(capsys, *argv)
    assert status == 2
    usage = "usage: picotrace-report [--title TEXT] -o OUT IN"
    assert text.splitlines() == [f"picotrace-report: {message}", usage]


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(capsys, "--help") == (0, HELP)
    assert max(map(len, HELP.splitlines())) <= 80


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_version(capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert report(capsys, option) == (0, f"picotrace-report {__version__}\n")


def test_what_cannot_be_read(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, missing = file.with_name("report.html"), file.with_name("missing.ndjson")
    message = f"picotrace-report: {missing}: No such file or directory\n"
    assert report(capsys, missing, "-o", out) == (1, message)
    file.write_text("nothing of the kind\n")
    status, text = report(capsys, file, "-o", out)
    assert status == 1
    assert f"{file}: no recording of picotrace" in text
    assert not out.exists()


def test_what_cannot_be_written(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = file.read_bytes()
    message = f"picotrace-report: {file}: that is the recording\n"
    assert report(capsys, file, "-o", file) == (1, message)
    assert file.read_bytes() == before
    assert report(capsys, file, "-o", file.with_name("no") / "report.html")[0] == 1


def test_the_recording_is_standard_input(file: Path) -> None:
    before = file.read_bytes()
    with file.open("rb") as stdin:
        argv = [*REPORT, "-o", str(file), "-"]
        done = subprocess.run(argv, stdin=stdin, stderr=subprocess.PIPE, check=False)
    message = f"picotrace-report: {file}: that is the recording\n"
    assert (done.returncode, done.stderr.decode()) == (1, message)
    assert file.read_bytes() == before


@pytest.mark.skipif(not FULL.exists(), reason="this system has no disk that is always full")
def test_a_full_disk(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = f"picotrace-report: {FULL}: No space left on device\n"
    assert report(capsys, file, "-o", FULL) == (1, message)
    with FULL.open("wb") as full:
        argv = [*REPORT, "-o", "-", str(file)]
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, check=False)
    message = "picotrace-report: standard output: No space left on device\n"
    assert (done.returncode, done.stderr.decode()) == (1, message)


@pytest.mark.parametrize("bad", [b"", b'{"ev":"nothing"}\n'])
def test_a_recording_that_breaks_off(
    file: Path, capsys: pytest.CaptureFixture[str], bad: bytes
) -> None:
    """There is a page of what there is, which says so."""
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:201]) + (bad or lines[201][:-5]))
    out = file.with_name("report.html")
    status, text = report(capsys, file, "-o", out)
    assert status == 1
    assert text.startswith(f"picotrace-report: {file}: ")
    facts = facts_of(out.read_bytes())
    assert facts["warning"] == "Only the beginning: " + text.partition(": ")[2].rstrip()
    assert dict(facts["about"])["Events"] == "200"


def test_a_recording_of_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    out = file.with_name("report.html")
    assert report(capsys, file, "-o", out) == (0, "")
    assert facts_of(out.read_bytes())["processes"] == []


def test_without_msgspec(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pypicotrace.formats.parsing", raising=False)
    monkeypatch.delitem(sys.modules, "pypicotrace.formats.lines", raising=False)
    monkeypatch.setitem(sys.modules, "msgspec", None)
    status, text = report(capsys, file, "-o", file.with_name("report.html"))
    assert status == 2
    assert text.endswith("pip install 'pypicotrace[formats]'\n")


# On Linux getrusage(2) counts what the process was before its execve; /proc does not.
MEASURED = """
import resource, sys
from pypicotrace.report.command import main
main(sys.argv[1:])
if sys.platform == "linux":
    print(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_trace(tmp_path: Path) -> None:
    """240,000 events more are 69 MB as records alone; allocators vary by less."""
    form, batch = new("ndjson"), batch_of_all(20_000)
    head, events = form.begin(HEADER), form.events(batch)
    peaks = []
    for times in (4, 16):
        source = tmp_path / f"{times}.ndjson"
        source.write_bytes(head + events * times)
        files = [str(source), "-o", str(tmp_path / "report.html")]
        command = [sys.executable, "-c", MEASURED, *files]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True).stdout))
    assert peaks[1] - peaks[0] < 40_000, peaks
