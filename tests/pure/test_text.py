"""Events as lines: picotrace's columns and words. The originals are NetBSD's own output."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from pypicotrace import syscalls
from pypicotrace._ffi import ffi, lib

LINUX = lib.PICO_ABI_LINUX_X86_64


def names(*packed: bytes) -> Any:
    """A table of names for C."""
    table, *of_calls = (*packed, ffi.NULL, ffi.NULL, ffi.NULL)[:4]
    made = lib.pico_names_new(table, *of_calls, table.count(b"\0"), 0)
    return ffi.gc(made, lib.pico_names_free)


@pytest.fixture(scope="module")
def tables() -> list[Any]:
    return [
        names(*syscalls.load("linux-x86_64").packed),
        names(syscalls.pack_names(syscalls.errors("linux"))),
        names(syscalls.pack_names(syscalls.signals("linux"))),
    ]


def line(tables: list[Any], options: int = 0, **fields: Any) -> bytes:
    """One event as a line of text."""
    return writer(tables, options)(**fields)


def writer(tables: list[Any], options: int = 0) -> Callable[..., bytes]:
    """What makes lines, one after another."""
    text = ffi.gc(lib.pico_text_new(-1, options), lib.pico_text_free)
    lib.pico_text_set_syscalls(text, LINUX, tables[0])
    lib.pico_text_set_errors(text, tables[1])
    lib.pico_text_set_signals(text, tables[2])

    def put(**fields: Any) -> bytes:
        record = ffi.new("struct pico_event *", {"pid": 19964, "lwp": 19964, "program": b"echo"})
        for name, value in fields.items():
            setattr(record, name, value)
        buffer = ffi.new("char[]", lib.PICO_LINE_MAX)
        return bytes(ffi.buffer(buffer, lib.pico_text_format(text, record, buffer)))

    return put


CALL = {"abi": LINUX, "sysnum": 257}
ARGS = [0xFFFFFF9C, 0x7F7FF7C0D31F, 0x80000, 0, 0, 0, 0, 0]

LINES = [
    (
        {"kind": lib.PICO_SCE, **CALL, "nargs": 4, "args": ARGS},
        " 19964  19964           echo SCE openat(0xffffff9c,0x7f7ff7c0d31f,0x80000,0)\n",
    ),
    (
        {"kind": lib.PICO_SCX, **CALL, "error": 2},
        " 19964  19964           echo SCX openat = 0 Err#2 ENOENT\n",
    ),
    (
        {"kind": lib.PICO_SCX, **CALL, "retval": [0x7F7FF7EE8000, 0]},
        " 19964  19964           echo SCX openat = 0x7f7ff7ee8000\n",
    ),
    (
        {"kind": lib.PICO_SCX, **CALL, "error": 512},
        " 19964  19964           echo SCX openat = 0 Err#512 ERESTARTSYS\n",
    ),
    (
        {"kind": lib.PICO_SCX, **CALL, "error": 3999},
        " 19964  19964           echo SCX openat = 0 Err#3999\n",
    ),
    (
        {"kind": lib.PICO_SCE, "abi": LINUX, "sysnum": 999, "nargs": 1},
        " 19964  19964           echo SCE UNKNOWN SYSCALL 999(0)\n",
    ),
    (
        {"kind": lib.PICO_SCE, "abi": 0, "sysnum": -1, "nargs": 0},
        " 19964  19964           echo SCE UNKNOWN SYSCALL -1()\n",
    ),
    ({"kind": lib.PICO_EXEC}, " 19964  19964           echo EXEC\n"),
    ({"kind": lib.PICO_EXEC, "other": 19970}, " 19964  19964           echo EXEC old_lwp=19970\n"),
    ({"kind": lib.PICO_FORKED, "other": 102}, " 19964  19964           echo FORKED child=102\n"),
    ({"kind": lib.PICO_VFORKED, "other": 102}, " 19964  19964           echo VFORKED child=102\n"),
    ({"kind": lib.PICO_SPAWNED, "other": 102}, " 19964  19964           echo SPAWNED child=102\n"),
    (
        {"kind": lib.PICO_VFORK_DONE, "other": 102},
        " 19964  19964           echo VFORK_DONE child=102\n",
    ),
    (
        {"kind": lib.PICO_LWP_CREATED, "lwp": 170},
        " 19964    170           echo LWP_CREATED lwp=170\n",
    ),
    (
        {"kind": lib.PICO_LWP_EXITED, "lwp": 170},
        " 19964    170           echo LWP_EXITED lwp=170\n",
    ),
    (
        {"kind": lib.PICO_STOPPED, "signo": 14, "code": -2},
        " 19964  19964           echo STOPPED SIGALRM si_code=-2\n",
    ),
    (
        {
            "kind": lib.PICO_STOPPED,
            "signo": 17,
            "code": 1,
            "flags": lib.PICO_HAS_SENDER,
            "sender": 7,
        },
        " 19964  19964           echo STOPPED SIGCHLD si_code=1\n",
    ),
    (
        {
            "kind": lib.PICO_CRASHED,
            "signo": 11,
            "code": 1,
            "flags": lib.PICO_HAS_ADDR | lib.PICO_HAS_TRAP,
            "addr": 8,
            "trap": 6,
        },
        " 19964  19964           echo CRASHED SIGSEGV si_code=1 si_addr=0x8 si_trap=6\n",
    ),
    (
        {"kind": lib.PICO_STOPPED, "signo": 200},
        " 19964  19964           echo STOPPED signal#200 si_code=0\n",
    ),
    ({"kind": lib.PICO_CONTINUED, "lwp": 0}, " 19964      0           echo CONTINUED\n"),
    (
        {"kind": lib.PICO_SIGNALED, "lwp": 0, "signo": 11, "flags": lib.PICO_CORE},
        " 19964      0           echo SIGNALED signal=SEGV core=true\n",
    ),
    (
        {"kind": lib.PICO_SIGNALED, "lwp": 0, "signo": 9},
        " 19964      0           echo SIGNALED signal=KILL core=false\n",
    ),
    ({"kind": lib.PICO_EXITED, "lwp": 0}, " 19964      0           echo EXITED status=0\n"),
    (
        {"kind": lib.PICO_SINGLESTEP, "addr": 16},
        " 19964  19964           echo SINGLESTEP pc=0x10\n",
    ),
    (
        {"kind": lib.PICO_BREAKPOINT, "addr": 16},
        " 19964  19964           echo BREAKPOINT pc=0x10\n",
    ),
    ({"kind": lib.PICO_DBREG, "addr": 16}, " 19964  19964           echo DBREG pc=0x10\n"),
    ({"kind": lib.PICO_ATTACHED}, " 19964  19964           echo ATTACHED\n"),
    ({"kind": lib.PICO_DETACHED, "lwp": 0}, " 19964      0           echo DETACHED\n"),
]


@pytest.mark.parametrize(("fields", "expected"), LINES, ids=[text[30:50] for _, text in LINES])
def test_line(tables: list[Any], fields: dict[str, Any], expected: str) -> None:
    assert line(tables, **fields).decode() == expected


def test_who_sent_a_signal_is_said_where_asked_and_known(tables: list[Any]) -> None:
    signal = {"kind": lib.PICO_STOPPED, "signo": 17, "code": 1, "sender": 7, "uid": 9}
    known = line(tables, lib.PICO_TEXT_SENDER, flags=lib.PICO_HAS_SENDER, **signal)
    assert known.endswith(b" STOPPED SIGCHLD si_code=1 si_pid=7 si_uid=9\n")
    unknown = line(tables, lib.PICO_TEXT_SENDER, **signal)
    assert unknown.endswith(b" STOPPED SIGCHLD si_code=1\n")


NUMBERS = [
    (
        {"kind": lib.PICO_SCE, **CALL, "nargs": 2, "args": ARGS},
        "SCE 257(0xffffff9c,0x7f7ff7c0d31f)",
    ),
    ({"kind": lib.PICO_SCX, **CALL, "error": 2}, "SCX 257 = 0 Err#2"),
    ({"kind": lib.PICO_STOPPED, "signo": 14}, "STOPPED signal#14 si_code=0"),
]


@pytest.mark.parametrize(("fields", "expected"), NUMBERS)
def test_numbers_in_place_of_names(
    tables: list[Any], fields: dict[str, Any], expected: str
) -> None:
    text = line(tables, lib.PICO_TEXT_NUMBERS, **fields).decode()
    assert text == f" 19964  19964           echo {expected}\n"


COLUMNS = len(" 19964  19964           echo ")
RED, BRIGHT_RED, GREEN, YELLOW = b"31", b"1;31", b"32", b"33"


@pytest.mark.parametrize(
    ("fields", "colour"),
    [
        ({"kind": lib.PICO_SCE, **CALL}, b""),
        ({"kind": lib.PICO_SCX, **CALL}, b""),
        ({"kind": lib.PICO_SCX, **CALL, "error": 2}, RED),
        ({"kind": lib.PICO_CRASHED, "signo": 11}, BRIGHT_RED),
        ({"kind": lib.PICO_SIGNALED, "signo": 11}, BRIGHT_RED),
        ({"kind": lib.PICO_STOPPED, "signo": 11}, YELLOW),
        ({"kind": lib.PICO_CONTINUED}, YELLOW),
        *(
            ({"kind": kind}, GREEN)
            for kind in (
                *(lib.PICO_EXEC, lib.PICO_FORKED, lib.PICO_VFORKED, lib.PICO_VFORK_DONE),
                *(lib.PICO_LWP_CREATED, lib.PICO_LWP_EXITED, lib.PICO_EXITED, lib.PICO_ATTACHED),
            )
        ),
    ],
)
def test_colours(tables: list[Any], fields: dict[str, Any], colour: bytes) -> None:
    plain = line(tables, **fields)
    head, body = plain[:COLUMNS], plain[COLUMNS:-1]
    told = b"\x1b[%sm%s\x1b[0m" % (colour, body) if colour else body
    assert line(tables, lib.PICO_TEXT_COLOUR, **fields) == head + told + b"\n"


def test_seconds_since_the_line_before(tables: list[Any]) -> None:
    put = writer(tables, lib.PICO_TEXT_SINCE)
    starts = [
        put(kind=lib.PICO_EXEC, ts_ns=5 * 10**9 + nanoseconds)[:14]
        for nanoseconds in (0, 250_000_000, 250_000_999, 12_345_250_001_000, 12_345_250_001_000)
    ]
    assert [start.decode() for start in starts] == [
        "    0.000000  ",
        "    0.250000  ",
        "    0.000000  ",
        "12345.000000  ",
        "    0.000000  ",
    ]


def test_the_time_of_the_day(tables: list[Any]) -> None:
    put = writer(tables, lib.PICO_TEXT_CLOCK)
    before, now, after = time.time(), time.monotonic_ns(), time.time()
    for seconds in (0, 1, 3601):
        told = put(kind=lib.PICO_EXEC, ts_ns=now + seconds * 10**9).decode()
        microseconds = {
            datetime.fromtimestamp(moment + seconds).strftime("%H:%M:%S.%f")
            for moment in (before - 0.001, after + 0.001)
        }
        assert min(microseconds) <= told[:15] <= max(microseconds)
        assert told[15:] == "  19964  19964           echo EXEC\n"


@pytest.mark.parametrize(
    ("flags", "told"), [(0, b" = 0 <1234567.000001>\n"), (lib.PICO_HALF, b" = 0\n")]
)
def test_seconds_in_a_call(tables: list[Any], flags: int, told: bytes) -> None:
    """Not of one whose beginning was not seen."""
    fields = {"kind": lib.PICO_SCX, **CALL, "elapsed_ns": 1234567 * 10**9 + 1999, "flags": flags}
    assert line(tables, lib.PICO_TEXT_ELAPSED, **fields).endswith(told)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a b", rb"a\040b"),
        (b"x\n 1 1 sh EXEC", rb"x\012\0401\0401\040sh\040EXEC"),
        (b"\\040", rb"\\040"),
        (b"\x1b[2J", rb"\033[2J"),
        (b"\xc3\xa9", rb"\303\251"),
        (b"\x7f", rb"\177"),
        (b"", rb"\000"),
    ],
)
def test_a_name_cannot_imitate_a_record(tables: list[Any], name: bytes, shown: bytes) -> None:
    text = line(tables, kind=lib.PICO_EXEC, program=name)
    assert text == b" 19964  19964 " + shown.rjust(14) + b" EXEC\n"


def test_the_longest_line_fits(tables: list[Any]) -> None:
    huge = 2**64 - 1
    text = line(
        tables,
        kind=lib.PICO_SCE,
        pid=-(2**31),
        lwp=-(2**31),
        program=b"\xff" * 24,
        sysnum=-(2**31),
        nargs=8,
        args=[huge] * 8,
    )
    assert text.endswith(b")\n")
    assert len(text) <= lib.PICO_LINE_MAX
