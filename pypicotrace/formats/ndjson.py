"""ndjson: a line of JSON for the trace, then one for each event."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter

import msgspec

from pypicotrace import syscalls
from pypicotrace._ffi import lib
from pypicotrace.batch import Batch
from pypicotrace.formats import lines
from pypicotrace.formats.header import Header
from pypicotrace.formats.values import NUMBER_MAX, call_of, program_of, word, words
from pypicotrace.kinds import Kind
from pypicotrace.layout import PLACES
from pypicotrace.records import Values

SEQ, TS, PID, LWP, PROGRAM = (PLACES[name] for name in ("seq", "ts_ns", "pid", "lwp", "program"))
KIND, FLAGS, ABI, NARGS = (PLACES[name] for name in ("kind", "flags", "abi", "nargs"))
SYSNUM, ERROR, ARGS, RETVAL = (PLACES[name] for name in ("sysnum", "error", "args", "retval"))
ENTER_SEQ, ELAPSED = PLACES["enter_seq"], PLACES["elapsed_ns"]
OTHER, STATUS, SIGNO, CODE = (PLACES[name] for name in ("other", "status", "signo", "code"))
SENDER, UID, ADDR, VALUE = (PLACES[name] for name in ("sender", "uid", "addr", "value"))
TRAP, ERRNO = PLACES["trap"], PLACES["sig_errno"]
of_entry = itemgetter(SEQ, TS, PID, LWP, PROGRAM, ABI, SYSNUM, NARGS)
of_exit = itemgetter(
    *(SEQ, TS, PID, LWP, PROGRAM, ABI, SYSNUM, NARGS),
    *(RETVAL, RETVAL + 1, ERROR, ENTER_SEQ, ELAPSED, FLAGS),
)
HALF, CUT = lib.PICO_HALF, lib.PICO_CUT


class Ndjson:
    """The format."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._makers: dict[int, Callable[[Values], lines.Line]] = {}

    def begin(self, header: Header) -> bytes:
        self._makers = makers(header.os)
        return self._encoder.encode(lines.Head.of(header)) + b"\n"

    def events(self, batch: Batch) -> bytes:
        make = self._makers
        return self._encoder.encode_lines([make[row[KIND]](row) for row in batch.tuples()])

    def end(self) -> bytes:
        return b""


def common(row: Values) -> tuple[int, int, int, int, str]:
    return row[SEQ], row[TS], row[PID], row[LWP], program_of(row[PROGRAM])


def makers(system: str) -> dict[int, Callable[[Values], lines.Line]]:
    """What makes the line of an event, by kind.

    :param system: whose errors and signals they are.
    """
    known = system if system in syscalls.SYSTEMS else "linux"
    error_names, signal_names = syscalls.errors(known).get, syscalls.signals(known).get

    sce, scx = lines.Sce, lines.Scx

    def entry(row: Values) -> lines.Line:
        seq, ts, pid, lwp, program, abi, nr, nargs = of_entry(row)
        call = call_of(abi, nr)
        args = words(row[ARGS : ARGS + nargs], call.pointers)
        return sce(seq, ts, pid, lwp, program_of(program), call.abi, nr, call.name, args)

    def exit(row: Values) -> lines.Line:
        seq, ts, pid, lwp, program, abi, nr, nargs, *more = of_exit(row)
        ret, ret2, error, enter_seq, elapsed_ns, flags = more
        call = call_of(abi, nr)
        return scx(
            seq,
            ts,
            pid,
            lwp,
            program_of(program),
            call.abi,
            nr,
            call.name,
            words(row[ARGS : ARGS + nargs], call.pointers),
            None if error else hex(ret) if call.points or ret > NUMBER_MAX else ret,
            None if error else word(ret2),
            error,
            error_names(error) if error else None,
            enter_seq,
            elapsed_ns,
            flags & HALF != 0,
            flags & CUT != 0,
        )

    def signal(of: type[lines.Stopped]) -> Callable[[Values], lines.Line]:
        def made(row: Values) -> lines.Line:
            flags, signo = row[FLAGS], row[SIGNO]
            sent = flags & lib.PICO_HAS_SENDER
            return of(
                *common(row),
                signo,
                signal_names(signo),
                None if flags & lib.PICO_UNTOLD else row[CODE],
                row[SENDER] if sent else None,
                row[UID] if sent else None,
                hex(row[ADDR]) if flags & lib.PICO_HAS_ADDR else None,
                row[TRAP] if flags & lib.PICO_HAS_TRAP else None,
                row[ERRNO],
                word(row[VALUE]),
                row[STATUS],
            )

        return made

    def killed(row: Values) -> lines.Line:
        signo = row[SIGNO]
        core = row[FLAGS] & lib.PICO_CORE != 0
        return lines.Signaled(*common(row), signo, signal_names(signo), core)

    def with_one(of: Callable[..., lines.Line], place: int) -> Callable[[Values], lines.Line]:
        return lambda row: of(*common(row), row[place])

    def with_pc(of: Callable[..., lines.Line]) -> Callable[[Values], lines.Line]:
        return lambda row: of(*common(row), hex(row[ADDR]))

    def alone(of: Callable[..., lines.Line]) -> Callable[[Values], lines.Line]:
        return lambda row: of(*common(row))

    return {
        Kind.SCE: entry,
        Kind.SCX: exit,
        Kind.EXEC: with_one(lines.Exec, OTHER),
        Kind.FORKED: with_one(lines.Forked, OTHER),
        Kind.VFORKED: with_one(lines.Vforked, OTHER),
        Kind.SPAWNED: with_one(lines.Spawned, OTHER),
        Kind.VFORK_DONE: with_one(lines.VforkDone, OTHER),
        Kind.LWP_CREATED: alone(lines.LwpCreated),
        Kind.LWP_EXITED: alone(lines.LwpExited),
        Kind.STOPPED: signal(lines.Stopped),
        Kind.CRASHED: signal(lines.Crashed),
        Kind.CONTINUED: alone(lines.Continued),
        Kind.SIGNALED: killed,
        Kind.EXITED: with_one(lines.Exited, STATUS),
        Kind.SINGLESTEP: with_pc(lines.Singlestep),
        Kind.BREAKPOINT: with_pc(lines.Breakpoint),
        Kind.DBREG: with_pc(lines.Dbreg),
        Kind.ATTACHED: alone(lines.Attached),
        Kind.DETACHED: alone(lines.Detached),
    }
