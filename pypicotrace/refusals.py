"""Why an attach was refused, in words."""

from __future__ import annotations

import os
from typing import Any

from pypicotrace._ffi import ffi, lib

WORDS = {
    lib.PICO_REFUSED_NOBODY: "there is no such process",
    lib.PICO_REFUSED_ZOMBIE: "it has ended already (a zombie)",
    lib.PICO_REFUSED_SELF: "that is the tracer itself",
    lib.PICO_REFUSED_KERNEL: "it is a kernel thread",
    lib.PICO_REFUSED_TRACED: "process {detail} is tracing it already",
    lib.PICO_REFUSED_LWP: "it is an LWP of process {detail}; give that one",
    lib.PICO_REFUSED_USER: "it belongs to another user (uid {detail}); "
    "run as that user, as root, or with CAP_SYS_PTRACE",
    lib.PICO_REFUSED_YAMA: "kernel.yama.ptrace_scope is {detail}; "
    "run as root, or have the system's owner set it to 0",
}


def refusal(loop: Any, pid: int, code: int) -> str:
    """Why the C loop could not attach to ``pid``, given the -errno it gave."""
    detail = ffi.new("int32_t *")
    reason = lib.pico_loop_refusal(loop, pid, code, detail)
    return WORDS.get(reason, os.strerror(-code)).format(detail=detail[0])
