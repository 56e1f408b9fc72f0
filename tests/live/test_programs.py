"""Real programs, with all that they start: a complete record, and their own output and status."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from signal import SIGCONT, SIGSTOP, SIGTERM
from typing import Any

import pytest
from cli_support import picotrace
from record import check_record, parse
from runs import Run, Trace

import pypicotrace as pt

THREADS = """
import subprocess, threading

def run(n):
    subprocess.run(["sh", "-c", f"exit {n}"])

threads = [threading.Thread(target=run, args=(n,)) for n in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("done")
raise SystemExit(5)
"""

THOUSAND = """
import threading
threading.stack_size(64 * 1024)
end = threading.Event()
threads = [threading.Thread(target=end.wait) for _ in range(1000)]
for thread in threads:
    thread.start()
print(threading.active_count())
end.set()
for thread in threads:
    thread.join()
"""

SOURCES = 8
WHO = ("NAME", "EMAIL")


def test_a_pipeline(trace: Trace, text: bool) -> None:
    run = trace(["sh", "-c", "date | wc"], text=text)
    assert run.output == b"      1       6      29\n"
    assert {ev.program for ev in run.of(pt.Exec)} == {b"sh", b"date", b"wc"}
    assert [ev.status for ev in run.of(pt.Exited)] == [0, 0, 0]
    assert run.status is not None
    assert run.status.pid == run.root == run.events[-1].pid


def test_python_with_threads_and_subprocesses(trace: Trace, text: bool) -> None:
    run = trace([sys.executable, "-c", THREADS], text=text)
    assert run.output == b"done\n"
    assert run.one(pt.Exited, pid=run.root).status == 5
    assert sorted(ev.status for ev in run.of(pt.Exited) if ev.pid != run.root) == [*range(12)]
    assert len(run.of(pt.LwpCreated, pid=run.root)) == 12
    assert len(run.of(pt.LwpExited, pid=run.root)) == 12


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """C source with a makefile: some units and a program of them."""
    units = [f"unit{n}" for n in range(SOURCES)]
    for n, unit in enumerate(units):
        body = f'return printf("%d ", {n});'
        (tmp_path / f"{unit}.c").write_text(f"#include <stdio.h>\nint {unit}(void) {{ {body} }}\n")
    calls = " ".join(f"int {unit}(void); {unit}();" for unit in units)
    (tmp_path / "main.c").write_text(f"int main(void) {{ {calls} return 0; }}\n")
    objects = " ".join(f"{unit}.o" for unit in [*units, "main"])
    (tmp_path / "Makefile").write_text(f"program: {objects}\n\t$(CC) -o $@ {objects}\n")
    return tmp_path


def test_make_of_c_source(trace: Trace, project: Path) -> None:
    environment = {**os.environ, "CC": "cc"}
    environment.pop("MAKEFLAGS", None)
    run = trace(["make", "-s", "-j4"], text=True, cwd=project, env=environment)
    assert run.status is not None
    assert (type(run.status), run.status.status) == (pt.Exited, 0)  # type: ignore[union-attr]
    programs = [ev.program for ev in run.of(pt.Exec)]
    assert programs.count(b"cc1") == SOURCES + 1
    # Every child that was announced has ended, by its own exit.
    made = {ev.child for kind in (pt.Forked, pt.Vforked) for ev in run.of(kind)}
    assert made | {run.root} == {ev.pid for ev in run.of(pt.Exited)}
    done = subprocess.run([project / "program"], check=True, capture_output=True)
    assert done.stdout.split() == [str(n).encode() for n in range(SOURCES)]


Command = Callable[..., Run]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs a program to its end by ``picotrace -f -o FILE``, and checks its record."""
    where = tmp_path / "trace"

    def run(*argv: str | Path, status: int = 0, **options: Any) -> Run:
        ended = picotrace("-f", "-o", str(where), *map(str, argv), **options)
        assert (ended.status, ended.err) == (status, b"")
        record = parse(where.read_bytes())
        check_record(record)
        assert type(record[-1]) is pt.Exited
        root = record[0].pid
        (end,) = [ev for ev in record if type(ev) is pt.Exited and ev.pid == root]
        assert end.status == status
        return Run(record, root, end, ended.out)

    return run


def programs(run: Run) -> list[str]:
    """The images that were executed, in the order of their names."""
    return sorted(ev.program.decode() for ev in run.of(pt.Exec))


def statuses(run: Run) -> dict[str, list[int]]:
    """How processes have ended, by what they were then."""
    found: dict[str, list[int]] = {}
    for ev in run.of(pt.Exited):
        found.setdefault(ev.program.decode(), []).append(ev.status)
    return found


def test_gcc_compiles_and_links(command: Command, tmp_path: Path) -> None:
    (tmp_path / "sum.c").write_text("int main(int argc, char **argv) { return argc + 40; }\n")
    run = command("gcc", "-o", "sum", "sum.c", cwd=tmp_path)
    assert run.output == b""
    assert {"gcc", "cc1", "as", "collect2", "ld"} <= {*programs(run)}
    assert {status for ended in statuses(run).values() for status in ended} == {0}
    assert subprocess.run([tmp_path / "sum", "x"], check=False).returncode == 42


def test_gcc_finds_a_mistake(command: Command, tmp_path: Path) -> None:
    (tmp_path / "bad.c").write_text("int main(void) { return nothing; }\n")
    run = command("sh", "-c", "exec gcc -c bad.c 2>mistakes", cwd=tmp_path, status=1)
    assert b"nothing" in (tmp_path / "mistakes").read_bytes()
    assert statuses(run) == {"gcc": [1], "cc1": [1]}


def test_git(command: Command, tmp_path: Path) -> None:
    """A repository of its own, whatever the settings of who runs this are."""
    nowhere = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    who = {f"GIT_{role}_{what}": "x@example" for role in ("AUTHOR", "COMMITTER") for what in WHO}
    env = {**nowhere, **who, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    script = """
        git init -q work && cd work && echo text >file && git add file &&
        git commit -q -m 'The first' && git log --format=%s
    """
    run = command("sh", "-c", script, cwd=tmp_path, env=env)
    assert run.output == b"The first\n"
    assert programs(run).count("git") >= 4
    assert statuses(run)["git"].count(0) >= 4
    log = ["git", "-C", str(tmp_path / "work"), "log", "--format=%s %an"]
    assert subprocess.run(log, env=env, check=True, capture_output=True).stdout == (
        b"The first x@example\n"
    )


def test_python_with_threads_and_subprocesses_by_the_command(command: Command) -> None:
    run = command(sys.executable, "-c", THREADS, status=5)
    assert run.output == b"done\n"
    assert sorted(ev.status for ev in run.of(pt.Exited) if ev.pid != run.root) == [*range(12)]
    assert len(run.of(pt.LwpCreated, pid=run.root)) == 12
    assert len(run.of(pt.LwpExited, pid=run.root)) == 12


JOBS = """
exec 2>/dev/null
set -m
sleep 1000 &
until read -r name </proc/$!/comm && [ "$name" = sleep ]; do :; done
kill -STOP %1
until [ "$(jobs -s)" ]; do :; done
kill -CONT %1
until [ "$(jobs -r)" ]; do :; done
kill -TERM %1
wait $!
echo "job $?"
seq 1000 | sort -rn | head -n 1
(exit 3) | (exit 4) | true
echo "pipe ${PIPESTATUS[*]}"
(read -r line; echo "from $line") < <(echo there)
exit 9
"""


def test_bash_with_jobs_and_pipelines(command: Command) -> None:
    """Job control: a process group for each job, of which one is stopped, continued and ended."""
    run = command("bash", "-c", JOBS, status=9)
    assert run.output == b"job 143\n1000\npipe 3 4 0\nfrom there\n"
    (job,) = {ev.pid for ev in run.of(pt.Exec) if ev.program == b"sleep"}
    # The lowest number comes first, should SIGTERM be there before SIGCONT is taken (signal(7)).
    signals = [ev.signo for ev in run.of(pt.Stopped, pid=job)]
    assert signals in ([SIGSTOP, SIGCONT, SIGTERM], [SIGSTOP, SIGTERM])
    assert len(run.of(pt.Continued, pid=job)) == 1
    assert run.one(pt.Signaled, pid=job).signo == SIGTERM
    assert run.of(pt.SyscallEntry, name="setpgid")
    assert {3, 4} <= {*statuses(run)["bash"]}


def check_tar(run: Run) -> None:
    assert {"tar", "gzip"} <= {*programs(run)}
    assert {status for ended in statuses(run).values() for status in ended} == {0}


def test_tar_with_gzip(command: Command, tmp_path: Path) -> None:
    """There and back: tar runs gzip as a child, and each ends in time for the other."""
    for folder in ("in", "in/deeper", "out"):
        (tmp_path / folder).mkdir()
    content = {f"in/{n}": bytes([n]) * 5000 * n for n in range(20)}
    content["in/deeper/link"] = b"deep"
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    run = command("tar", "-czf", "in.tar.gz", "in", cwd=tmp_path)
    check_tar(run)
    run = command("tar", "-xzf", "in.tar.gz", "-C", "out", cwd=tmp_path)
    check_tar(run)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in content} == content


@pytest.mark.skipif(
    platform.machine() != "x86_64", reason=f"{platform.machine()} has no programs of 32-bit x86"
)
def test_a_32_bit_program(command: Command, bare: Callable[..., str]) -> None:
    run = command(bare("forks32", "-m32"), status=6)
    assert sorted(run.output.splitlines()) == [b"child 5", b"hello"]
    (forked,) = run.of(pt.Forked)
    assert statuses(run) == {"forks32": [5, 6]}
    assert [ev.name for ev in run.calls(forked.child) if type(ev) is pt.SyscallEntry] == [
        "write",
        "exit",
    ]
    assert [ev.name for ev in run.calls(run.root) if type(ev) is pt.SyscallEntry] == [
        *("fork", "waitpid", "write", "exit")
    ]


@pytest.mark.skipif(
    platform.machine() != "x86_64", reason=f"{platform.machine()} has no programs of 32-bit x86"
)
def test_the_auxiliary_vector_of_a_32_bit_program(bare: Callable[..., str], tmp_path: Path) -> None:
    """Whose words have 32 bits."""
    program, trace = bare("forks32", "-m32"), tmp_path / "trace"
    assert picotrace("-v", "-e", "event=exec", "-o", str(trace), program).status == 6
    vector = re.findall(r"AUXV\[(\d+)\] (AT_\w+)=(.*)\n", trace.read_text())
    assert [int(index) for index, _, _ in vector] == list(range(len(vector)))
    given = {name: value for _, name, value in vector}
    assert given["AT_PAGESZ"] == "0x1000"
    assert given["AT_PHENT"] == "0x20"
    assert given["AT_PLATFORM"] == "'i686'"
    assert program.startswith(given["AT_EXECFN"].strip("'"))


def test_a_thousand_lwps(command: Command, tracee: Callable[[str], str]) -> None:
    run = command(tracee("lwps"), "storm", "1000")
    assert run.told("made") == (1000,)
    created = [ev.lwp for ev in run.of(pt.LwpCreated)]
    assert len(created) == 1000
    assert sorted(created) == sorted(ev.lwp for ev in run.of(pt.LwpExited))
    own = [ev for ev in run.of(pt.SyscallEntry, name="gettid") if ev.lwp != run.root]
    assert sorted({ev.lwp for ev in own}) == sorted({*created})


def test_a_thousand_lwps_at_once(command: Command) -> None:
    run = command(sys.executable, "-c", THOUSAND)
    assert run.output == b"1001\n"
    created = {ev.lwp for ev in run.of(pt.LwpCreated)}
    assert len(created) == 1000
    assert created == {ev.lwp for ev in run.of(pt.LwpExited)}
