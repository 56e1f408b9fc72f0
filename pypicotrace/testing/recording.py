"""Stops recorded on a real NetBSD kernel, as scripts for `pypicotrace.testing.script`.

A recording is a file of JSON lines: what a tracer was told and what it asked for, in order.
tests/pure/netbsd/recordings/README.md describes the fields.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypicotrace.testing.script import EM_X86_64, Scripted

# Where the registers that are recorded stand in NetBSD/amd64's struct reg.
AMD64 = {"rdi": 0, "rsi": 1, "rdx": 2, "rax": 14, "rip": 21, "rflags": 23, "rsp": 24}
AMD64_WORDS = 26


@dataclass(frozen=True)
class Recording:
    """What was recorded: how, the stops and ends, and how each stop was resumed.

    ``resumed`` has for each of ``stops`` the tracer's request and signal, such as
    ``("PT_SYSCALL", 0)``; None after an end.
    """

    header: dict[str, Any]
    stops: list[Scripted]
    resumed: list[tuple[str, int] | None]

    @property
    def attached(self) -> bool:
        """The tracer attached to a running process, and did not start it."""
        return bool(self.header["attach"])

    @property
    def stepped(self) -> bool:
        """The tracer had one instruction run after each exit of a call."""
        return bool(self.header["step_after_scx"])


def read_recording(path: Path) -> Recording:
    """Read a recording.

    :raises ValueError: it is not one, or of a newer format.
    """
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    header = lines[0].get("recording") if lines else None
    if not header or header["format"] != 1:
        raise ValueError(f"{path} is no recording of stops that this version can read")
    stops: list[Scripted] = []
    resumed: list[tuple[str, int] | None] = []
    for kind, line in (item for record in lines[1:] for item in record.items()):
        if kind in ("stop", "end"):
            stops.append(_scripted(line, stops, resumed))
            resumed.append(None)
        elif kind == "call" and line["req"] in (
            "PT_SYSCALL",
            "PT_CONTINUE",
            "PT_STEP",
            "PT_DETACH",
        ):
            place = _last(stops, line["pid"])
            resumed[place] = (line["req"], line.get("signo", 0))
    return Recording(header, stops, resumed)


def _last(stops: list[Scripted], pid: int) -> int:
    """Where the last stop of a process is, -1: nowhere."""
    return max((i for i, stop in enumerate(stops) if stop.id == pid), default=-1)


def _scripted(
    line: dict[str, Any], stops: list[Scripted], resumed: list[tuple[str, int] | None]
) -> Scripted:
    last = _last(stops, line["pid"])
    after = resumed[last] if last >= 0 else None
    siginfo = line.get("siginfo", {})
    # After a step another stop may come instead: a signal's.
    of_step = after is not None and after[0] == "PT_STEP" and siginfo.get("code") == 2
    return Scripted(
        line["pid"],
        line["status"],
        siginfo=bytes.fromhex(line.get("siginfo_hex", "")),
        regs=_amd64(line["regs"].items()) if "regs" in line else b"",
        machine=EM_X86_64,
        of_step=of_step,
    )


def _amd64(recorded: Iterable[tuple[str, str]]) -> bytes:
    words = [0] * AMD64_WORDS
    for name, value in recorded:
        words[AMD64[name]] = int(value, 16)
    return struct.pack(f"<{AMD64_WORDS}Q", *words)
