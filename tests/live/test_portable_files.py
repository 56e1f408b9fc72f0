"""On every system: a trace in several files, by ``-ff`` and by ``--rotate``."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import pytest
from cli_support import in_formats, lines, needs_msgspec, needs_root, picotrace, running, tracing
from system import LINUX, untouched

import pypicotrace as pt

FORKS = "(exit 3); (exit 4); echo x | cat >/dev/null; exit 7"
LOOP = "i=0; while [ $i -lt 300 ]; do [ -e /x ]; i=$((i+1)); done; exit 7"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def files(trace: Path) -> dict[str, bytes]:
    """What there is, by what follows the name."""
    found = {path.name: path.read_bytes() for path in sorted(trace.parent.iterdir())}
    assert all(name.startswith("trace.") for name in found)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in trace.parent.iterdir())
    return {name.removeprefix("trace."): text for name, text in found.items()}


def children(text: bytes) -> set[str]:
    return {
        line.info.removeprefix("child=")
        for line in lines(text)
        if line.event in ("FORKED", "VFORKED", "SPAWNED")
    }


def test_a_file_for_each_process(trace: Path) -> None:
    run = picotrace("-ff", "-o", str(trace), "sh", "-c", FORKS)
    assert run == (7, b"", b"")
    found = files(trace)
    [root] = [name for name, text in found.items() if b"EXITED status=7" in text]
    assert set().union(*map(children, found.values())) | {root} == set(found)
    assert len(found) == 5
    for name, text in found.items():
        seen = lines(text)
        assert {line.pid for line in seen} == {int(name)}
        assert seen[-1].event == "EXITED"
    assert b" ARGV[0] 'sh'\n" in found[root]


def test_long_arguments(trace: Path) -> None:
    """Longer than any buffer; they are the process's own."""
    most = os.sysconf("SC_ARG_MAX") // 2 // 5007  # 26 on NetBSD
    words = [f"{n:06}" + "x" * 5000 for n in range(min(most, 100))]
    run = picotrace("-ff", "-o", str(trace), "sh", "-c", "exit 7", *words)
    assert run == (7, b"", b"")
    [text] = files(trace).values()
    for place, word in enumerate(words, 3):
        assert f" ARGV[{place}] '{word}'\n".encode() in text


@needs_msgspec
def test_each_is_a_recording(trace: Path) -> None:
    picotrace("-ff", "--format", "ndjson", "-o", str(trace), "sh", "-c", FORKS)
    for path in trace.parent.iterdir():
        events = list(pt.read(path))
        assert f".{events[0].pid}" == path.suffix
        assert isinstance(events[-1], pt.Exited)
        assert {event.pid for event in events} == {events[0].pid}


def test_in_straces_shape(trace: Path) -> None:
    picotrace("-ff", "--format", "strace", "-o", str(trace), "sh", "-c", FORKS)
    ends = sorted(text.splitlines()[-1].split(b"+++")[1] for text in files(trace).values())
    assert ends[:3] == [b" exited with 0 ", b" exited with 0 ", b" exited with 3 "]


def test_more_processes_than_descriptors(trace: Path) -> None:
    """They all live at once, and write in turn."""
    script = "i=0; while [ $i -lt 60 ]; do read x & i=$((i+1)); done; exec cat"
    limit = (40, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    with tracing(
        "-ff", "-o", str(trace), "sh", "-c", script,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit),
    ) as run:  # fmt: skip
        assert run.echoes()
        assert run.finish().status == 0
    found = files(trace)
    assert len(found) == 61
    for name, text in found.items():
        seen = lines(text)
        assert {line.pid for line in seen} == {int(name)}
        assert seen[-1].event == "EXITED"


def test_attached_processes(trace: Path) -> None:
    with running(["cat"]) as one, running(["cat"]) as other:
        pids = [str(one.pid), str(other.pid)]
        with tracing("-ff", "-o", str(trace), "-p", pids[0], "-p", pids[1]) as run:
            run.complains(b"^C detaches\n")
            assert one.echoes()
            assert other.echoes()
            run.kill(2)
            assert run.finish() == (-2, b"", b"")
        assert untouched(one.pid)
        assert untouched(other.pid)
    found = files(trace)
    assert sorted(found) == sorted(pids)
    assert {lines(text)[-1].event for text in found.values()} == {"DETACHED"}


@pytest.mark.parametrize("options", [["-ff"], ["--rotate", "4k"]], ids=" ".join)
class TestFailing:
    def test_nowhere(self, tmp_path: Path, options: list[str]) -> None:
        """Nothing is run."""
        where = tmp_path / "missing" / "trace"
        run = picotrace(*options, "-o", str(where), "sh", "-c", "echo ran")
        message = f"picotrace: cannot write the trace to {where}: No such file or directory\n"
        assert run == (1, b"", message.encode())

    def test_a_full_disk(self, trace: Path, options: list[str]) -> None:
        """The command runs to its end; what is there is whole lines."""
        run = picotrace(
            *options, "-o", str(trace), "sh", "-c", LOOP,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
        )  # fmt: skip
        assert run.status == 7
        [(name, text)] = files(trace).items()
        message = f"picotrace: {trace}.{name}: File too large; the trace is incomplete\n"
        assert run.err == message.encode()
        # NetBSD writes a buffer as a whole or not at all.
        assert (2000 if LINUX else -1) < len(text) <= 3000
        assert bool(lines(text)) == bool(text)

    def test_and_the_status_says_so(self, trace: Path, options: list[str]) -> None:
        run = picotrace(
            *options, "-o", str(trace), "sh", "-c", LOOP.replace("exit 7", "exit 0"),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
        )  # fmt: skip
        assert run.status == 1

    @needs_root
    def test_another_users_folder(self, tmp_path: Path, options: list[str]) -> None:
        from cli_support import as_user

        run = picotrace(*options, "-o", str(tmp_path / "t"), "echo", "ran", before=as_user())
        assert (run.status, run.out) == (1, b"")
        assert b"Permission denied" in run.err


def names(text: bytes) -> list[str]:
    """What happens in a run, without what differs from one to the next."""
    return [f"{line.event} {line.info.partition('(')[0].partition(' ')[0]}" for line in lines(text)]


def test_rotated_text(trace: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = tmp_path_factory.mktemp("whole") / "trace"
    assert picotrace("-o", str(whole), "sh", "-c", LOOP).status == 7
    assert picotrace("--rotate", "8k", "-o", str(trace), "sh", "-c", LOOP) == (7, b"", b"")
    found = files(trace)
    assert list(found) == [f"{number:06}" for number in range(1, len(found) + 1)]
    assert len(found) > 2
    for text in list(found.values())[:-1]:
        assert 8192 <= len(text) < 8192 + 200
    assert names(b"".join(found.values())) == names(whole.read_bytes())


@in_formats("ndjson", "trace-event", "strace")
def test_rotated_in_other_formats(trace: Path, form: str) -> None:
    run = picotrace("--rotate", "16k", "--format", form, "-o", str(trace), "sh", "-c", LOOP)
    assert run == (7, b"", b"")
    found = list(files(trace).values())
    assert len(found) > 2
    assert all(16384 <= len(text) < 3 * 16384 for text in found[:-1])
    if form == "ndjson":
        events = [event for path in sorted(trace.parent.iterdir()) for event in pt.read(path)]
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
    elif form == "trace-event":
        told = [event for text in found for event in json.loads(text)["traceEvents"]]
        results = [event for event in told if {"ret", "error"} & event.get("args", {}).keys()]
        assert (
            sum(
                event["name"]
                in ("access", "faccessat", "newfstatat", "__stat50", "stat", "faccessat2")
                for event in results
            )
            >= 300
        )
    else:
        assert b"".join(found).count(b"+++ exited with 7 +++\n") == 1


def test_the_newest_are_kept(trace: Path) -> None:
    picotrace("--rotate", "4k", "--keep", "2", "-o", str(trace), "sh", "-c", LOOP)
    found = files(trace)
    assert len(found) == 2
    assert min(map(int, found)) > 2
    assert lines(b"".join(found.values()))[-1].info == "status=7"


def test_an_earlier_trace(trace: Path) -> None:
    """It is not mixed with another by accident, and gone on with where that is said."""
    Path(f"{trace}.000003").write_bytes(b"")
    Path(f"{trace}.000003").chmod(0o600)
    run = picotrace("--rotate", "1M", "-o", str(trace), "echo", "ran")
    assert (run.status, run.out) == (1, b"")
    assert b"files of an earlier trace: remove them, or give --append" in run.err
    run = picotrace("--rotate", "1M", "--append", "-o", str(trace), "echo", "ran")
    assert run == (0, b"ran\n", b"")
    assert list(files(trace)) == ["000003", "000004"]


@needs_msgspec
def test_with_a_limit(trace: Path) -> None:
    """A trace that ends before the command does is whole."""
    options = ["--rotate", "4k", "--format", "ndjson", "--stop-after", "200", "-o", str(trace)]
    run = picotrace(*options, "sh", "-c", LOOP, cwd=os.fspath(trace.parent))
    assert run.status == 0
    events = [event for path in sorted(trace.parent.iterdir()) for event in pt.read(path)]
    assert sum(isinstance(event, pt.SyscallExit) for event in events) == 200
    assert isinstance(events[-1], pt.Detached)
