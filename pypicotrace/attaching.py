"""Attaching to processes, and finding the children that they have."""

from __future__ import annotations

import errno
from typing import Any

from pypicotrace._ffi import ffi, lib
from pypicotrace.errors import AttachError, NotTraced, Unsupported, check
from pypicotrace.refusals import refusal

PID_MAX = 2**31 - 1


def process_id(pid: object) -> int:
    """A process id, checked.

    :raises TypeError, ValueError: it is none.
    """
    if not isinstance(pid, int) or isinstance(pid, bool):
        raise TypeError(f"a process id is an int, not {type(pid).__name__}")
    if not 0 < pid <= PID_MAX:
        raise ValueError(f"{pid} is not a process id (1 to {PID_MAX})")
    return pid


def attach_to(loop: Any, pid: int) -> int:
    """Have the C loop attach to all LWPs of a process.

    :returns: how many there are.
    :raises AttachError: it cannot be attached to.
    """
    got = int(lib.pico_loop_attach(loop, pid))
    if got > 0:
        return got
    reason = refusal(loop, pid, got)
    # 0: there was nothing to ask ptrace for, and it would say EPERM, as of all that is traced.
    error = AttachError(-got or errno.EPERM, f"cannot attach to process {pid}: {reason}")
    error.pid = pid
    raise error


def let_go(loop: Any, pid: int) -> None:
    """Have the C loop let go of a process.

    :raises NotTraced: it has none of that id.
    :raises Unsupported: it has a filter in the kernel.
    """
    code = lib.pico_loop_detach(loop, process_id(pid))
    if code == -errno.EOPNOTSUPP:
        raise Unsupported(
            f"process {pid} has a filter in the kernel (kernel_filter): without a tracer its calls "
            "would fail"
        )
    if code < 0:
        raise NotTraced(errno.ESRCH, f"process {pid} is not traced by this loop")


def children_of(loop: Any, pid: int) -> list[int]:
    """The children that a process has now; none where it has ended since.

    :raises KernelError: the system does not tell.
    """
    count = _children(loop, pid, ffi.NULL, 0)
    # Room for no more: what is made meanwhile is found by the next look.
    array = ffi.new("int32_t[]", count)
    found = _children(loop, pid, array, count)
    return list(array[0 : min(found, count)])


def _children(loop: Any, pid: int, array: Any, room: int) -> int:
    code = lib.pico_loop_children(loop, pid, array, room)
    return 0 if code == -errno.ESRCH else check(code, f"look for the children of process {pid}")
