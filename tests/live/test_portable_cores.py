"""On every system: picotrace-coredumper, by what its files say."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from runs import until
from system import LINUX, traced_asleep

Tracee = Callable[[str], str]
COMMAND = [sys.executable, "-m", "pypicotrace.tools.coredumper"]
LWPS = 3
COUNTED = struct.pack("=3i", 11, 2222, 33)
"""What the program has at run time alone."""
ODD = 54321
"""A user that owns nothing."""
PT_NOTE = 4


@pytest.fixture
def crashes(tracee: Tracee) -> str:
    return tracee("portable/crashes")


def dump(folder: Path, *args: str, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [*COMMAND, *args], cwd=folder, capture_output=True, text=True, check=False, **how
    )


class Core(NamedTuple):
    """What a core file of 64 bits says of the process."""

    signo: int
    lwps: int
    memory: bytes


def core(path: Path) -> Core:
    data = path.read_bytes()
    assert data[:5] == b"\x7fELF\2"
    (start,), (size, count) = (
        struct.unpack_from("=Q", data, 32),
        struct.unpack_from("=HH", data, 54),
    )
    parts = [struct.unpack_from("=IIQQQQ", data, start + i * size) for i in range(count)]
    notes = [note for part in parts if part[0] == PT_NOTE for note in noted(data, part[2], part[5])]
    if LINUX:
        # elf(5) and sys/procfs.h: an NT_PRSTATUS for each LWP, the signal's first.
        signals = [struct.unpack_from("=i", said)[0] for _, kind, said in notes if kind == 1]
        return Core(signals[0], len(signals), data)
    # sys/exec_elf.h: struct netbsd_elfcore_procinfo, and notes of each LWP by its id.
    [told] = [said for name, kind, said in notes if (name, kind) == (b"NetBSD-CORE", 1)]
    lwps = {name for name, _, _ in notes if name.startswith(b"NetBSD-CORE@")}
    signo, many = struct.unpack_from("=I", told, 8)[0], struct.unpack_from("=I", told, 120)[0]
    assert len(lwps) == many
    return Core(signo, many, data)


def noted(data: bytes, place: int, size: int) -> list[tuple[bytes, int, bytes]]:
    """Each note's owner, kind and words."""
    found, end = [], place + size
    while place < end:
        name, length, kind = struct.unpack_from("=III", data, place)
        said = place + 12 + -(-name // 4) * 4
        found.append((data[place + 12 : place + 12 + name - 1], kind, data[said : said + length]))
        place = said + -(-length // 4) * 4
    return found


@pytest.mark.parametrize("handled", [False, True], ids=["fatal", "handled"])
@pytest.mark.parametrize("how", ["segv", "ill", "abort"])
def test_one_core_for_a_crash(tmp_path: Path, crashes: str, how: str, handled: bool) -> None:
    run = dump(tmp_path, "-c", "the.%e.%s", crashes, how, *["handled"] * handled)
    signo = {"segv": signal.SIGSEGV, "ill": signal.SIGILL, "abort": signal.SIGABRT}[how]
    assert run.returncode == (3 if handled else -signo), run.stderr
    [path] = tmp_path.glob("the.*")
    assert path.name == f"the.crashes.{signo:d}"
    pattern = rf"picotrace-coredumper: crashes, process \d+: {signo.name}: {path.name}\n"
    assert re.fullmatch(pattern, run.stderr)
    told = core(path)
    assert (told.signo, told.lwps) == (signo, LWPS)
    assert COUNTED in told.memory
    assert COUNTED not in Path(crashes).read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_second_crash_of_that_name(tmp_path: Path, crashes: str) -> None:
    script = f"{crashes} segv handled; {crashes} ill handled; exit 4"
    run = dump(tmp_path, "-f", "-c", "the core", "sh", "-c", script)
    assert run.returncode == 4
    assert sorted(path.name for path in tmp_path.glob("the core*")) == ["the core", "the core.2"]
    assert core(tmp_path / "the core").signo == signal.SIGSEGV
    assert core(tmp_path / "the core.2").signo == signal.SIGILL


def test_a_file_that_is_there_is_left_alone(tmp_path: Path, crashes: str) -> None:
    (tmp_path / "core").write_text("mine")
    run = dump(tmp_path, "-c", "core", crashes, "segv", "handled")
    assert run.returncode == 3
    assert run.stderr.endswith("SIGSEGV: no core: core: File exists\n")
    assert (tmp_path / "core").read_text() == "mine"


def test_a_folder_that_is_not_there(tmp_path: Path, crashes: str) -> None:
    run = dump(tmp_path, "-c", "nowhere/core", crashes, "segv", "handled")
    assert run.returncode == 3
    assert run.stderr.endswith("SIGSEGV: no core: nowhere/core: No such file or directory\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_of_another_user(tmp_path: Path) -> None:
    """It is that user's own on NetBSD, as a core of the kernel's making is."""
    command = [*COMMAND, "-s", "USR1", "-c", "core"]
    child = subprocess.Popen(["sleep", "60"], user=ODD)
    with subprocess.Popen(
        [*command, "-p", str(child.pid)], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as dumper:
        assert dumper.stderr is not None
        until(lambda: traced_asleep(child.pid), "it is attached to")
        child.send_signal(signal.SIGUSR1)
        assert dumper.stderr.readline().endswith("SIGUSR1: core\n")
        assert child.wait() == -signal.SIGUSR1
    # NetBSD's has the signal before this one, that it was attached to by: the kernel keeps that.
    assert core(tmp_path / "core").signo == (signal.SIGUSR1 if LINUX else signal.SIGSTOP)
    status = (tmp_path / "core").stat()
    assert (status.st_uid, status.st_mode & 0o777) == (0 if LINUX else ODD, 0o600)
