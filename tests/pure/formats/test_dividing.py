"""One trace in several files: together they have what one file has, and each is whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from opened import opened
from records import HEADER, batch_of_all

import pypicotrace as pt
from pypicotrace import formats
from pypicotrace.batch import batch_of
from pypicotrace.dividing import ByProcess, Rotation, lives
from pypicotrace.files import OfProcesses, OneAfterAnother
from pypicotrace.text import Piece

DYING = (pt.Exited, pt.Signaled, pt.Detached)


def batches(count: int = 2000) -> list[pt.Batch]:
    return [batch_of_all(count // 4, seed) for seed in range(4)]


def in_one(name: str, told: list[pt.Batch]) -> bytes:
    form = formats.new(name)
    return form.begin(HEADER) + b"".join(map(form.events, told)) + form.end()


def found(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def divide(division: ByProcess | Rotation, told: list[pt.Batch]) -> None:
    division.begin(HEADER)
    for batch in told:
        division.put(batch)
    division.end()
    division.close()


def test_lives() -> None:
    """Each event once, in order; a process's last is the last of its part."""
    batch = batch_of_all()
    parts = list(lives(batch))
    for pid, part, last in parts:
        assert {event.pid for event in part} == {pid}
        assert [isinstance(event, DYING) for event in part] == [False] * (len(part) - 1) + [last]
    for pid in set(batch.pid):
        together = [event for whose, part, _ in parts if whose == pid for event in part]
        assert together == [event for event in batch if event.pid == pid]


def test_ndjson_by_process(tmp_path: Path) -> None:
    """Each file is a recording, and no process's events are in another's."""
    told = batches()
    divide(ByProcess(OfProcesses(str(tmp_path / "t")), lambda: formats.new("ndjson")), told)
    lines: dict[int, list[pt.Event]] = {}
    for name in sorted(found(tmp_path), key=lambda name: [int(n) for n in name.split(".")[1:]]):
        pid = int(name.split(".")[1])
        recorded = list(pt.read(tmp_path / name))
        assert {event.pid for event in recorded} == {pid}
        assert not any(isinstance(event, DYING) for event in recorded[:-1])
        lines.setdefault(pid, []).extend(recorded)
    whole = (tmp_path / "whole").open("wb")
    with whole:
        whole.write(in_one("ndjson", told))
    for pid, events in lines.items():
        assert events == [event for event in pt.read(tmp_path / "whole") if event.pid == pid]
    assert sum(map(len, lines.values())) == sum(map(len, told))


def test_text_by_process(tmp_path: Path) -> None:
    division = ByProcess(OfProcesses(str(tmp_path / "t")), None)
    for piece in (
        Piece(5, b"a\nb\n", False),
        Piece(6, b"c\n", False),
        Piece(5, b"d\n", True),
        Piece(5, b"e\n", False),
    ):
        division.put_text(piece)
    division.end()
    division.close()
    assert found(tmp_path) == {"t.5": b"a\nb\nd\n", "t.5.2": b"e\n", "t.6": b"c\n"}


def rotate(folder: Path, name: str, size: int, told: list[pt.Batch]) -> list[bytes]:
    divide(Rotation(OneAfterAnother(str(folder / "t"), size), formats.new(name)), told)
    return list(found(folder).values())


@pytest.mark.parametrize("size", [4096, 10_000, 100_000, 10**9])
def test_ndjson_rotated(tmp_path: Path, size: int) -> None:
    told = batches()
    files = rotate(tmp_path, "ndjson", size, told)
    header, _, events = in_one("ndjson", told).partition(b"\n")
    assert all(file.startswith(header + b"\n{") for file in files)
    assert b"".join(file.partition(b"\n")[2] for file in files) == events
    assert all(size <= len(file) < size + 16 * 1024 for file in files[:-1])
    assert len(files) == 1 or size < 10**6


def test_a_header_that_is_larger_than_a_file(tmp_path: Path) -> None:
    """There are events in each file all the same."""
    files = OneAfterAnother(str(tmp_path / "t"), 10)
    divide(Rotation(files, formats.new("ndjson")), [batch_of_all(40)])
    assert [text.count(b"\n") for text in found(tmp_path).values()] == [17, 17, 9]


@pytest.mark.parametrize("size", [4096, 50_000])
def test_strace_rotated(tmp_path: Path, size: int) -> None:
    """The same lines, but for a call that is left unfinished at the end of a file."""

    def calls(text: bytes) -> list[bytes]:
        joined = re.sub(
            rb"([^\n]*?) <unfinished \.\.\.>\n\1?\d+ +[\d.]+ <\.\.\. \w+ resumed>", rb"\1", text
        )
        return sorted(re.findall(rb"^\d+ +[\d.]+ (?:\w+\(|---|\+\+\+)[^\n ]*", joined, re.M))

    told = batches()
    files = rotate(tmp_path, "strace", size, told)
    assert len(files) > 1
    assert all(file.endswith(b"\n") for file in files)
    assert calls(b"".join(files)) == calls(in_one("strace", told))


def calls_of(text: bytes) -> list[dict[str, Any]]:
    return [e for e in json.loads(text)["traceEvents"] if e.get("cat") == "syscall"]


@pytest.mark.parametrize("size", [4096, 20_000])
def test_trace_event_rotated(tmp_path: Path, size: int) -> None:
    """Each file opens; each call's arguments and result are in one of them, once."""

    def told_of(text: bytes) -> list[str]:
        return sorted(json.dumps(e["args"]) for e in calls_of(text) if e.get("args"))

    told = real_ones()
    files = rotate(tmp_path, "trace-event", size, told)
    assert len(files) > 2
    for file in files:
        opened(file)
    assert sorted(x for file in files for x in told_of(file)) == told_of(
        in_one("trace-event", told)
    )


def test_a_call_goes_on_in_the_next_file() -> None:
    form = formats.new("trace-event")
    entry, exit_ = real_ones(3)[0][1:3]
    assert isinstance(entry, pt.SyscallEntry)
    assert isinstance(exit_, pt.SyscallExit)
    first = form.begin(HEADER) + form.events([entry]) + form.end()  # type: ignore[arg-type]
    second = form.begin(HEADER) + form.events([exit_]) + form.end()  # type: ignore[arg-type]
    assert [(e["ph"], bool(e.get("args"))) for e in calls_of(first)] == [("B", True), ("E", False)]
    assert [(e["ph"], bool(e.get("args"))) for e in calls_of(second)] == [("B", False), ("E", True)]
    for text in (first, second):
        opened(text)
    assert json.loads(second)["traceEvents"][0]["args"]["name"] == entry.program.decode()


def real_ones(count: int = 1500) -> list[pt.Batch]:
    """What a program does: it begins, makes calls, and ends."""
    from pypicotrace._ffi import ffi, lib

    records = ffi.new("struct pico_event[]", count)
    for place in range(count):
        kind = lib.PICO_EXEC if place == 0 else lib.PICO_SCE if place % 2 else lib.PICO_SCX
        if place == count - 1 and count > 3:
            kind = lib.PICO_EXITED
        record = records[place]
        record.kind, record.seq, record.pid = kind, place + 1, 10 + place // 500
        record.lwp = 0 if kind == lib.PICO_EXITED else record.pid
        record.ts_ns, record.program = 10**9 + place * 1000, b"prog"
        record.abi, record.sysnum = lib.PICO_ABI_LINUX_X86_64, 0
        record.nargs, record.args[0] = 3, place + 1
        record.retval[0] = place
    data = bytes(ffi.buffer(records))
    size = len(data) // count
    return [batch_of(data[start : start + 300 * size]) for start in range(0, len(data), 300 * size)]


@pytest.mark.parametrize("size", [4096, 5000, 100_000])
@pytest.mark.parametrize("chop", [1, 7, 1000])
def test_text_rotated(tmp_path: Path, size: int, chop: int) -> None:
    """At the end of a line, the first at which the file is full."""
    lines = [b"%06d %s\n" % (n, b"x" * (n % 50)) for n in range(1000)]
    rotation = Rotation(OneAfterAnother(str(tmp_path / "t"), size), None)
    for start in range(0, len(lines), chop):
        rotation.put_text(Piece(5, b"".join(lines[start : start + chop]), False))
    rotation.end()
    rotation.close()
    files = list(found(tmp_path).values())
    assert b"".join(files) == b"".join(lines)
    for file in files[:-1]:
        last = len(file.splitlines(keepends=True)[-1])
        assert size <= len(file) < size + last
