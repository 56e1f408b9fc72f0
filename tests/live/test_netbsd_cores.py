"""Core files that NetBSD's kernel writes, and will not write."""

from __future__ import annotations

from pathlib import Path

from test_portable_cores import crashes, dump

__all__ = ["crashes"]


def test_a_limit_of_the_process(tmp_path: Path, crashes: str) -> None:
    script = f"ulimit -c 0; exec {crashes} segv handled"
    run = dump(tmp_path, "-c", "core", "sh", "-c", script)
    assert run.returncode == 3
    too_low = "no core: the process's limit of core files is too low (ulimit -c)\n"
    assert run.stderr.endswith(f"SIGSEGV: {too_low}")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_the_kernel_would_change(tmp_path: Path, crashes: str) -> None:
    run = dump(tmp_path, "-c", "core.%%n", crashes, "segv", "handled")
    assert run.returncode == 3
    replaces = "NetBSD replaces %n, %p, %t and %u in it"
    assert run.stderr.endswith(f"SIGSEGV: no core: 'core.%n': {replaces}\n")
    assert list(tmp_path.iterdir()) == []
