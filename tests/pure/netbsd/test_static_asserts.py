"""The static assertions that hold the decoder's numbers against NetBSD's headers do bite."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CSRC = Path(__file__).resolve().parents[3] / "csrc"


def compiled(csrc: Path, file: str, target: str) -> subprocess.CompletedProcess[str]:
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", target, "-std=gnu11", "-c"]
    return subprocess.run(
        [*compiler, "-o", str(csrc / "out.o"), str(csrc / "netbsd" / file)],
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CSRC, tmp_path / "csrc"))


@pytest.mark.parametrize(
    ("name", "file", "target", "says"),
    [
        ("NETBSD_SIGCHLD", "siginfo.c", "x86_64-netbsd", "signals"),
        ("NETBSD_TRAP_SCX", "siginfo.c", "aarch64-netbsd", "si_code"),
        ("NETBSD_LWP_EXIT", "siginfo.c", "x86_64-netbsd", "events"),
        ("NETBSD_PSI_ARGS", "siginfo.c", "x86_64-netbsd", "struct ptrace_siginfo"),
        ("NETBSD_PSI_LWPID", "siginfo.c", "riscv64-netbsd", "struct ptrace_siginfo"),
        ("NETBSD_AMD64_RAX", "kernel.c", "x86_64-netbsd", "registers"),
        ("NETBSD_I386_EDX", "kernel.c", "x86-netbsd", "registers"),
        ("NETBSD_AARCH64_PC", "kernel.c", "aarch64-netbsd", "registers"),
    ],
)
def test_an_altered_number_does_not_compile(
    copy: Path, name: str, file: str, target: str, says: str
) -> None:
    abi = copy / "netbsd" / "abi.h"
    text = abi.read_text()
    altered, count = re.subn(rf"\b({name}) = (\d+)", r"\1 = \2 + 1", text)
    assert count == 1
    abi.write_text(altered)
    result = compiled(copy, file, target)
    assert result.returncode != 0
    assert f'"{says}"' in result.stderr or f": {says}" in result.stderr


@pytest.mark.parametrize(("target", "known"), [("x86_64-netbsd", True), ("arm-netbsd-eabi", False)])
def test_registers_that_are_not_known_are_not_given(copy: Path, target: str, known: bool) -> None:
    """What is known of them is by their size, which another machine's may have."""
    assert compiled(copy, "kernel.c", target).returncode == 0
    assert (b"pico_netbsd_set_regs" in (copy / "out.o").read_bytes()) is known


@pytest.mark.parametrize("file", ["siginfo.c", "kernel.c"])
def test_as_they_are_they_compile(copy: Path, file: str) -> None:
    assert compiled(copy, file, "x86_64-netbsd").stderr == ""
