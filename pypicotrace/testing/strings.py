"""What a system call's pointers point to, read while its LWP stands still."""

from __future__ import annotations

from pypicotrace import calls, syscalls
from pypicotrace.errors import KernelError
from pypicotrace.events import SyscallEntry, SyscallExit
from pypicotrace.stop import Stop

LIMIT = 4096
"""Bytes of a string, or of a buffer, that are read."""

# Strings that are no names: `const char *` that is a buffer, with its length beside it.
LENGTHS = ("nbyte", "count", "len", "size")
BUFFERS = {"write": "buf", "pwrite": "buf", "pwrite64": "buf", "send": "buf", "sendto": "buf"}
# After a new image the pointers of the call that made it point nowhere.
NEW_IMAGE = frozenset({"execve", "execveat", "fexecve"})


def strings_of(event: SyscallEntry) -> dict[str, bytes]:
    """The strings that a call is given, by argument name: names, and what is written.

    Those that cannot be read are left out: the call itself will fail with EFAULT, or not look.

    :raises TraceeDied: it was killed just now.
    """
    if isinstance(event, SyscallExit) and event.name in NEW_IMAGE:
        return {}
    call = syscalls.load(event.abi).by_name.get(event.name) if event.abi in calls.ABIS else None
    found: dict[str, bytes] = {}
    for param in call.params if call is not None else ():
        if param.type == "const char *" and param.name != "buf":
            _keep(found, param.name, event.stop, event.arg(param.name), None)
    if (name := BUFFERS.get(event.name)) is not None and name in event.params:
        sizes = [event.arg(length) for length in LENGTHS if length in event.params]
        if sizes:
            _keep(found, name, event.stop, event.arg(name), min(sizes[0], LIMIT))
    return found


def _keep(found: dict[str, bytes], name: str, stop: Stop, addr: int, size: int | None) -> None:
    if addr == 0:
        return
    try:
        data = stop.read_cstring(addr, LIMIT) if size is None else stop.read(addr, size)
    except KernelError:
        return
    found[name] = data
