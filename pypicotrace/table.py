"""What every LWP is doing, as a table of text: the answer to SIGUSR1 and SIGINFO."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypicotrace.lwps import LwpNow


def table(lwps: Iterable[LwpNow], now_ns: int | None = None) -> str:
    """A line per LWP: the call it is in, and for how many seconds.

    :param now_ns: the time on CLOCK_MONOTONIC; None: now.
    """
    now = time.monotonic_ns() if now_ns is None else now_ns
    lines = [f"{'pid':>6} {'lwp':>6} {'program':>14} {'seconds':>10} call"]
    for lwp in lwps:
        seconds = f"{(now - lwp.since_ns) / 1e9:.3f}" if lwp.call is not None else "-"
        call = lwp.call or "-"
        lines.append(f"{lwp.pid:6} {lwp.lwp:6} {shown(lwp.program):>14} {seconds:>10} {call}")
    return "\n".join(lines) + "\n"


def shown(program: bytes) -> str:
    r"""A program's name as the trace writes it: what could be taken for a column is ``\ooo``."""
    return "".join(
        "\\\\" if c == ord("\\") else chr(c) if ord(" ") < c < 0x7F else f"\\{c:03o}"
        for c in program
    )
