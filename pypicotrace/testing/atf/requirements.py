"""Whether what a test case requires is there. Under Kyua, Kyua looks; under pytest this does."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Mapping

FACTORS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def unmet(properties: Mapping[str, str], config: Mapping[str, str]) -> str:
    """Why a case cannot run here, in words; empty where it can.

    :param properties: the case's, of which those that begin with ``require.`` count.
    :param config: the configuration variables.
    """
    checks: dict[str, Callable[[str], str]] = {
        "require.user": _user,
        "require.progs": _progs,
        "require.files": _files,
        "require.arch": lambda names: _one_of(names, platform.processor() or platform.machine()),
        "require.machine": lambda names: _one_of(names, platform.machine()),
        "require.config": lambda names: _missing("configuration", set(names.split()) - {*config}),
        "require.memory": lambda size: _at_least(size, _memory(), "bytes of memory"),
        "require.diskspace": lambda size: _at_least(
            size, shutil.disk_usage(".").free, "bytes of disk space"
        ),
    }
    reasons = (checks[name](value) for name, value in properties.items() if name in checks)
    return next(filter(None, reasons), "")


def _user(who: str) -> str:
    return "" if (os.geteuid() == 0) == (who == "root") else f"it must run as {who}"


def _progs(names: str) -> str:
    return _missing("program", {name for name in names.split() if shutil.which(name) is None})


def _files(names: str) -> str:
    return _missing("file", {name for name in names.split() if not os.path.exists(name)})


def _one_of(names: str, own: str) -> str:
    return "" if own in names.split() else f"it is for {names}, and this is {own}"


def _missing(what: str, names: set[str]) -> str:
    return f"there is no {what} {', '.join(sorted(names))}" if names else ""


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _at_least(size: str, have: int, what: str) -> str:
    number, factor = (size[:-1], FACTORS[size[-1].upper()]) if size[-1].isalpha() else (size, 1)
    return "" if have >= int(number) * factor else f"it needs {size} {what}, and there are {have}"
