"""The shape of strace's output, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from records import HEADER, batch_of_all

import pypicotrace as pt
from pypicotrace.formats import new, strace

WHO = {"pid": 715, "lwp": 715, "program": b"a", "ts_ns": 1_500_000_000}
LATER = {**WHO, "ts_ns": 1_700_000_000}
OTHER = {"pid": 16, "lwp": 17, "program": b"b", "ts_ns": 1_600_000_000}
T1, T2, T3 = "1700000001.500000", "1700000001.600000", "1700000001.700000"
MMAP: dict[str, Any] = {"sysnum": 9, "name": "mmap", "args": (0, 0x2000, 3, 0x22, 0xFFFFFFFF, 0)}
BRK: dict[str, Any] = {"sysnum": 12, "name": "brk", "args": (0,)}
PAUSE: dict[str, Any] = {"sysnum": 34, "name": "pause", "args": ()}
DONE: dict[str, Any] = {"retval": 0, "error": 0, "enter_seq": 1, "elapsed_ns": 12_999}


def written(*events: pt.Event, system: str = "linux") -> list[str]:
    form = new("strace")
    header = HEADER._replace(os=system)
    text = form.begin(header) + form.events(events) + form.end()  # type: ignore[arg-type]
    assert text == b"" or text.endswith(b"\n")
    return text.decode().splitlines()


def failed(error: int) -> pt.SyscallExit:
    return pt.SyscallExit(**WHO, **BRK, retval=None, error=error, enter_seq=0, elapsed_ns=0)


def stopped(signo: int, code: int | None, **more: Any) -> pt.Stopped:
    told = {"sender": 7, "uid": 8, "addr": 0, "value": 0, "status": 0, **more}
    return pt.Stopped(**WHO, signo=signo, code=code, **told)


@pytest.mark.parametrize(
    ("events", "lines"),
    [
        (
            [pt.SyscallEntry(**WHO, **BRK), pt.SyscallExit(**LATER, **BRK, **DONE)],
            [f"715   {T1} brk(0)          = 0 <0.000012>"],
        ),
        (
            [
                pt.SyscallEntry(**WHO, **MMAP),
                pt.SyscallExit(**LATER, **MMAP, **{**DONE, "retval": 0x7FFF0000}),
            ],
            [f"715   {T1} mmap(0, 0x2000, 0x3, 0x22, 0xffffffff, 0) = 0x7fff0000 <0.000012>"],
        ),
        (
            [
                pt.SyscallEntry(**WHO, **PAUSE),
                pt.SyscallEntry(**OTHER, **BRK),
                pt.SyscallExit(**LATER, **PAUSE, **DONE),
            ],
            [
                f"715   {T1} pause( <unfinished ...>",
                f"17    {T2} brk(0 <unfinished ...>",
                f"715   {T3} <... pause resumed>) = 0 <0.000012>",
            ],
        ),
        # Without its entry: attached in the call, or entries were not asked for.
        (
            [pt.SyscallExit(**LATER, **BRK, **{**DONE, "elapsed_ns": 200_000_000})],
            [f"715   {T1} brk(0)          = 0 <0.200000>"],
        ),
        # Without its exit: exits were not asked for.
        (
            [pt.SyscallEntry(**WHO, **BRK), pt.SyscallEntry(**LATER, **PAUSE)],
            [f"715   {T1} brk(0)          = ?", f"715   {T3} pause( <unfinished ...>"],
        ),
        ([failed(2)], [f"715   {T1} brk(0)          = -1 ENOENT (No such file or directory)"]),
        ([failed(3999)], [f"715   {T1} brk(0)          = -1 (errno 3999)"]),
        (
            [failed(512)],
            [
                f"715   {T1} brk(0)          = ? ERESTARTSYS "
                "(will be restarted if the handler has SA_RESTART)"
            ],
        ),
        (
            [pt.SyscallEntry(**WHO, sysnum=333, name="syscall_333", args=(1,))],
            [f"715   {T1} syscall_0x14d(0x1 <unfinished ...>"],
        ),
        (
            [pt.SyscallEntry(**WHO, **BRK), pt.Exited(**{**LATER, "lwp": 0}, status=3)],
            [f"715   {T1} brk(0)          = ?", f"715   {T3} +++ exited with 3 +++"],
        ),
        (
            [pt.Signaled(**{**WHO, "lwp": 0}, signo=9, core=False)],
            [f"715   {T1} +++ killed by SIGKILL +++"],
        ),
        (
            [pt.Signaled(**{**WHO, "lwp": 0}, signo=11, core=True)],
            [f"715   {T1} +++ killed by SIGSEGV (core dumped) +++"],
        ),
        (
            [stopped(10, 0)],
            [
                f"715   {T1} --- SIGUSR1 {{si_signo=SIGUSR1, si_code=SI_USER, si_pid=7, "
                "si_uid=8} ---"
            ],
        ),
        (
            [stopped(17, 1, status=3), stopped(17, 2, status=9)],
            [
                f"715   {T1} --- SIGCHLD {{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7, "
                "si_uid=8, si_status=3} ---",
                f"715   {T1} --- SIGCHLD {{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=7, "
                "si_uid=8, si_status=SIGKILL} ---",
            ],
        ),
        (
            [stopped(34, -1, value=2**32 - 2)],
            [
                f"715   {T1} --- SIGRTMIN {{si_signo=SIGRTMIN, si_code=SI_QUEUE, si_pid=7, "
                "si_uid=8, si_int=-2, si_ptr=0xfffffffe} ---"
            ],
        ),
        (
            [stopped(14, -2, value=6)],
            [
                f"715   {T1} --- SIGALRM {{si_signo=SIGALRM, si_code=SI_TIMER, si_int=6, "
                "si_ptr=0x6} ---"
            ],
        ),
        ([stopped(200, None)], [f"715   {T1} --- 200 {{si_signo=200}} ---"]),
        (
            [
                pt.Crashed(**WHO, signo=11, code=1, addr=8, sender=0, uid=0, value=0, status=0),
                pt.Crashed(**WHO, signo=8, code=7, addr=0, sender=0, uid=0, value=0, status=0),
            ],
            [
                f"715   {T1} --- SIGSEGV {{si_signo=SIGSEGV, si_code=SEGV_MAPERR, "
                "si_addr=0x8} ---",
                f"715   {T1} --- SIGFPE {{si_signo=SIGFPE, si_code=0x7, si_addr=NULL}} ---",
            ],
        ),
        # A thread that ends itself, and one that ends with its process.
        (
            [
                pt.SyscallEntry(**OTHER, sysnum=60, name="exit", args=(0x105,)),
                pt.LwpExited(**{**OTHER, "ts_ns": 1_700_000_000}),
            ],
            [f"17    {T2} exit(0x105)     = ?", f"17    {T3} +++ exited with 5 +++"],
        ),
        (
            [
                pt.SyscallEntry(**OTHER, **PAUSE),
                pt.SyscallEntry(pid=16, lwp=16, ts_ns=1_600_000_000, sysnum=1, name="f", args=()),
                pt.LwpExited(**OTHER),
                pt.Exited(pid=16, lwp=0, ts_ns=1_700_000_000, status=4),
            ],
            [
                f"17    {T2} pause( <unfinished ...>",
                f"16    {T2} f( <unfinished ...>",
                f"17    {T3} <... pause resumed>) = ?",
                f"17    {T3} +++ exited with 4 +++",
                f"16    {T3} <... f resumed>) = ?",
                f"16    {T3} +++ exited with 4 +++",
            ],
        ),
        # An execve by another than the first thread, which goes on as the first.
        (
            [
                pt.SyscallEntry(pid=16, lwp=16, ts_ns=1_600_000_000, **PAUSE),
                pt.SyscallEntry(**OTHER, sysnum=59, name="execve", args=(1, 2, 3)),
                pt.Exec(pid=16, lwp=16, ts_ns=1_700_000_000, old_lwp=17),
                pt.SyscallExit(
                    pid=16, lwp=16, ts_ns=1_700_000_000, sysnum=59, name="execve", args=(), **DONE
                ),
            ],
            [
                f"16    {T2} pause( <unfinished ...>",
                f"17    {T2} execve(0x1, 0x2, 0x3 <unfinished ...>",
                f"16    {T3} <... pause resumed>) = ?",
                f"16    {T3} +++ superseded by execve in pid 17 +++",
                f"16    {T3} <... execve resumed>) = 0 <0.000012>",
            ],
        ),
        (
            [pt.SyscallEntry(**WHO, **PAUSE), pt.Detached(**{**WHO, "lwp": 0})],
            [f"715   {T1} pause( <detached ...>"],
        ),
        ([pt.Forked(**WHO, child=9), pt.Attached(**WHO), pt.Continued(**WHO)], []),
    ],
)
def test_lines(events: Sequence[pt.Event], lines: list[str]) -> None:
    assert written(*events) == lines


def test_netbsd() -> None:
    """Its LWPs have numbers of their own in each process; execve has an error that is none."""
    who = {"pid": 715, "lwp": 2, "program": b"a", "ts_ns": 1_500_000_000}
    done = pt.SyscallExit(
        **who, sysnum=59, name="execve", args=(), retval=None, error=-2, elapsed_ns=0
    )
    queued = pt.Stopped(**who, signo=30, code=-5, sender=1, uid=0, addr=0, value=0, status=0)
    assert written(done, queued, system="netbsd") == [
        f"715   {T1} execve()        = 0",
        f"715   {T1} --- SIGUSR1 {{si_signo=SIGUSR1, si_code=SI_LWP, si_pid=1, si_uid=0}} ---",
    ]


def test_all_kinds_in_pieces() -> None:
    """Where a batch ends makes no difference, and nothing that may come is too much."""
    events = list(batch_of_all())
    form = new("strace")
    pieces = [form.begin(HEADER), *(form.events([event]) for event in events), form.end()]  # type: ignore[arg-type]
    assert b"".join(pieces).decode().splitlines() == written(*events)


def test_so_many_lwps_are_remembered_for_their_processs_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those that came last: a process that makes LWPs for weeks would have memory grow."""
    monkeypatch.setattr(strace, "GONE_MAX", 2)
    gone = [pt.LwpExited(**{**OTHER, "lwp": lwp}) for lwp in (17, 18, 19)]
    end = pt.Exited(pid=16, lwp=0, ts_ns=1_700_000_000, status=4)
    lines = [line.partition(" ")[0] for line in written(*gone, end)]
    assert lines == ["18", "19", "16"]
