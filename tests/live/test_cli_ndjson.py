"""On every system: the command writes ndjson, all that happens, whatever becomes of the file."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cli_support import eventually, picotrace, running, tracing, untraced
from system import LINUX

import pypicotrace as pt
from pypicotrace import formats
from pypicotrace.formats.header import boot, here

SCHEMA = json.loads(Path(formats.__file__).with_name("ndjson.schema.json").read_text())
FORKS = "(exit 3) & wait; kill -USR1 $$; exec sh -c 'exit 7'"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trace.ndjson"


def record(file: Path, *argv: str, status: int = 0) -> pt.Recording:
    run = picotrace("--format", "ndjson", "-o", str(file), *argv)
    assert (run.status, run.err) == (status, b"")
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for line in file.read_bytes().splitlines():
        validator.validate(json.loads(line))
    return pt.read(file)


def test_a_tree_of_processes(file: Path) -> None:
    script = f"trap : USR1; {FORKS}"
    recording = record(file, "-f", "sh", "-c", script, status=7)
    events = list(recording)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    kinds = Counter(map(type, events))
    assert {pt.Exec: 2, pt.Exited: 2}.items() <= kinds.items()
    assert kinds[pt.Forked] + kinds[pt.Vforked] == 1
    signals = [event.signo for event in events if isinstance(event, pt.Stopped)]
    assert signal.SIGUSR1 in signals
    assert recording.header.command == (b"sh", b"-c", script.encode())
    assert (recording.header.boot, recording.header.version) == (boot(), pt.__version__)
    assert events[-1] == pt.Exited(events[0].pid, 0, events[-1].program, status=7)


def test_what_is_read_is_what_the_loop_gave(file: Path) -> None:
    """All fields, to the end; also what came while it was closed."""
    form = formats.new("ndjson")
    live: list[pt.Event] = []
    with file.open("wb") as out:
        out.write(form.begin(here("0")))
        with pt.spawn(["sh", "-c", "sleep 100 & kill -USR2 $$; wait"], follow=True) as loop:
            loop.keep_rest()
            for batch in loop.stream():
                live += batch
                out.write(form.events(batch))
                if any(isinstance(event, pt.Signaled) for event in batch):
                    break
        assert loop.rest is not None
        live += loop.rest
        out.write(form.events(loop.rest) + form.end())
    ends = [event for event in live if isinstance(event, pt.Signaled)]
    assert [event.signo for event in ends] == [signal.SIGUSR2, signal.SIGKILL]
    read = list(pt.read(file))
    assert read == live
    assert list(map(values, read)) == list(map(values, live))


def values(event: pt.Event) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in fields(event)}


def test_it_has_what_the_text_has(file: Path, tmp_path: Path) -> None:
    """Line by line, of two runs of one program, without what differs between runs."""
    command = ["sh", "-c", "cd /; echo x >/dev/null; [ -e /nonexistent ]; exit 3"]
    text = tmp_path / "text"
    picotrace("-o", str(text), *command)
    words = [line.split()[3:5] for line in text.read_text().splitlines() if " ARGV[" not in line]
    record(file, *command, status=3)
    events = [json.loads(line) for line in file.read_text().splitlines()[1:]]
    assert [event["ev"].upper() for event in events] == [word[0] for word in words]
    names = [word[1].partition("(")[0] for word in words if word[0] in ("SCE", "SCX")]
    assert [event["name"] for event in events if "name" in event] == names


def test_filters_hold(file: Path) -> None:
    recording = record(file, "-e", "trace=read", "-e", "event=scx,exit", "cat", "/dev/null")
    events = list(recording)
    assert {type(event) for event in events} == {pt.SyscallExit, pt.Exited}
    assert {event.name for event in events[:-1]} == {"read"}  # type: ignore[attr-defined]


def test_a_process_that_is_let_go_says_so(file: Path) -> None:
    """What happens while the loop is closed is in the file, too."""
    with running(["cat"]) as target:
        with tracing("--format", "ndjson", "-o", str(file), "-p", str(target.pid)) as run:
            run.complains(b"^C detaches\n")
            assert target.echoes()
            run.kill(signal.SIGTERM)
            assert run.process.wait(timeout=10) == -signal.SIGTERM
        assert target.echoes()
    events = list(pt.read(file))
    assert isinstance(events[0], pt.Attached)
    assert events[-1] == pt.Detached(target.pid, 0, b"cat")
    assert pt.read(file).header.command == ()


def test_what_has_happened_is_in_the_file_soon(file: Path) -> None:
    with tracing("--format", "ndjson", "-o", str(file), "sh", "-c", "echo ready; read x") as run:
        run.hear(b"ready\n")

        def last() -> bool:
            text = file.read_bytes()
            return text.endswith(b"\n") and json.loads(text.splitlines()[-1]).get("name") == "read"

        eventually(last, "the call it sleeps in is in the file", bound=1)
        run.say(b"\n")
        assert run.finish().status == 0


def test_a_full_disk_leaves_whole_lines(file: Path) -> None:
    busy = "i=0; while [ $i -lt 500 ]; do i=$((i+1)); [ -e /x ]; done; echo ran; exit 7"
    run = picotrace(
        "--format", "ndjson", "-o", str(file), "sh", "-c", busy,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (70_077, 70_077)),
    )  # fmt: skip
    message = f"picotrace: {file}: {os.strerror(errno.EFBIG)}; the trace is incomplete\n"
    assert run == (7, b"ran\n", message.encode())
    # NetBSD refuses the whole of a write that does not fit.
    assert (69_000 if LINUX else 1) < file.stat().st_size <= 70_077
    assert len(list(pt.read(file))) > (200 if LINUX else 0)


def test_a_reader_that_goes_away() -> None:
    busy = "read x; i=0; while [ $i -lt 500 ]; do i=$((i+1)); [ -e /x ]; done; exit 7"
    with tracing("--format", "ndjson", "-o", "-", "sh", "-c", busy) as run:
        run.hear(b"\n")
        assert run.process.stdout is not None
        run.process.stdout.close()
        run.process.stdout = None
        run.say(b"\n")
        ended = run.finish()
    reason = os.strerror(errno.EPIPE)
    message = f"picotrace: standard output: {reason}; the trace is incomplete\n"
    assert (ended.status, ended.err) == (7, message.encode())


def test_a_reader_that_goes_away_lets_an_attached_process_go() -> None:
    r, w = os.pipe()
    with running(["cat"]) as target, open(w, "wb") as pipe:
        with tracing("--format", "ndjson", "-o", "-", "-p", str(target.pid), stdout=pipe) as run:
            run.complains(b"^C detaches\n")
            os.close(r)
            assert target.echoes()
            ended = run.finish()
        assert ended.status == 0
        assert target.echoes()


@pytest.mark.parametrize("full", [True, False] if LINUX else [False])
def test_a_reader_that_stalls(full: bool) -> None:
    """It cannot keep the tracer from ending; what it has room for is written."""
    r, w = os.pipe()
    command = ["sh", "-c", "while :; do [ -e /x ]; done"] if full else ["cat"]
    with running(command) as target, open(r, "rb"), open(w, "wb") as pipe:
        with tracing("--format", "ndjson", "-o", "-", "-p", str(target.pid), stdout=pipe) as run:
            run.complains(b"^C detaches\n")
            if full:
                wchan = Path(f"/proc/{run.pid}/wchan")
                eventually(lambda: "pipe_write" in wchan.read_text(), "the pipe is full")
            run.kill(signal.SIGTERM)
            assert run.process.wait(timeout=5) == -signal.SIGTERM
        if not full:
            assert b'"ev":"detached"' in os.read(r, 1 << 16)


def test_without_msgspec(tmp_path: Path, file: Path) -> None:
    """Nothing is run, and the message says what to install."""
    (tmp_path / "msgspec.py").write_text("raise ModuleNotFoundError(name='msgspec')\n")
    mark = tmp_path / "mark"
    run = picotrace(
        "--format", "ndjson", "-o", str(file), "touch", str(mark),
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    message = "picotrace: the format ndjson needs the package msgspec: "
    assert run == (2, b"", f"{message}pip install 'pypicotrace[formats]'\n".encode())
    assert not mark.exists()
    assert not file.exists()


def test_the_text_does_not_need_it() -> None:
    code = "import sys, pypicotrace.cli; sys.exit('msgspec' in sys.modules)"
    assert untraced([sys.executable, "-c", code]).status == 0
