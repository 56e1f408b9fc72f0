"""The kinds of event, and the mask that says which are wanted.

Apart from the events themselves, which the command does without: dataclasses take their time to
import.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Kind(IntEnum):
    """The kinds of event, numbered as in csrc/core/event.h."""

    SCE = 1
    SCX = 2
    EXEC = 3
    FORKED = 4
    VFORKED = 5
    SPAWNED = 6
    VFORK_DONE = 7
    LWP_CREATED = 8
    LWP_EXITED = 9
    STOPPED = 10
    CRASHED = 11
    CONTINUED = 12
    SIGNALED = 13
    EXITED = 14
    SINGLESTEP = 15
    BREAKPOINT = 16
    DBREG = 17
    ATTACHED = 18
    DETACHED = 19


class Mask(IntFlag):
    """Which events are wanted; the kernel's names without their prefix."""

    SCE = 1 << Kind.SCE
    SCX = 1 << Kind.SCX
    EXEC = 1 << Kind.EXEC
    FORK = 1 << Kind.FORKED
    VFORK = 1 << Kind.VFORKED
    POSIX_SPAWN = 1 << Kind.SPAWNED
    VFORK_DONE = 1 << Kind.VFORK_DONE
    LWP_CREATE = 1 << Kind.LWP_CREATED
    LWP_EXIT = 1 << Kind.LWP_EXITED
    SIGNAL = 1 << Kind.STOPPED | 1 << Kind.CRASHED | 1 << Kind.CONTINUED
    EXIT = 1 << Kind.SIGNALED | 1 << Kind.EXITED
    STEP = 1 << Kind.SINGLESTEP | 1 << Kind.BREAKPOINT | 1 << Kind.DBREG
    ATTACH = 1 << Kind.ATTACHED | 1 << Kind.DETACHED
    ALL = (1 << (max(Kind) + 1)) - (1 << min(Kind))
