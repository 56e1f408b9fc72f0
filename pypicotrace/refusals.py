"""Why an attach was refused, in words."""

from __future__ import annotations

import errno
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
    lib.PICO_REFUSED_USER: "it runs as another user ({user}); "
    "run as that user, as root, or with CAP_SYS_PTRACE",
    lib.PICO_REFUSED_UNSEEN: "it is there, but /proc does not show it; mount /proc",
    lib.PICO_REFUSED_YAMA: "kernel.yama.ptrace_scope is {detail}; "
    "run as root, or have the system's owner set it to 0",
}
# Scope 3 holds for root too, and until the next boot (Linux's Documentation on Yama).
YAMA_NOBODY, YAMA_NOBODY_WORDS = 3, "kernel.yama.ptrace_scope is 3; nobody may until the next boot"

# What the kernel has against tracing a program that is only just started.
UNDUMPABLE = (
    "this program has changed its user, and what it starts is protected: "
    "have it call prctl(PR_SET_DUMPABLE, 1) first, or start it as that user"
)

# What may be behind an EPERM for which the process itself gives no reason.
FORBIDDEN = "ptrace(2) is forbidden here (a container's seccomp filter, a security module)"
PROTECTED = "it is protected (it has more rights, or is not dumpable: run as root)"

UID_UNKNOWN = 2**32 - 1


def refusal(loop: Any, pid: int, code: int) -> str:
    """Why the C loop could not attach to ``pid``, given the -errno it gave."""
    detail = ffi.new("int32_t *")
    reason = lib.pico_loop_refusal(loop, pid, code, detail)
    return words(reason, detail[0], -code)


def has_ended(loop: Any, pid: int, code: int) -> bool:
    """Whether the C loop could not attach to ``pid`` because there is nobody left to attach to."""
    reason = lib.pico_loop_refusal(loop, pid, code, ffi.new("int32_t *"))
    return reason in (lib.PICO_REFUSED_NOBODY, lib.PICO_REFUSED_ZOMBIE)


def words(reason: int, detail: int, error: int) -> str:
    """A reason (``PICO_REFUSED_...``) in words; ``error`` is the errno that came with it."""
    if reason == lib.PICO_REFUSED_YAMA and detail == YAMA_NOBODY:
        return YAMA_NOBODY_WORDS
    if reason == lib.PICO_REFUSED_TRACED and not detail:
        return "another process is tracing it already"  # NetBSD does not tell which
    if reason in WORDS:
        return WORDS[reason].format(detail=detail, user=_user(detail))
    if error == errno.EPERM:
        return f"{os.strerror(error)}; {PROTECTED}, or {FORBIDDEN}"
    return os.strerror(error)


def _user(detail: int) -> str:
    uid = detail % 2**32  # C hands it over in a signed integer
    return "which one is hidden" if uid == UID_UNKNOWN else f"uid {uid}"
