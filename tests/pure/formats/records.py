"""Records of every kind, with values that a kernel may tell, made by a generator of numbers."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from pypicotrace._ffi import ffi, lib
from pypicotrace.batch import Batch
from pypicotrace.calls import ABIS
from pypicotrace.formats.header import Header
from pypicotrace.kinds import Kind

HEADER = Header(
    version="1.2.3",
    os="linux",
    release="6.1.0",
    machine="x86_64",
    abi="linux-x86_64",
    host="here",
    boot="5f6b0f0c",
    epoch_ns=1_700_000_000_000_000_000,
    command=(b"ls", b"-l", b"\xff\\x\xc3\xa9"),
)
EDGES = [0, 1, 3, 2**31, 2**32 - 1, 2**47 - 1, 2**53 - 1, 2**53, 2**63, 2**64 - 1]
PROGRAMS = [
    b"ls",
    b"",
    b"a b",
    b"\xff\xfe\\",
    b"\\xff",
    b"\xc3\xa9t\xc3\xa9",
    b"\x01\n\"'",
    b"x" * 23,
]
SIGNED = [0, 1, -1, 2**31 - 1, -(2**31)]


def call(chance: random.Random) -> dict[str, Any]:
    nargs = chance.randint(0, 8)
    return {
        "abi": chance.choice([*ABIS.values(), lib.PICO_ABI_UNKNOWN]),
        "sysnum": chance.choice([0, 1, 9, 59, 257, 9999, -1, 0x40000000]),
        "nargs": nargs,
        "args": [chance.choice(EDGES) for _ in range(nargs)],
    }


def exit(chance: random.Random) -> dict[str, Any]:
    error = chance.choice([0, 0, 2, 512, -3, 3999])
    return {
        **call(chance),
        "error": error,
        "retval": [0, 0] if error else [chance.choice(EDGES), chance.choice(EDGES)],
        "enter_seq": chance.choice(EDGES[:-2]),
        "elapsed_ns": chance.choice(EDGES[:-2]),
        "flags": chance.choice([0, lib.PICO_HALF, lib.PICO_CUT]),
    }


def signal(chance: random.Random) -> dict[str, Any]:
    value = chance.choice(EDGES)
    if chance.random() < 0.2:
        return {"signo": 10, "flags": lib.PICO_UNTOLD, "value": value}
    sent, at, trapped = (chance.random() < 0.5 for _ in range(3))
    return {
        "signo": chance.choice([1, 11, 17, 34, 200]),
        "code": chance.choice(SIGNED),
        "sender": 77 if sent else 0,
        "uid": 2**32 - 1 if sent else 0,
        "addr": chance.choice(EDGES) if at else 0,
        "trap": chance.choice(SIGNED) if trapped else 0,
        "sig_errno": chance.choice(SIGNED),
        "value": value,
        "status": chance.choice(SIGNED),
        "flags": sent * lib.PICO_HAS_SENDER | at * lib.PICO_HAS_ADDR | trapped * lib.PICO_HAS_TRAP,
    }


def killed(chance: random.Random) -> dict[str, Any]:
    return {"signo": 11, "flags": chance.choice([0, lib.PICO_CORE])}


def pc(chance: random.Random) -> dict[str, Any]:
    return {"addr": chance.choice(EDGES)}


def other(chance: random.Random) -> dict[str, Any]:
    return {"other": chance.choice([0, 1, 2**31 - 1])}


FIELDS: dict[Kind, Callable[[random.Random], dict[str, Any]]] = {
    Kind.SCE: call,
    Kind.SCX: exit,
    **dict.fromkeys((Kind.STOPPED, Kind.CRASHED), signal),
    **dict.fromkeys((Kind.FORKED, Kind.VFORKED, Kind.SPAWNED, Kind.VFORK_DONE), other),
    Kind.EXEC: other,
    Kind.SIGNALED: killed,
    Kind.EXITED: lambda chance: {"status": chance.choice([0, 7, 255])},
    **dict.fromkeys((Kind.SINGLESTEP, Kind.BREAKPOINT, Kind.DBREG), pc),
}
"""What an event of that kind tells; nothing where it is not here."""


def batch_of_all(count: int = 500, seed: int = 1) -> Batch:
    """A batch in which every kind comes, many times."""
    chance = random.Random(seed)  # noqa: S311
    kinds = list(Kind)
    records = ffi.new("struct pico_event[]", count)
    for place in range(count):
        record = records[place]
        kind = kinds[place % len(kinds)]
        told = FIELDS.get(kind, lambda _: {})
        common = {
            "kind": int(kind),
            "seq": place + 1,
            "ts_ns": 10**12 + place * 1000,
            "pid": chance.choice([1, 4_194_304, 2**31 - 1]),
            "lwp": chance.choice([0, 1, 4_194_304]),
            "sysnum": -1,
            "program": chance.choice(PROGRAMS),
        }
        for name, value in {**common, **told(chance)}.items():
            setattr(record, name, value)
    return Batch(records, count)
