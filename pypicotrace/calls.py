"""The call in a record: what its table says of it, and what it is to be changed to."""

from __future__ import annotations

from typing import Any

from pypicotrace import syscalls
from pypicotrace._ffi import ffi, lib
from pypicotrace.integers import within

# The ABIs we have a table for, and what C calls them.
ABIS = {
    "linux-x86_64": lib.PICO_ABI_LINUX_X86_64,
    "linux-i386": lib.PICO_ABI_LINUX_I386,
    "linux-x32": lib.PICO_ABI_LINUX_X32,
    "linux-aarch64": lib.PICO_ABI_LINUX_AARCH64,
    "netbsd-amd64": lib.PICO_ABI_NETBSD,
    "netbsd-i386": lib.PICO_ABI_NETBSD32,
}
ABI_NAMES = {number: name for name, number in ABIS.items()}

ARGS_MAX = 6

# Calls after which an LWP is another, or one more, or has another signal mask than before.
LEAVES_MORE = {
    *("clone", "execve", "execveat", "exit", "exit_group", "fork", "vfork"),
    *("restart_syscall", "sigprocmask", "sigreturn", "sigsuspend", "ssetmask"),
}


def syscall(abi: int, sysnum: int) -> syscalls.Syscall | None:
    """What the table of an ABI says of a number; None where it says nothing."""
    name = ABI_NAMES.get(abi)
    return syscalls.load(name).by_number.get(sysnum) if name is not None else None


def name_of(call: syscalls.Syscall | None, sysnum: int) -> str:
    return call.name if call is not None else f"syscall_{sysnum}"


def with_args(record: Any, args: tuple[int | None, ...], named: dict[str, int]) -> Any:
    """A copy of an SCE record with other arguments.

    :raises KeyError: the call has none of that name.
    :raises TypeError, ValueError: it has not so many, one is given twice or is too large.
    """
    changed = ffi.new("struct pico_event *", record[0])
    call = syscall(record.abi, record.sysnum)
    name = name_of(call, record.sysnum)
    params = [param.name for param in call.params] if call is not None else []
    if len(args) > record.nargs:
        raise ValueError(f"{name} has {record.nargs} arguments, not {len(args)}")
    values = {place: value for place, value in enumerate(args) if value is not None}
    for key, value in named.items():
        if key not in params:
            raise syscalls.unknown(f"{name} has no argument {key!r}", key, params)
        place = params.index(key)
        if place in values:
            raise TypeError(f"argument {key!r} is given twice")
        values[place] = value
    for place, value in values.items():
        changed.args[place] = within(f"argument {place + 1}", value, _bits(record))
    return changed


def with_sysnum(record: Any, wanted: int | str) -> Any:
    """A copy of an SCE record with another number, given by the name that its ABI has for it.

    :raises KeyError: its ABI has no call of that name.
    :raises TypeError, ValueError: that is no number of a call.
    """
    changed = ffi.new("struct pico_event *", record[0])
    if isinstance(wanted, str):
        abi = ABI_NAMES.get(record.abi)
        names = syscalls.load(abi).by_name if abi is not None else {}
        if wanted not in names:
            raise syscalls.unknown(
                f"{abi or 'this ABI'} has no system call {wanted!r}", wanted, names
            )
        wanted = names[wanted].number
    changed.sysnum = within("a system call's number", wanted, 32, signed=True)
    return changed


def to_make(record: Any, wanted: int | str, args: tuple[int, ...]) -> Any:
    """A record of a call that the LWP of an SCE or SCX record is to make for the tracer.

    :raises KeyError: its ABI has no call of that name.
    :raises TypeError, ValueError: it cannot be made so, has not so many arguments, or not so large
        ones.
    """
    from pypicotrace.syscalls.classes import stem  # most tracers make none

    made = with_sysnum(record, wanted)
    call = syscall(made.abi, made.sysnum)
    name = name_of(call, made.sysnum)
    if stem(name) in LEAVES_MORE:
        raise ValueError(f"{name} cannot be run: an LWP does not come out of it as it went in")
    most = len(call.params) if call is not None and call.known else ARGS_MAX
    if len(args) > most:
        raise ValueError(f"{name} has {most} arguments, not {len(args)}")
    made.nargs = ARGS_MAX
    for place in range(ARGS_MAX):
        value = args[place] if place < len(args) else 0
        made.args[place] = within(f"argument {place + 1}", value, _bits(record))
    return made


def with_result(record: Any, retval: int | None, error: int | str | None) -> Any:
    """A copy of an SCE or SCX record with a result or an error.

    :raises KeyError: the system has no error of that name.
    :raises TypeError, ValueError: not one of the two is given, or it is too large, or no error.
    """
    changed = ffi.new("struct pico_event *", record[0])
    if (retval is None) == (error is None):
        raise TypeError("a call gives either retval or error")
    changed.retval[0] = within("retval", retval or 0, _bits(record))
    changed.error = _error(record, error) if error is not None else 0
    return changed


def _error(record: Any, error: int | str) -> int:
    if isinstance(error, str):
        system = ABI_NAMES.get(record.abi, "linux").partition("-")[0]
        error = syscalls.error_number(error, system)
    error = within("error", error, 32, signed=True)
    if error <= 0:
        raise ValueError(f"an error is above 0, not {error}")
    return error


def _bits(record: Any) -> int:
    return 32 if ABI_NAMES.get(record.abi) in syscalls.ILP32 else 64
