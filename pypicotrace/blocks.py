"""Whether this machine steps to the next branch where it is asked to: known only by trying."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Iterable

from pypicotrace.errors import KernelError, TraceeDied, Unsupported
from pypicotrace.events import Event, Exec, SingleStep
from pypicotrace.kinds import Mask
from pypicotrace.start import spawn

# Of x86, 64 and 32 bits alike: four nops, a jump over one instruction, and where it leads.
CODE = bytes.fromhex("90909090 eb01 cc 90")
TARGET = 7
PROGRAM = "/bin/sh"
"""Any would do: it executes nothing of its own."""


@functools.cache
def steps_blocks() -> bool:
    """Whether `Stop.step` with ``block=True`` goes to the next branch on this machine.

    Found out once, by a program that is started for that and ended at once. A processor that is
    virtual may have no such thing (x86: BTF in IA32_DEBUGCTL), and execute single instructions.

    :raises LaunchError: no program can be traced here.
    """
    events = Mask.EXEC | Mask.STEP
    null = subprocess.DEVNULL
    with spawn([PROGRAM], events=events, stdin=null, stdout=null, stderr=null) as loop:
        return probed(loop)


def probed(events: Iterable[Event]) -> bool:
    """Whether a program goes to the next branch, that is about to execute its first instruction."""
    begin = 0
    try:
        for event in events:
            if isinstance(event, Exec):
                begin = event.stop.pc
                event.stop.write(begin, CODE)
                event.stop.step(block=True)
            elif isinstance(event, SingleStep):
                return event.pc == begin + TARGET
    except (KernelError, TraceeDied, Unsupported):
        return False
    return False
