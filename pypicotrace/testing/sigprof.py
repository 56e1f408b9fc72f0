"""Whether SIGPROF goes to the LWP that uses the time.

The timer ``ITIMER_PROF`` counts the CPU time of a whole process, and sends it a signal. A profiler
takes the LWP that gets the signal for the one that used the time; that is a promise of the kernel,
which not every kernel makes.
"""

from __future__ import annotations

import math
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pypicotrace.errors import LaunchError
from pypicotrace.events import Event, Exec, Exited, LwpExited, Stopped, SyscallEntry
from pypicotrace.kinds import Mask
from pypicotrace.launch import Path
from pypicotrace.start import spawn
from pypicotrace.testing.cpu_time import cpu_times

INTERVAL_US = 10_000
ENOUGH = 50
"""Signals, below which nothing is said."""
TOLERANCE = 0.15
"""What the shares may differ by, beside what chance does."""
EVERY = 20
"""CPU times are read at each so many signals, and where an LWP or the process ends."""
ENDS = ("exit", "exit_group", "_lwp_exit")

# The timer survives execve(2); what it sends before that is suppressed. The status is the error of
# an execve that failed.
ARM = (
    "import os, signal, sys\n"
    "signal.setitimer(signal.ITIMER_PROF, *[float(sys.argv[1]) / 1e6] * 2)\n"
    "try:\n"
    "    os.execvp(sys.argv[2], sys.argv[2:])\n"
    "except OSError as error:\n"
    "    sys.exit(error.errno)\n"
)


class Verdict(NamedTuple):
    """``follows``: the signals go where the time goes; None: that cannot be told. And why."""

    follows: bool | None
    words: str


@dataclass
class Profile:
    """Signals and CPU time (nanoseconds) of each LWP, in order of appearance."""

    signals: Counter[int] = field(default_factory=Counter)
    times: dict[int, int] = field(default_factory=dict)

    def verdict(self) -> Verdict:
        """What is to be said of it."""
        return judge(self.signals, self.times)

    def table(self) -> str:
        """A line for each LWP, and the verdict."""
        signals, times = sum(self.signals.values()), sum(self.times.values())
        lines = ["     LWP      CPU time   share   SIGPROF   share"]
        for lwp in dict.fromkeys([*self.times, *self.signals]):
            time, count = self.times.get(lwp, 0), self.signals[lwp]
            lines.append(
                f"{lwp:8d} {time / 1e9:11.3f} s {_percent(time, times)} "
                f"{count:9d} {_percent(count, signals)}"
            )
        return "\n".join([*lines, self.verdict().words])


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:6.1f}%" if whole else "      -"


def judge(signals: Mapping[int, int], times: Mapping[int, int]) -> Verdict:
    """Compare where signals went with where CPU time went.

    The distance between two distributions is the share that would have to be moved from LWP to LWP
    to make one of the other: 0 to 1. Chance makes some of it; twice its standard deviation is
    allowed for, and `TOLERANCE` besides.
    """
    count, total = sum(signals.values()), sum(times.values())
    if count < ENOUGH or total == 0:
        return Verdict(None, f"cannot tell: {count} signals are too few; {ENOUGH} are needed")
    lwps = [*dict.fromkeys([*times, *signals])]
    if len(lwps) < 2:
        return Verdict(None, "cannot tell: there is one LWP, and nobody else to get the signals")
    share = [times.get(lwp, 0) / total for lwp in lwps]
    got = [signals.get(lwp, 0) / count for lwp in lwps]
    chance = sum(math.sqrt(p * (1 - p) / count) for p in share)
    distance = sum(abs(p - q) for p, q in zip(share, got, strict=True)) / 2
    moved = f"{100 * distance:.0f}% of the signals went to other LWPs than the time"
    if distance > TOLERANCE + chance:
        return Verdict(False, f"SIGPROF does not go to the LWP that uses the time: {moved}")
    even = sum(abs(p - 1 / len(lwps)) for p in share) / 2
    if even <= TOLERANCE + chance:
        return Verdict(None, "cannot tell: all LWPs used about the same time, and got as many")
    return Verdict(True, f"SIGPROF goes to the LWP that uses the time: {moved}")


def profile(
    argv: Sequence[Path], *, interval_us: int | None = INTERVAL_US, **options: Any
) -> Profile:
    """Run a program to its end, and count.

    :param interval_us: microseconds of CPU time from signal to signal; the program does not get
        them. None: the program has a timer of its own, and gets its signals.
    :param options: as `pypicotrace.spawn` takes them.
    :raises LaunchError: the program cannot be executed.
    """
    own = interval_us is None
    whole = list(argv) if own else [sys.executable, "-c", ARM, str(interval_us), *argv]
    events = Mask.SIGNAL | Mask.EXEC | Mask.LWP_CREATE | Mask.LWP_EXIT | Mask.SCE
    taken = Profile()
    before: dict[int, int] = {}
    begun = own
    with spawn(whole, events=events, syscalls=_known(ENDS), **options) as loop:
        for event in loop:
            if isinstance(event, Exec) and event.seq > 1 and not begun:
                begun = True
                before = cpu_times(loop.root)
            is_signal = isinstance(event, Stopped) and event.signo == signal.SIGPROF
            if is_signal and begun:
                taken.signals[event.lwp] += 1
            if is_signal and not own:
                event.stop.suppress()
            if begun and _is_time(event, taken):
                for lwp, time in cpu_times(loop.root).items():
                    taken.times[lwp] = max(time - before.get(lwp, 0), taken.times.get(lwp, 0))
    if not begun and isinstance(loop.status, Exited):
        error = loop.status.status
        raise LaunchError(error, os.strerror(error), os.fsdecode(argv[0]))
    return taken


def _known(names: Sequence[str]) -> list[str]:
    """Those that this system has; a pattern, for a name that it does not have is refused."""
    return [f"/^({'|'.join(names)})$/"]


def _is_time(event: Event, taken: Profile) -> bool:
    if isinstance(event, LwpExited | SyscallEntry):
        return True
    return isinstance(event, Stopped) and taken.signals.total() % EVERY == 0
