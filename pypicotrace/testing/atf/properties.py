"""The properties of atf-test-case(4), as decorators of test cases. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from pypicotrace.testing.atf.cases import Function, set_property

Decorator = Callable[[Function], Function]


def timeout(seconds: int) -> Decorator[Function]:
    """How long the case may run; 0: for ever. Without it: 300 seconds."""
    if seconds < 0 or seconds != int(seconds):
        raise ValueError(f"a timeout is in whole seconds, and not negative: {seconds}")
    return set_property("timeout", str(int(seconds)))


def require_user(who: Literal["root", "unprivileged"]) -> Decorator[Function]:
    """Who it must run as."""
    if who not in ("root", "unprivileged"):
        raise ValueError(f"a case can require root or unprivileged, not {who!r}")
    return set_property("require.user", who)


def require_progs(*programs: str) -> Decorator[Function]:
    """Programs that must be there: names to be found in PATH, or absolute paths."""
    relative = [name for name in programs if "/" in name and not name.startswith("/")]
    if relative:
        raise ValueError(f"required programs are names or absolute paths, not {' '.join(relative)}")
    return set_property("require.progs", " ".join(programs))


def require_files(*files: str) -> Decorator[Function]:
    """Files that must be there: absolute paths."""
    relative = [file for file in files if not file.startswith("/")]
    if relative:
        raise ValueError(f"required files are absolute paths, not {' '.join(relative)}")
    return set_property("require.files", " ".join(files))


def require_arch(*architectures: str) -> Decorator[Function]:
    """The architectures that it is for (uname -p)."""
    return set_property("require.arch", " ".join(architectures))


def require_machine(*machines: str) -> Decorator[Function]:
    """The machine types that it is for (uname -m)."""
    return set_property("require.machine", " ".join(machines))


def require_config(*variables: str) -> Decorator[Function]:
    """Configuration variables that must be defined."""
    return set_property("require.config", " ".join(variables))


def require_memory(size: int | str) -> Decorator[Function]:
    """Physical memory that there must be: bytes, or with a suffix K, M, G or T."""
    return set_property("require.memory", _size(size))


def require_diskspace(size: int | str) -> Decorator[Function]:
    """Free space that there must be where it runs, as for `require_memory`.

    Kyua 0.13 refuses a test program that says this; NetBSD's and FreeBSD's know it.
    """
    return set_property("require.diskspace", _size(size))


def x(name: str, value: str) -> Decorator[Function]:
    """A property of your own, listed as ``X-name``."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise ValueError(f"{name!r} is no name for a property")
    return set_property(f"X-{name}", value)


def _size(size: int | str) -> str:
    if not re.fullmatch(r"[1-9][0-9]*[KMGTkmgt]?", str(size)):
        raise ValueError(f"{size!r} is no size: give a number, with K, M, G or T after it")
    return str(size)
