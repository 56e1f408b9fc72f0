"""``--last``: the last events, where the command fails."""

from __future__ import annotations

import signal
from importlib.util import find_spec
from pathlib import Path

import pytest
from cli_support import lines, picotrace, running, tracing

import pypicotrace as pt


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trace"


@pytest.mark.parametrize(
    ("script", "status", "end"),
    [
        ("exit 3", 3, "EXITED status=3"),
        ("kill -KILL $$", -signal.SIGKILL, "SIGNALED signal=KILL core=false"),
    ],
)
def test_of_a_command_that_fails(file: Path, script: str, status: int, end: str) -> None:
    run = picotrace("--last", "5", "-o", str(file), "sh", "-c", script)
    assert (run.status, run.err) == (status, b"")
    last = lines(file.read_bytes())
    assert len(last) == 5
    assert f"{last[-1].event} {last[-1].info}" == end


def test_of_one_that_does_not(file: Path) -> None:
    """Also where a child of it has."""
    run = picotrace("-f", "--last", "5", "-o", str(file), "sh", "-c", "(exit 3); exit 0")
    assert run == (0, b"", b"")
    assert file.read_bytes() == b""


def test_of_a_child_that_crashes(file: Path) -> None:
    """And the command goes on."""
    script = "ulimit -c 0; sh -c 'kill -SEGV $$'; exit 0"
    run = picotrace("-f", "--last", "500", "-o", str(file), "sh", "-c", script)
    assert run.status == 0
    ends = [line for line in lines(file.read_bytes()) if line.event in ("SIGNALED", "EXITED")]
    assert [line.info.partition(" ")[0] for line in ends] == ["signal=SEGV", "status=0"]


@pytest.mark.skipif(find_spec("msgspec") is None, reason="it needs msgspec")
def test_in_ndjson(file: Path) -> None:
    picotrace("--last", "5", "--format", "ndjson", "-o", str(file), "sh", "-c", "exit 3")
    events = list(pt.read(file))
    assert next(event.seq for event in events) == events[-1].seq - 4
    assert isinstance(events[-1], pt.Exited)


def test_in_straces_shape(file: Path) -> None:
    """An end has one line there."""
    picotrace("--last", "1", "--format", "strace", "-o", str(file), "sh", "-c", "exit 3")
    assert file.read_text().endswith(" +++ exited with 3 +++\n")
    assert len(file.read_text().splitlines()) == 1


def test_when_told_to_end(file: Path) -> None:
    with running(["cat"]) as target:
        with tracing("--last", "3", "-o", str(file), "-p", str(target.pid)) as run:
            run.complains(b"^C detaches\n")
            assert target.echoes()
            run.kill(signal.SIGTERM)
            assert run.process.wait(timeout=10) == -signal.SIGTERM
        assert target.echoes()
    assert [line.event for line in lines(file.read_bytes())][-1] == "DETACHED"


def test_of_an_attached_process_that_is_killed(file: Path) -> None:
    with (
        running(["cat"]) as target,
        tracing("--last", "3", "-o", str(file), "-p", str(target.pid)) as run,
    ):
        run.complains(b"^C detaches\n")
        target.kill(signal.SIGKILL)
        assert run.finish().status == 0
    assert [line.event for line in lines(file.read_bytes())][-1] == "SIGNALED"


@pytest.mark.parametrize("count", ["0", "-1", "x", "", "99999999"])
def test_no_count(file: Path, count: str) -> None:
    run = picotrace("--last", count, "-o", str(file), "true")
    assert run.status == 2
    assert run.err.startswith(f"picotrace: --last {count}: give how many".encode())
    assert not file.exists()
