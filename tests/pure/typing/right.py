"""A program that uses all that is public, for a type checker to read; it is never run."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pypicotrace as pt
from pypicotrace.ending import Signals

if TYPE_CHECKING:
    from typing_extensions import Unpack

MASKS = (
    *(pt.SCE, pt.SCX, pt.EXEC, pt.FORK, pt.VFORK, pt.VFORK_DONE, pt.POSIX_SPAWN, pt.LWP_CREATE),
    *(pt.LWP_EXIT, pt.SIGNAL, pt.STEP, pt.EXIT, pt.ATTACH, pt.ALL, pt.Mask.SCE | pt.Mask.SCX),
)


def calls(argv: Sequence[str]) -> list[tuple[int, str, int | None]]:
    found = []
    with pt.spawn(argv, events=pt.SCX, syscalls=["%file", "!/at$/"], errors={"ENOENT", 13}) as loop:
        for event in loop:
            if isinstance(event, pt.SyscallExit):
                found.append((event.lwp, event.name, event.retval))
    status: pt.Exited | pt.Signaled | None = loop.status
    filtering: pt.Filtering = loop.filtering
    print(filtering.why if filtering.in_kernel else "")
    assert not isinstance(status, pt.Signaled) or status.signo > 0
    return found


def every_option(wanted: Path) -> pt.Loop:
    loop = pt.spawn(
        ["make", b"-j2", wanted],
        events=pt.ALL & ~pt.SIGNAL,
        follow=pt.Follow.ALL,
        syscalls=None,
        errors=True,
        slower_than=0.1,
        keep=lambda path, argv: path.endswith(b"cc") and len(argv) > 1,
        whole_results=True,
        executable="/usr/bin/make",
        env={"PATH": "/bin"},
        cwd=wanted,
        stdin=subprocess.DEVNULL,
        stdout=1,
        stderr=subprocess.STDOUT,
        close_fds=True,
        pass_fds=(3, 4),
        restore_signals=True,
        start_new_session=True,
        process_group=None,
        user="nobody",
        group=1,
        extra_groups=["wheel", 5],
        umask=0o022,
    )
    loop.add(["ls"], cwd="/", umask=0)
    number: int = loop.add(1234)
    loop.detach(number)
    loop.interrupt()
    return loop


def passed_on(*argv: str, **how: Unpack[pt.LaunchOptions]) -> pt.Loop:
    return pt.spawn(argv, follow=True, **how)


def prepared(seconds: float) -> pt.SpawnOptions:
    return pt.SpawnOptions(slower_than=seconds, cwd="/", events=pt.SCX)


def whom(children: bool) -> pt.AttachOptions:
    return {"children": children, "on_refused": None, "follow": False}


def shown(event: pt.Event) -> str:
    common: tuple[int, int, bytes, int, int] = (
        *(event.pid, event.lwp),
        *(event.program, event.seq, event.ts_ns),
    )
    match event:
        case pt.SyscallExit(name=name, error=error) if error:
            return f"{name}: {errno.errorcode[error]} after {event.elapsed_ns}, {event.enter_seq}"
        case pt.SyscallEntry(name=name, args=args):
            return f"{name}{args} {event.arg(event.params[0])} {event.abi} {event.sysnum:#x}"
        case pt.Exec(old_lwp=lwp):
            return f"{lwp}"
        case (
            pt.Forked(child=pid)
            | pt.Vforked(child=pid)
            | pt.Spawned(child=pid)
            | pt.VforkDone(child=pid)
        ):
            return f"{pid + 1}"
        case pt.Crashed(addr=addr):
            return f"{addr:#x}"
        case pt.Stopped(signo=signo, code=code, sender=sender, uid=uid, value=value):
            if code is None or sender is None or uid is None:
                return f"{signo}"
            return f"{signo + code + sender + uid + value}"
        case pt.Signaled(signo=signo, core=core):
            return f"{signo}{' core' if core else ''}"
        case pt.Exited(status=status):
            return f"{status:3}"
        case pt.SingleStep(pc=pc) | pt.Breakpoint(pc=pc) | pt.DebugRegister(pc=pc):
            return f"{pc:#x}"
        case pt.LwpCreated() | pt.LwpExited() | pt.Continued() | pt.Attached() | pt.Detached():
            return type(event).__name__
    return repr(common)


def look_into(stop: pt.Stop, addr: int) -> bytes:
    text: bytes = stop.read(addr, 8) + stop.read_cstring(addr, limit=10)
    words = stop.read_struct(addr, "=QQ")
    stop.write(addr, text)
    registers: pt.Registers = stop.registers
    registers["rax"] += registers.pc + stop.pc
    registers.update(rdi=0)
    assert registers.bits in (32, 64)
    lwps: list[pt.LwpNow] = stop.lwps
    stop.delay(0.5)
    return bytes(len(words) + len(lwps))


def alter(stop: pt.Stop) -> int:
    stop.set_args(None, 2, count=3)
    stop.set_sysnum("getpid")
    stop.inject(retval=1)
    stop.inject(error="ENOSPC")
    stop.signal(9)
    stop.suppress()
    stop.set_siginfo(code=1, value=2)
    stop.step(block=pt.steps_blocks())
    stop.breakpoint(0x1000)
    stop.clear_breakpoint(0x1000)
    stop.detach()
    stop.dump_core("core")
    stop.write(0x1000, stop.regset(2))
    try:
        return stop.syscall("mmap", 0, 4096, 3, 0x22, -1, 0) + stop.lwp
    except pt.CallFailed as failed:
        return failed.errno or 0
    except (pt.StaleStop, pt.TraceeDied, pt.Unsupported, pt.KernelError):
        return 0


class FailOpen(pt.Tracer):
    events = pt.SCE
    syscalls = frozenset({"open", "openat"})

    def started(self) -> None:
        self.loop.interrupt()

    def syscall_entry(self, event: pt.SyscallEntry) -> None:
        event.stop.inject(error=errno.EACCES)

    def exited(self, event: pt.Exited) -> None:
        print(event.status)

    def ended(self, status: pt.Exited | pt.Signaled | None) -> None:
        print(status)


def write_it(loop: pt.Loop) -> int:
    with open(pt.open_trace(None), "wb") as file:
        return loop.write_text(file.fileno())


def write_lines(loop: pt.Loop) -> None:
    with Signals(loop, ends_program=True) as signals, loop:
        pt.LineWriter(1).write(b"line\n")
        out = pt.LineWriter(2, owns_file=False, patient=signals.is_patient)
        lost: int = out.lost
        print(lost)


def run_it(pids: Sequence[int]) -> int:
    status = pt.run(FailOpen(), ["./prog"], follow=True, cwd="/", umask=0o77)
    pt.run(FailOpen(), ["./prog"], env=[*pt.own_environment(), b"LC_ALL=C"])
    pt.run(FailOpen(), pids=pids, children=True, follow=pt.Follow.LWPS)
    return status.status if isinstance(status, pt.Exited) else 1


def streamed(loop: pt.Loop) -> int:
    stream: pt.Stream = loop.stream(size=100)
    total = 0
    for batch in stream:
        column: memoryview = batch.sysnum
        total += sum(column) + len(batch) + sum(1 for _ in batch.tuples())
        total += shown(batch[0]).count("x") + len(batch[1:]) + batch.buffer().nbytes
        assert isinstance(batch, pt.Batch)
    return total


async def watched() -> None:
    async with pt.attach(1, 2, events=pt.EXIT, children=True, errors=False) as loop:
        pid: int = await loop.call(loop.add, ["make"])
        async for batch in loop.stream():
            print(pid, batch.pid[0])


def recorded(path: Path) -> list[str]:
    recording: pt.Recording = pt.read(path)
    header: pt.Header = recording.header
    try:
        found = [event.name for event in recording if isinstance(event, pt.SyscallEntry)]
        batches: list[pt.Batch] = list(recording.stream(size=100))
    except (pt.BadRecording, pt.MissingExtra) as error:
        return [str(error)]
    return [header.host, *found, *(str(pid) for batch in batches for pid in batch.pid)]


def divided(loop: pt.Loop) -> dict[int, bytes]:
    loop.stop_after(calls=100, seconds=0.5)
    pieces: list[pt.Piece] = list(loop.text(pt.Text.NUMBERS))
    return {piece.pid: piece.lines for piece in [*pieces, *loop.rest_text] if not piece.last}


def written(loop: pt.Loop, fd: int) -> list[pt.LwpNow]:
    loop.keep_rest()
    rest: pt.Batch | None = loop.rest
    print(rest)
    lost: int = loop.write_text(fd, pt.Text.ELAPSED | pt.Text.COLOUR, owns_file=True)
    print(lost, loop.root, loop.attached.items())
    loop.close()
    return loop.lwps()


def careful(argv: Sequence[str]) -> str:
    try:
        with pt.spawn(argv) as loop:
            loop.detach(loop.root)
    except pt.LaunchError as error:
        return f"{error.what} {error.errno} {error.filename}"
    except pt.AttachError as error:
        return f"{error.pid}"
    except (pt.LoopClosed, pt.WrongThread, pt.NotTraced):
        return "misused"
    except pt.PicotraceError as error:
        return str(error)
    return ""
