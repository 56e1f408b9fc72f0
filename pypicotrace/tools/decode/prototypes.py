"""Prototypes of python-ptrace, for the few calls that no table of ours has one of."""

from __future__ import annotations

from pypicotrace.syscalls import Param


def foreign(name: str) -> list[Param] | None:
    """The parameters of a call; None where it is not known, or python-ptrace is not there."""
    try:
        from ptrace.syscall.prototypes import SYSCALL_PROTOTYPES
    except ImportError:
        return None
    found = SYSCALL_PROTOTYPES.get(name)
    if found is None:
        return None
    return [Param(type, name, type in ("int", "unsigned int")) for type, name in found[1]]
