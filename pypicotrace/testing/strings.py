"""What a system call's pointers point to, read while its LWP stands still."""

from __future__ import annotations

from pypicotrace.errors import KernelError
from pypicotrace.events import SyscallEntry, SyscallExit
from pypicotrace.stop import Stop
from pypicotrace.testing.named import prototype

LIMIT = 4096
"""Bytes of a string, or of a buffer, that are read."""

# Which argument is a buffer that a call takes, whose length is the next one; or that it fills, as
# far as its result says.
TAKEN = dict.fromkeys(("write", "pwrite", "pwrite64", "send", "sendto"), 1)
FILLED = {
    **dict.fromkeys(("read", "pread", "pread64", "recv", "recvfrom", "readlink"), 1),
    "readlinkat": 2,
}
# After a new image the pointers of the call that made it point nowhere.
NEW_IMAGE = frozenset({"execve", "execveat", "fexecve"})


def given(event: SyscallEntry) -> dict[str, bytes]:
    """The strings that a call is given, by argument name: names, and what is written.

    Those that cannot be read are left out: the call itself will fail with EFAULT, or not look.

    :raises TraceeDied: it was killed just now.
    """
    if isinstance(event, SyscallExit) and event.name in NEW_IMAGE:
        return {}
    call = prototype(event)
    names = [
        param.name
        for param in (call.params if call is not None else ())
        if param.type == "const char *" and param.name != "buf"
    ]
    found = {name: _string(event.stop, event.arg(name)) for name in names}
    place = TAKEN.get(event.name)
    if place is not None and len(event.args) > place + 1:
        found[event.params[place]] = _data(event.stop, event.args[place], event.args[place + 1])
    return {name: text for name, text in found.items() if text is not None}


def filled(event: SyscallExit) -> dict[str, bytes]:
    """What a call has read, by argument name.

    :raises TraceeDied: it was killed just now.
    """
    place = FILLED.get(event.name)
    if place is None or place >= len(event.params) or event.retval is None:
        return {}
    data = _data(event.stop, event.args[place], event.retval)
    return {event.params[place]: data} if data is not None else {}


def _string(stop: Stop, addr: int) -> bytes | None:
    try:
        return stop.read_cstring(addr, LIMIT) if addr else None
    except KernelError:
        return None


def _data(stop: Stop, addr: int, size: int) -> bytes | None:
    try:
        return stop.read(addr, min(size, LIMIT)) if addr else None
    except KernelError:
        return None
