"""A process stands still for a while, and the others go on: on scripts."""

from typing import Any

from scripted import GETPID, READ, play, shown
from test_netbsd_attach import asked, with_lwps

import pypicotrace as pt
from pypicotrace import events as ev
from pypicotrace.testing import netbsd as nb
from pypicotrace.testing import script as s

BOTH = [with_lwps(nb.attach_stop(10), 10, 11), nb.attach_stop(20), nb.entry(10, READ, lwp=11)]


def delaying(seconds: float) -> Any:
    return lambda e: e.pid == 10 and type(e) is ev.SyscallEntry and e.stop.delay(seconds)


def test_a_process_stands_as_a_whole() -> None:
    # What is written down of it comes when it has been resumed.
    stops = [*BOTH, nb.exit_(10, READ, 5, lwp=11), nb.entry(20, GETPID), s.interrupted()]
    stops += [nb.exit_(20, GETPID, 20), s.interrupted(after=0.03), s.exited(10, 0), s.exited(20, 0)]
    played = play(stops, attach=[10, 20], body=delaying(0.02))
    assert shown(played.events)[3:] == [
        "10/11 SyscallEntry read",
        "20/20 SyscallEntry getpid",
        "20/20 SyscallExit getpid 20",
        "10/11 SyscallExit read 5",
        "10/0 Exited 0",
        "20/0 Exited 0",
    ]
    entry, exit_ = played.events[3], played.events[6]
    assert exit_.ts_ns - entry.ts_ns >= 20_000_000


def test_one_that_is_let_go_does_not_wait() -> None:
    loops: list[pt.Loop] = []

    def body(event: Any) -> None:
        delaying(60)(event)
        if event.pid == 20 and type(event) is ev.SyscallEntry:
            loops[0].detach(10)

    stops = [*BOTH, nb.entry(20, GETPID), s.exited(20, 0)]
    played = play(stops, attach=[10, 20], started=loops.append, body=body)
    assert shown(played.events)[4:] == [
        "20/20 SyscallEntry getpid",
        "10/0 Detached",
        "20/0 Exited 0",
    ]


def test_nor_does_the_end_of_the_loop() -> None:
    stops = [*BOTH, nb.entry(20, GETPID)]
    played = play(
        stops,
        attach=[10, 20],
        body=delaying(60),
        leave=lambda e: e.pid == 20 and type(e) is ev.SyscallEntry,
    )
    assert [it for it in asked(played) if it[0] == "detach"] == [
        ("detach", 10, 0),
        ("detach", 20, 0),
    ]


def test_a_call_that_is_answered_has_its_exit_and_then_stands() -> None:
    def body(event: Any) -> None:
        if type(event) is ev.SyscallEntry and event.pid == 10:
            event.stop.inject(retval=5)
            event.stop.delay(0.01)

    stops = [*BOTH, nb.entry(20, GETPID), nb.exit_(20, GETPID, 20), s.interrupted(after=0.02)]
    stops += [s.exited(10, 0), s.exited(20, 0)]
    stops[2] = s.replace(stops[2], answer=0)
    played = play(stops, attach=[10, 20], body=body)
    told = shown(played.events)[3:]
    assert told[:2] == ["10/11 SyscallEntry read", "10/11 SyscallExit read 5"]
    resumed = [r.lwp for r in played.requests if r.asked == "resume"]
    assert resumed[-2:] == [20, 10]
