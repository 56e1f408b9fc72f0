"""What a NetBSD kernel told, as picotrace-truss shows it; memory was not recorded."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from played import NAMES, play_recording

import pypicotrace as pt
from pypicotrace.tools.truss.lines import Lines
from pypicotrace.tools.truss.shape import Shape


class Nothing:
    """A stop whose LWP has no memory."""

    def read(self, addr: int, size: int) -> bytes:
        raise pt.KernelError("not recorded")

    def read_cstring(self, addr: int, limit: int = 4096) -> bytes:
        raise pt.KernelError("not recorded")


def shown(name: str) -> list[str]:
    nothing: Any = Nothing()
    lines = Lines(Shape(ids=True), 0)
    events = [dataclasses.replace(event, stop=nothing) for event in play_recording(name).events]
    return [line for event in events for line in lines.feed(event)] + list(lines.left())


@pytest.mark.parametrize("name", NAMES)
def test_every_call_has_its_line(name: str) -> None:
    events = play_recording(name).events
    calls = [ev for ev in events if isinstance(ev, pt.SyscallExit)]
    lines = shown(name)
    got = [line for line in lines if re.match(r"\S+ +\w+\(.*\) += (?!\?$)", line)]
    assert [re.match(r"\S+ +(\w+)\(", line)[1] for line in got] == [ev.name for ev in calls]  # type: ignore[index]
    for line, ev in zip(got, calls, strict=True):
        result = line.rpartition(" = ")[2]
        assert result.startswith("-1 E") if ev.error > 0 else not result.startswith("-1 E")
    ends = [ev for ev in events if isinstance(ev, pt.Exited | pt.Signaled)]
    assert sum("+++" in line and "exited +++" not in line for line in lines) == len(ends)
    signals = [ev for ev in events if isinstance(ev, pt.Stopped)]
    assert sum(" --- SIG" in line for line in lines) == len(signals)


@pytest.mark.parametrize(
    ("name", "patterns"),
    [
        (
            "basic",
            [
                r"open\(0x\w+, O_RDWR\|O_CREAT\|O_TRUNC, 0644\) += 3$",
                r"lseek\(3, 1250999896491, SEEK_SET\) += \d+ \(32 bits\)$",
                r"pipe\(\) += 4 \(second 5\)$",
                r"getpid\(\) += 54$",
                r"exit\(5\) += \?$",
            ],
        ),
        ("basic-wide", [r"lseek\(3, 1250999896491, SEEK_SET\) += 1250999896491$"]),
        ("exec", [r"execve\(.*\) += \? EJUSTRETURN$", r"\|MAP_ALIGNED\(20\), "]),
    ],
)
def test_arguments_by_name(name: str, patterns: list[str]) -> None:
    text = "\n".join(shown(name))
    for pattern in patterns:
        assert re.search(pattern, text, re.MULTILINE), pattern
