"""Lines of ndjson to records."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from pypicotrace._ffi import lib
from pypicotrace.calls import ABIS
from pypicotrace.formats import lines
from pypicotrace.formats.header import Header
from pypicotrace.formats.values import Word, bytes_of
from pypicotrace.kinds import Kind
from pypicotrace.layout import FIELDS, FORMAT

Decoded = TypeVar("Decoded")
SCHEMA = msgspec.json.Decoder(lines.Schema)
HEAD = msgspec.json.Decoder(lines.Head)
DECODER = msgspec.json.Decoder(lines.EventLine)
NAME_SHOWN = 40
"""Characters of one that cannot be, in a message."""


def header_of(line: bytes) -> Header:
    """What the first line says.

    :raises ValueError: it is none of a recording that is known here.
    """
    # First, for what else is in that of another version is not known.
    schema = in_bounds(SCHEMA.decode, line).schema
    if schema != lines.SCHEMA:
        raise ValueError(f"its schema is {schema!r}, and {lines.SCHEMA!r} is known")
    return in_bounds(HEAD.decode, line).header()


def records_of(chunk: bytes, number: int) -> Iterator[bytes]:
    """The ``struct pico_event`` of each of some whole lines.

    :param number: that of the first of them, for messages.
    :raises ValueError: a line is no event; those before it have been given.
    """
    decoded: Iterable[lines.Line]
    try:
        decoded = in_bounds(DECODER.decode_lines, chunk)
    except ValueError:
        decoded = one_by_one(chunk, number)  # which tells where it is
    for place, line in enumerate(decoded, number):
        try:
            record = record_of(line)
        except ValueError as error:
            raise ValueError(f"line {place}: {error}") from None
        yield record


def in_bounds(decode: Callable[[bytes], Decoded], data: bytes) -> Decoded:
    """What a decoder makes of it.

    :raises ValueError: that cannot be done; msgspec's errors are such, but for that of the stack.
    """
    try:
        return decode(data)
    except RecursionError:
        raise ValueError("its brackets are too deep") from None


def one_by_one(chunk: bytes, number: int) -> Iterator[lines.Line]:
    for place, text in enumerate(chunk.split(b"\n")[:-1], number):
        try:
            line: lines.Line = in_bounds(DECODER.decode, text)
        except ValueError as error:
            what = "another recording begins here" if begins(text) else error
            raise ValueError(f"line {place}: {what}") from None
        yield line


def begins(line: bytes) -> bool:
    """Whether it is the first line of a recording."""
    try:
        header_of(line)
    except ValueError:
        return False
    return True


def record_of(line: lines.Line) -> bytes:
    """The ``struct pico_event`` of a line.

    :raises ValueError: a value in it cannot be.
    """
    try:
        return KINDS[type(line)](line)
    except struct.error as error:
        raise ValueError(str(error)) from None


@lru_cache(maxsize=4096)
def program_of(text: str) -> bytes:
    program = bytes_of(text)
    if len(program) >= FIELDS["program"].size:
        raise ValueError(f"the name of a program is too long: {text[:NAME_SHOWN]!r}")
    return program


def word(value: Word | None) -> int:
    if value is None:
        return 0
    return int(value, 16) if isinstance(value, str) else value


ARGS_MAX = FIELDS["args"].count
NO_ARGS = (0,) * ARGS_MAX


def pack(
    line: lines.Line,
    kind: int,
    *,
    flags: int = 0,
    abi: int = 0,
    sysnum: int = -1,
    error: int = 0,
    args: tuple[int, ...] = (),
    retval: tuple[int, int] = (0, 0),
    enter_seq: int = 0,
    elapsed_ns: int = 0,
    other: int = 0,
    status: int = 0,
    signo: int = 0,
    code: int = 0,
    sender: int = 0,
    uid: int = 0,
    trap: int = 0,
    sig_errno: int = 0,
    addr: int = 0,
    value: int = 0,
) -> bytes:
    if len(args) > ARGS_MAX:
        raise ValueError(f"a call has {ARGS_MAX} arguments at most, not {len(args)}")
    return FORMAT.pack(
        *(line.seq, enter_seq, line.ts_ns, 0, elapsed_ns, line.pid, line.lwp),
        *(kind, flags, abi, len(args), sysnum, error, *args, *NO_ARGS[len(args) :], *retval),
        *(other, status, signo, code, sender, uid, trap, sig_errno, addr, value),
        program_of(line.program),
    )


def entry(line: lines.Sce) -> bytes:
    args = tuple([word(value) for value in line.args])
    return pack(line, Kind.SCE, abi=ABIS.get(line.abi, 0), sysnum=line.nr, args=args)


def exit(line: lines.Scx) -> bytes:
    return pack(
        line,
        Kind.SCX,
        flags=line.half * lib.PICO_HALF | line.cut * lib.PICO_CUT,
        abi=ABIS.get(line.abi, 0),
        sysnum=line.nr,
        error=line.error,
        args=tuple([word(value) for value in line.args]),
        retval=(word(line.ret), word(line.ret2)),
        enter_seq=line.enter_seq,
        elapsed_ns=line.elapsed_ns,
    )


def signal(kind: int) -> Callable[[Any], bytes]:
    def packed(line: lines.Stopped) -> bytes:
        flags = (
            (line.code is None) * lib.PICO_UNTOLD
            | (line.sender is not None) * lib.PICO_HAS_SENDER
            | (line.addr is not None) * lib.PICO_HAS_ADDR
            | (line.trap is not None) * lib.PICO_HAS_TRAP
        )
        return pack(
            line,
            kind,
            flags=flags,
            signo=line.signo,
            code=line.code or 0,
            sender=line.sender or 0,
            uid=line.uid or 0,
            addr=word(line.addr),
            trap=line.trap or 0,
            sig_errno=line.errno,
            value=word(line.value),
            status=line.status,
        )

    return packed


def with_one(kind: int, field: str, name: str) -> Callable[[Any], bytes]:
    def packed(line: lines.Line) -> bytes:
        more: dict[str, Any] = {field: word(getattr(line, name))}
        return pack(line, kind, **more)

    return packed


def alone(kind: int) -> Callable[[Any], bytes]:
    return lambda line: pack(line, kind)


def killed(line: lines.Signaled) -> bytes:
    return pack(line, Kind.SIGNALED, signo=line.signo, flags=line.core * lib.PICO_CORE)


KINDS: dict[type[lines.Line], Callable[[Any], bytes]] = {
    lines.Sce: entry,
    lines.Scx: exit,
    lines.Exec: with_one(Kind.EXEC, "other", "old_lwp"),
    lines.Forked: with_one(Kind.FORKED, "other", "child"),
    lines.Vforked: with_one(Kind.VFORKED, "other", "child"),
    lines.Spawned: with_one(Kind.SPAWNED, "other", "child"),
    lines.VforkDone: with_one(Kind.VFORK_DONE, "other", "child"),
    lines.LwpCreated: alone(Kind.LWP_CREATED),
    lines.LwpExited: alone(Kind.LWP_EXITED),
    lines.Stopped: signal(Kind.STOPPED),
    lines.Crashed: signal(Kind.CRASHED),
    lines.Continued: alone(Kind.CONTINUED),
    lines.Signaled: killed,
    lines.Exited: with_one(Kind.EXITED, "status", "status"),
    lines.Singlestep: with_one(Kind.SINGLESTEP, "addr", "pc"),
    lines.Breakpoint: with_one(Kind.BREAKPOINT, "addr", "pc"),
    lines.Dbreg: with_one(Kind.DBREG, "addr", "pc"),
    lines.Attached: alone(Kind.ATTACHED),
    lines.Detached: alone(Kind.DETACHED),
}
