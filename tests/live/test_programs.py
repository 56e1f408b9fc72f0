"""Real programs, with all that they start: a complete record, and their own output and status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from runs import Trace

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

SOURCES = 8


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
