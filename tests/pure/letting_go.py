"""Scripts in whose course a process is let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pypicotrace as pt
from pypicotrace.testing.script import Played, Scripted, play


def letting_go(
    stops: Sequence[Scripted],
    pid: int,
    at: Callable[[pt.Event], bool],
    play: Callable[..., Played] = play,
    **options: Any,
) -> Played:
    """Play a script, as ``play`` does, and let go of a process at an event."""
    loops: list[pt.Loop] = []

    def body(event: pt.Event) -> None:
        if at(event):
            loops[0].detach(pid)

    return play(stops, started=loops.append, body=body, **options)


def at_call(event: pt.Event) -> bool:
    return type(event) is pt.SyscallEntry
