"""Writes what the fuzzer begins with: stops that were recorded on NetBSD, and scripts of Linux's.

usage: python tests/fuzz/seeds.py FOLDER
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(TESTS / "pure" / "testing"),
    str(TESTS / "pure" / "netbsd"),
]

from linux_runs import SCRIPTS  # noqa: E402
from played import NAMES, recording  # noqa: E402

from pypicotrace.testing.script import EM_AARCH64, Scripted  # noqa: E402

MODES = {"stop": 0, "stream": 1, "text": 2}
FOLLOW_ALL, ALL_EVENTS, WHOLE_RESULTS, ATTACH, FILTER = 1, 1, 4, 16, 8
STOPS = 250
ANSWER, HAS_FAMILY, AARCH64 = 32, 64, 128


def sized(data: bytes) -> bytes:
    return bytes([min(len(data), 255)]) + data[:255]


def stop(it: Scripted) -> bytes:
    """A stop in the form that fuzz.c reads."""
    flags = it.owned | it.narrow << 1 | it.of_step << 2 | (it.answer == 1) * ANSWER
    flags |= bool(it.pid) * HAS_FAMILY | (it.machine == EM_AARCH64) * AARCH64
    head = struct.pack("<BiiQ", flags, it.id, it.status, it.state)
    family = struct.pack("<ii", it.pid, it.parent) if it.pid else b""
    return head + family + sized(it.siginfo) + sized(it.syscall_info) + sized(it.regs)


def seed(stops: Sequence[Scripted], *, os: str, mode: str, attach: bool, options: int = 0) -> bytes:
    how = ALL_EVENTS | options | attach * ATTACH
    head = bytes([os == "netbsd", MODES[mode], FOLLOW_ALL, how, 0, 0, 0, 0]) + bytes(4)
    return head + bytes(3) + b"".join(map(stop, stops[:STOPS]))


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for mode in MODES:
        for name in NAMES:
            it = recording(name)
            options = WHOLE_RESULTS if it.stepped else 0
            data = seed(it.stops, os="netbsd", mode=mode, attach=it.attached, options=options)
            (folder / f"netbsd-{name}-{mode}").write_bytes(data)
        for name, case in SCRIPTS.items():
            options = FILTER if case.choice.kernel_filter else 0
            attach = bool(case.attach)
            data = seed(case.stops, os="linux", mode=mode, attach=attach, options=options)
            (folder / f"linux-{name}-{mode}").write_bytes(data)


main(Path(sys.argv[1]))
