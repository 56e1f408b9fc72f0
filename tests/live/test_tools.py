"""On every system: what the tools beside truss have in common."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from runs import until
from system import traced_asleep

TOOLS = ["coredumper", "sigtracer", "singlestepper"]
NOBODY = "2147483646"
OTHER = "2147483645"


def start(tool: str, *words: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", f"pypicotrace.tools.{tool}", *words]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def refusal(tool: str, pid: str) -> str:
    return f"picotrace-{tool}: cannot attach to process {pid}: there is no such process\n"


@pytest.fixture
def asleep() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("tool", TOOLS)
def test_a_process_that_cannot_be_attached_to_is_left_out(
    tool: str, asleep: subprocess.Popen[bytes]
) -> None:
    with start(tool, "-p", NOBODY, "-p", str(asleep.pid)) as command:
        assert command.stderr is not None
        assert command.stderr.readline() == refusal(tool, NOBODY)
        until(lambda: traced_asleep(asleep.pid), "the other is attached to")
        asleep.kill()
        command.communicate()
    assert command.returncode == 0


@pytest.mark.parametrize("tool", TOOLS)
def test_nothing_can_be_attached_to(tool: str) -> None:
    with start(tool, "-p", NOBODY, "-p", OTHER) as command:
        out, err = command.communicate()
    assert (command.returncode, out) == (1, "")
    assert err == "".join(
        [
            *(refusal(tool, pid) for pid in (NOBODY, OTHER)),
            f"picotrace-{tool}: there is nothing to trace\n",
        ]
    )
    with start(tool, "-p", NOBODY) as command:
        assert (*command.communicate(), command.returncode) == ("", refusal(tool, NOBODY), 1)
