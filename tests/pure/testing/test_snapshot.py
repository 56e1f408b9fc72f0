"""Traces without what changes from run to run, and what differs between two."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from made import ROOT, made_call, trace_of

import pypicotrace as pt
from pypicotrace.testing import Changed, Trace, expect_snapshot, snapshot
from pypicotrace.testing.diff_command import main
from pypicotrace.testing.difference import differences
from pypicotrace.testing.items import items_of, items_of_text
from pypicotrace.testing.snapshot import read, take, written

FDCWD = 0xFFFFFF9C


def run(
    *,
    root: int = ROOT,
    child: int = 101,
    base: int = 0x7F00_0000_0000,
    fd: int = 3,
    status: int = 0,
    path: bytes = b"/etc/hosts",
    more: bool = False,
) -> Trace:
    """One of several runs of the same program."""
    mapped = made_call("mmap", 0, 4096, 3, 34, 2**32 - 1, 0, lwp=root, retval=base + 0x1000)
    return trace_of(
        pt.Exec(pid=root, lwp=root, program=b"prog"),
        mapped if more else [],
        made_call("openat", FDCWD, base + 8, 0, 0, lwp=root, retval=fd, path=path),
        made_call("mmap", 0, 4096, 3, 34, 2**32 - 1, 0, lwp=root, retval=base),
        made_call("munmap", base, 4096, lwp=root),
        made_call("clone", 17, 0, 0, base + 16, 0, lwp=root)[0],
        pt.Forked(pid=root, lwp=root, child=child),
        made_call("clone", 17, 0, 0, base + 16, 0, lwp=root, retval=child)[1:],
        made_call("close", fd, lwp=child),
        pt.Stopped(pid=root, lwp=root, signo=int(signal.SIGCHLD), sender=child, code=1),
        pt.Exited(pid=child, lwp=0, status=status),
        made_call("wait4", 2**32 - 1, base + 24, 0, 0, lwp=root, retval=child),
        made_call("kill", child, 0, lwp=root, error=3),
        made_call("exit_group", 0, lwp=root)[0],
        pt.Exited(pid=root, lwp=0, status=0),
        root=root,
    )


WRITTEN = """\
# pypicotrace snapshot 1

[1] prog
Exec()
openat(fd=AT_FDCWD, path='/etc/hosts', flags=0, mode=0) = fd1
mmap(addr=0, len=4096, prot=3, flags=34, fd=-1, off=0) = &1
munmap(addr=&1, len=4096) = 0
Forked(child=<1.1>)
clone(clone_flags=17, newsp=0, parent_tidptr=0, child_tidptr=&2, tls=0) = <1.1>
Stopped(signo=SIGCHLD, sender=<1.1>)
wait4(pid=-1, status=&3, options=0, ru=0) = <1.1>
kill(pid=<1.1>, sig=0) = ESRCH
exit_group(rval=0) = ?
Exited(status=0)

[1.1] prog
close(fd=fd1) = 0
Exited(status=0)
"""


def test_a_snapshot() -> None:
    assert snapshot(run()) == WRITTEN


@pytest.mark.parametrize("again", [{"root": 9000, "child": 8999}, {"base": 0x5500_0000_1000}])
def test_what_changes_from_run_to_run_is_not_in_it(again: dict[str, int]) -> None:
    assert snapshot(run(**again)) == WRITTEN  # type: ignore[arg-type]


def test_it_is_read_as_it_was_written() -> None:
    odd = run(path=b"/a 'b', \"c\"(d)=\xff\n")
    for trace in (run(), odd):
        taken = take(items_of(trace.seen))
        assert read(written(taken)) == taken


def test_a_programs_name_is_as_in_the_text() -> None:
    name = b"a b\n\xff\\"
    trace = trace_of(pt.Exec(pid=ROOT, lwp=ROOT, program=name), root=ROOT)
    text = r"   100    100 a\040b\012\377\\ EXEC"
    taken = take(items_of_text([text.replace("100", str(ROOT))], "linux-x86_64"))
    assert read(snapshot(trace)) == taken


def test_names_of_processes_do_not_depend_on_what_comes_first() -> None:
    def tree(*, second_first: bool) -> str:
        works = [made_call("close", 3, lwp=101), made_call("close", 3, lwp=102)]
        if second_first:
            works.reverse()
        deeper = pt.Forked(pid=102, lwp=102, child=103)
        return snapshot(trace_of(pt.Forked(child=101), pt.Forked(child=102), *works, deeper))

    assert tree(second_first=True) == tree(second_first=False)
    assert re.findall(r"^\[.*$", tree(second_first=True), re.MULTILINE) == [
        *("[1] prog", "[1.1] prog", "[1.2] prog")
    ]
    assert "Forked(child=<1.2.1>)" in tree(second_first=False)


def test_an_id_that_comes_again_is_another_process() -> None:
    text = snapshot(
        trace_of(
            pt.Forked(pid=ROOT, lwp=ROOT, child=101),
            made_call("close", 3, lwp=101),
            pt.Exited(pid=101, lwp=0, status=1),
            made_call("wait4", 101, 0, 0, 0, lwp=ROOT, retval=101),
            pt.Forked(pid=ROOT, lwp=ROOT, child=101),
            made_call("close", 5, lwp=101),
            made_call("close", 4, lwp=101),
            pt.Signaled(pid=101, lwp=0, signo=int(signal.SIGKILL)),
            made_call("kill", 101, 0, lwp=ROOT, error=3),
        )
    )
    assert "wait4(pid=<1.1>, status=0, options=0, ru=0) = <1.1>\nForked(child=<1.2>)\n" in text
    assert "\nkill(pid=<1.2>, sig=0) = ESRCH\n" in text
    assert "\n[1.1] prog\nclose(fd=fd1) = 0\nExited(status=1)\n" in text
    # Its descriptors are its own.
    assert text.endswith(
        "\n[1.2] prog\nclose(fd=fd1) = 0\nclose(fd=fd2) = 0\nSignaled(signo=SIGKILL)\n"
    )


def test_an_id_that_comes_again_where_no_end_was_asked_for() -> None:
    forked = pt.Forked(pid=ROOT, lwp=ROOT, child=101)
    calls = [made_call("close", fd, lwp=101) for fd in (3, 4)]
    text = snapshot(trace_of(forked, calls[0], forked, calls[1]))
    assert "\nForked(child=<1.1>)\nForked(child=<1.2>)\n" in text
    assert text.endswith("\n[1.1] prog\nclose(fd=fd1) = 0\n\n[1.2] prog\nclose(fd=fd1) = 0\n")


def test_an_lwp_is_first_one_of_its_own_process() -> None:
    """Where all count theirs from 1, as NetBSD's do."""
    calls = [made_call("close", 3, pid=pid, lwp=lwp) for pid, lwp in ((100, 1), (200, 1), (200, 2))]
    text = snapshot(trace_of(*calls, made_call("tgkill", 200, 2, 0, pid=200, lwp=1)))
    assert "tgkill(tgid=<2>, pid=<2/2>, sig=0) = 0" in text
    text = snapshot(trace_of(*calls, made_call("tgkill", 200, 1, 0, pid=200, lwp=2)))
    assert "tgkill(tgid=<2>, pid=<2>, sig=0) = 0" in text


def test_lwps_have_sections_of_their_own() -> None:
    text = snapshot(
        trace_of(
            made_call("close", 3),
            pt.LwpCreated(pid=ROOT, lwp=110),
            made_call("close", 4, pid=ROOT, lwp=110),
            made_call("tgkill", ROOT, 110, 10),
        )
    )
    assert "\n[1/2] prog\nLwpCreated()\nclose(fd=fd2) = 0\n" in text
    assert "tgkill(tgid=<1>, pid=<1/2>, sig=10) = 0" in text


DIFFER: list[tuple[dict[str, object], list[str]]] = [
    ({}, []),
    ({"root": 5, "child": 6, "base": 0x7E00_0000_0000}, []),
    ({"fd": 7}, []),
    (
        {"status": 3},
        ["<1.1>: Exited(status=0): status is 0 in A, 3 in B"],
    ),
    (
        {"path": b"/etc/passwd"},
        [
            "<1>: openat(fd=AT_FDCWD, path='/etc/hosts', flags=0, mode=0) = fd1: "
            "path is '/etc/hosts' in A, '/etc/passwd' in B"
        ],
    ),
    (
        {"more": True},
        [
            "<1>: after Exec(), only B has "
            "mmap(addr=0, len=4096, prot=3, flags=34, fd=-1, off=0) = &1"
        ],
    ),
]


@pytest.mark.parametrize(("other", "lines"), DIFFER)
def test_what_differs(other: dict[str, object], lines: list[str]) -> None:
    a, b = (take(items_of(run(**words).seen)) for words in ({}, other))  # type: ignore[arg-type]
    assert differences(a, b) == lines


def test_a_process_that_one_has_alone() -> None:
    whole = take(items_of(run().seen))
    part = {name: section for name, section in whole.items() if name != "1.1"}
    assert differences(whole, part) == ["process <1.1> (prog) is in A alone, with 2 lines"]
    assert differences(part, whole) == ["process <1.1> (prog) is in B alone, with 2 lines"]


def test_another_descriptor_is_a_difference() -> None:
    """That a trace uses one for another, though both have the same names."""

    def of(*closed: int) -> dict[str, object]:
        opened = [made_call("openat", FDCWD, 9, 0, 0, retval=fd, path=b"x") for fd in (3, 4)]
        return take(items_of(trace_of(*opened, *(made_call("close", fd) for fd in closed)).seen))

    assert differences(of(3), of(3)) == []
    assert differences(of(3), of(4)) == ["<1>: close(fd=fd1) = 0: fd is fd1 in A, fd2 in B"]


TEXT = """\
   100    100           prog EXEC
   100      0           prog ARGV[0] 'prog'
   100    100           prog SCE openat(0xffffff9c,0x7f0000000008,0,0)
   100    100           prog SCX openat = 0x3
   100    100           prog SCE mmap(0,0x1000,0x3,0x22,0xffffffff,0)
   100    100           prog SCX mmap = 0x7f0000000000
   100    100           prog SCE clone(0x11,0,0,0x7f0000000010,0)
   100    100           prog FORKED child=101
   100    100           prog SCX clone = 0x65
   101    101           prog SCE close(0x3)
   101    101           prog SCX close = 0
   101      0           prog EXITED status=0
   100    100           prog STOPPED SIGCHLD si_code=1 si_pid=101 si_uid=0
   100    100           prog SCE access(0x7f0000000008,0x4)
   100    100           prog SCX access = 0 Err#2 ENOENT
   100    100           prog SCE exit_group(0x9)
   100      0           prog SIGNALED signal=KILL core=true
"""
OF_TEXT = """\
# pypicotrace snapshot 1

[1] prog
Exec()
openat(fd=AT_FDCWD, path=&1, flags=0, mode=0) = fd1
mmap(addr=0, len=4096, prot=3, flags=34, fd=-1, off=0) = &2
Forked(child=<1.1>)
clone(clone_flags=17, newsp=0, parent_tidptr=0, child_tidptr=&3, tls=0) = <1.1>
Stopped(signo=SIGCHLD, sender=<1.1>)
access(path=&1, mode=4) = ENOENT
exit_group(rval=9) = ?
Signaled(signo=SIGKILL, core=yes)

[1.1] prog
close(fd=fd1) = 0
Exited(status=0)
"""


@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("12:59:10.721449 ", " <0.000019>"), ("     0.000010 ", "")]
)
def test_a_snapshot_of_a_text(before: str, after: str) -> None:
    """Whatever times it has."""
    lines = [before + line + (after if " SCX " in line else "") for line in TEXT.splitlines()]
    assert written(take(items_of_text(lines, "linux-x86_64"))) == OF_TEXT


def test_a_snapshot_of_a_text_in_colour() -> None:
    coloured = re.sub(r"(EXEC|FORKED.*)$", "\x1b[32m\\1\x1b[0m", TEXT, flags=re.MULTILINE)
    coloured = re.sub(r"(SIGNALED.*)$", "\x1b[1;31m\\1\x1b[0m", coloured, flags=re.MULTILINE)
    assert written(take(items_of_text(coloured.splitlines(), "linux-x86_64"))) == OF_TEXT


def calls_of(text: str, abi: str) -> list[tuple[int, int, str, object]]:
    """Process, LWP, name and result of each call, and of each event."""
    items = items_of_text(text.splitlines(), abi)
    return [(item.pid, item.lwp, item.name, item.result) for item in items]


def test_an_execve_by_another_lwp_takes_no_call_of_the_first() -> None:
    """As in a trace: the others' calls never return, and the execve does as the first LWP's."""
    text = """\
   100    100              a SCE futex(0x1000,0,0,0,0,0)
   100    101              a SCE read(0,0x1000,0x1)
   100    102              a SCE execve(0x1000,0x2000,0x3000)
   100    100              b EXEC old_lwp=102
   100    100              b SCX execve = 0
   100    100              b SCE exit_group(0)
   100      0              b EXITED status=0
"""
    trace = trace_of(
        made_call("futex", 0x1000, 0, 0, 0, 0, 0)[0],
        made_call("read", 0, 0x1000, 1, pid=ROOT, lwp=101)[0],
        pt.Exec(pid=ROOT, lwp=ROOT, program=b"b", old_lwp=102),
        made_call("execve", 0x1000, 0x2000, 0x3000),
        made_call("exit_group", 0)[0],
        pt.Exited(pid=ROOT, lwp=0, status=0),
    )
    wanted = [
        (100, 100, "futex", None),
        (100, 101, "read", None),
        (100, 100, "Exec", None),
        (100, 100, "execve", 0),
        (100, 100, "exit_group", None),
        (100, 0, "Exited", None),
    ]
    assert calls_of(text, "linux-x86_64") == wanted
    of_trace = items_of(trace.seen)
    assert [(item.pid, item.lwp, item.name, item.result) for item in of_trace] == wanted
    [execve] = [i for i in items_of_text(text.splitlines(), "linux-x86_64") if i.name == "execve"]
    assert (execve.args, execve.program) == ((0x1000, 0x2000, 0x3000), "b")


def test_lwps_of_two_processes_may_have_one_id() -> None:
    """As NetBSD's have, which are counted in each process."""
    text = """\
   100      1              a SCE read(0,0x1000,0x1)
   101      1              a SCE close(0x3)
   100      1              a SCX read = 0x1
   101      1              a SCX close = 0
"""
    assert calls_of(text, "netbsd-amd64") == [(100, 1, "read", 1), (101, 1, "close", 0)]


def test_a_call_that_never_returns_stands_where_it_began() -> None:
    text = """\
   100    101              a SCE exit(0)
   100    101              a LWP_EXITED
   100    101              a SCX read = 0x1
"""
    names = [name for _, _, name, _ in calls_of(text, "linux-x86_64")]
    assert names == ["exit", "LwpExited", "read"]


def test_calls_that_look_otherwise() -> None:
    """Without names, or results; with two results, or with what the kernel cuts."""
    text = """\
     1      1              a SCE UNKNOWN SYSCALL 3000(0x1,0x2)
     1      1              a SCX UNKNOWN SYSCALL 3000 = 0 Err#38 ENOSYS
     1      1              a SCX UNKNOWN SYSCALL -5 = 0
     1      1              a SCX UNKNOWN SYSCALL = 0x1
     1      1              a SCE sync()
     1      1              a SCX sync \n\
     1      1              a SCX pipe = 0x3 0x4
     1      1              a SCX getpid = 0x1 (32 bits)
     1      1              a STOPPED signal#99 si_code=0
"""
    taken = take(items_of_text(text.splitlines(), "netbsd-amd64"))
    assert list(map(str, taken["1"].lines)) == [
        "syscall_3000(arg1=1, arg2=2) = ENOSYS",
        "syscall_-5() = 0",
        "syscall_-1() = 1",
        "sync() = 0",
        "pipe() = 3",
        "getpid() = <1>",
        "Stopped(signo=signal 99)",
    ]
    assert read(written(taken)) == taken


@pytest.mark.parametrize(
    "line",
    [
        "SCE openat(0xffffff9c,0x7f",
        "SCX openat = 0x",
        "SCX open",
        "STOPPED",
        "FORKED",
        "FORKED child=",
        "EXITED status=",
        "SIGNALED",
        "EXE",
    ],
)
def test_a_text_that_was_cut(line: str) -> None:
    whole = "   100    100           prog EXEC"
    cut = f"   100    100           prog {line}"
    with pytest.raises(ValueError, match=r"line 2 is no line of a trace: '.*prog"):
        list(items_of_text([whole, cut], "linux-x86_64"))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    texts = {
        "text": TEXT,
        "snapshot": OF_TEXT,
        "other": TEXT.replace("ENOENT", "EACCES").replace("Err#2", "Err#13"),
        "nothing": "",
        "rubbish": "this is no trace\n",
        "cut": f"{OF_TEXT}(((\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return {name: str(tmp_path / name) for name in [*texts, "absent"]}


ABI = ["-a", "linux-x86_64"]


def test_the_command(files: dict[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*ABI, files["text"], files["snapshot"]]) == 0
    assert main([*ABI, files["text"], files["text"]]) == 0
    assert capfd.readouterr() == ("", "")
    assert main([*ABI, files["text"], files["other"]]) == 1
    said = "<1>: access(path=&1, mode=4) = ENOENT: the result is ENOENT in {}, EACCES in {}\n"
    assert capfd.readouterr() == (said.format(files["text"], files["other"]), "")
    assert main([*ABI, "-s", files["text"]]) == 0
    assert capfd.readouterr().out == OF_TEXT
    assert main(["--help"]) == 0
    assert capfd.readouterr().out.startswith("usage: picotrace-diff [-a ABI] A B\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give 2 files\nusage: "),
        (["text"], "give 2 files\nusage: "),
        (["-s", "text", "text"], "give 1 file\nusage: "),
        (["-x"], "option -x not recognized\nusage: "),
        (["-a", "pdp11", "text", "text"], "-a pdp11: there are linux-x86_64, "),
        (["text", "absent"], "absent: No such file or directory"),
        (["text", "rubbish"], "rubbish: line 1 is no line of a trace: 'this is no trace'"),
        (["cut", "text"], "cut: line 17 is no line of a snapshot: '((('"),
    ],
)
def test_what_the_command_cannot_do(
    files: dict[str, str], words: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([files.get(word, word) for word in words]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("picotrace-diff: ")
    assert said in err


def test_a_snapshot_that_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept"
    with pytest.raises(Changed, match=r"there is no snapshot .*; to make it, run this with PYPICO"):
        expect_snapshot(run(), path)
    monkeypatch.setenv("PYPICOTRACE_SNAPSHOTS", "write")
    expect_snapshot(run(), path)
    assert path.read_text() == WRITTEN
    monkeypatch.delenv("PYPICOTRACE_SNAPSHOTS")
    expect_snapshot(run(root=5000), path)
    with pytest.raises(Changed, match="status is 0 in the snapshot, 3 in this run"):
        expect_snapshot(run(status=3), path)
