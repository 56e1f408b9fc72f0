"""What a test case calls while it runs. Each acts on the one case that this process runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NoReturn

from pypicotrace.testing.atf.run import Expect, Run

_running: list[Run] = []


def begin(run: Run) -> None:
    """That is the case that runs from here on, to the end of the process."""
    _running[:] = [run]


def _run() -> Run:
    if not _running:
        raise RuntimeError(
            "no test case of ATF runs: only the body of one may call this, and under pytest a "
            "file with such cases is called t_*.py"
        )
    return _running[0]


def fail(reason: str) -> NoReturn:
    """The case has failed, and is over. (An exception of the body's does the same.)"""
    _run().fail(reason)


def fail_nonfatal(reason: str) -> None:
    """The case has failed, and goes on to its end."""
    _run().fail_nonfatal(reason)


def check(true: object, reason: str) -> None:
    """Where that is not true the case has failed, and goes on to its end."""
    if not true:
        _run().fail_nonfatal(reason)


def skip(reason: str) -> NoReturn:
    """The case cannot be run here."""
    _run().skip(reason)


def pass_() -> NoReturn:
    """The case has passed, and is over. (The end of the body does the same.)"""
    _run().pass_()


def expect_pass() -> None:
    """From here on it is to pass: what was expected to fail before, has."""
    _run().expect(Expect.PASS)


def expect_fail(reason: str) -> None:
    """From here on it is to fail, for that reason (a known bug); if it does not, it has failed."""
    _run().expect(Expect.FAIL, reason)


def expect_exit(status: int, reason: str) -> None:
    """From here on its process is to exit with ``status``; -1: with any."""
    _run().expect(Expect.EXIT, reason, status if status != -1 else None)


def expect_signal(signo: int, reason: str) -> None:
    """From here on its process is to be killed by ``signo``; -1: by any signal."""
    _run().expect(Expect.SIGNAL, reason, signo if signo != -1 else None)


def expect_death(reason: str) -> None:
    """From here on its process is to end, in whatever way."""
    _run().expect(Expect.DEATH, reason)


def expect_timeout(reason: str) -> None:
    """From here on it is to hang, until it has run for longer than it may."""
    _run().expect(Expect.TIMEOUT, reason)


def require_prog(name: str) -> None:
    """Skip the case where there is no such program: a name to be found in PATH, or a full path."""
    absolute = name.startswith("/")
    if "/" in name and not absolute:
        _run().fail(f"Relative paths are not allowed when searching for a program ({name})")
    if shutil.which(name) is None:
        where = "" if absolute else " in the PATH"
        _run().skip(f"The required program {name} could not be found{where}")


def config_has(name: str) -> bool:
    """Whether a configuration variable is defined."""
    return name in _run().config


def config_get(name: str, default: Any = ...) -> Any:
    """The value of a configuration variable, a str.

    :raises KeyError: it is not defined, and there is no default.
    """
    if default is ...:
        return _run().config[name]
    return _run().config.get(name, default)


def srcdir() -> Path:
    """The directory of the test program, with what stands beside it."""
    return _run().srcdir
