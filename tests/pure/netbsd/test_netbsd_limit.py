"""NetBSD's loop lets go of everything after so many calls, or a time: on scripts."""

import pytest
from scripted import GETPID, READ, SIGUSR1, play, shown
from test_netbsd_attach import asked, with_lwps

from pypicotrace.testing import netbsd as nb
from pypicotrace.testing import script as s
from pypicotrace.testing.script import Played, Scripted

STREAMS = pytest.mark.parametrize("stream", [0, 1, 100], ids=["stop", "1", "100"])
THREADS = with_lwps(nb.attach_stop(10), 10, 11, 12)
CALL = [nb.entry(20, GETPID), nb.exit_(20, GETPID, 20)]


def after(stops: list[Scripted], calls: int = 0, seconds: float = 0, **how: object) -> Played:
    def started(loop: object) -> None:
        loop.stop_after(calls=calls, seconds=seconds)  # type: ignore[attr-defined]

    return play(stops, started=started, **how)


def last_asked(played: Played, pid: int) -> str:
    assert "kill" not in {what for what, _, _ in asked(played)}
    return [what for what, id, _ in asked(played) if id == pid][-1]


@STREAMS
def test_the_processes_go_as_a_whole(stream: int) -> None:
    """That which runs is stopped for it, and what comes before that is not reported."""
    stops = [THREADS, nb.attach_stop(20), *CALL, nb.entry(10, READ, lwp=11), nb.attach_stop(10)]
    played = after(stops, 1, attach=[10, 20], stream=stream)
    told = shown(played.events)
    assert told[-4:-2] == ["20/20 SyscallEntry getpid", "20/20 SyscallExit getpid 20"]
    assert sorted(told[-2:]) == ["10/0 Detached", "20/0 Detached"]
    assert [last_asked(played, pid) for pid in (10, 20)] == ["detach", "detach"]


@STREAMS
def test_a_command(stream: int) -> None:
    stops = [nb.exec_(10), nb.entry(10, GETPID), nb.exit_(10, GETPID, 10)]
    played = after(stops, 1, stream=stream)
    assert shown(played.events)[-2:] == ["10/10 SyscallExit getpid 10", "10/0 Detached"]
    assert last_asked(played, 10) == "detach"
    assert played.status is None


def test_a_child_that_is_made_meanwhile_goes_unannounced() -> None:
    more = [nb.related(10, nb.FORK, 30, lwp=11), nb.related(30, nb.FORK, 10), nb.attach_stop(10)]
    played = after([THREADS, nb.attach_stop(20), *CALL, *more], 1, attach=[10, 20])
    told = shown(played.events)
    assert not [line for line in told if "30" in line]
    assert sorted(told[-2:]) == ["10/0 Detached", "20/0 Detached"]
    assert last_asked(played, 30) == "detach"


def test_a_signal_that_comes_meanwhile_is_passed_on() -> None:
    more = [nb.signalled(10, SIGUSR1, 0, 77), nb.attach_stop(10)]
    played = after([THREADS, nb.attach_stop(20), *CALL, *more], 1, attach=[10, 20])
    assert not [line for line in shown(played.events) if "Stopped" in line]
    assert SIGUSR1 in {signo for _, id, signo in asked(played) if id == 10}


@STREAMS
def test_a_time(stream: int) -> None:
    stops = [nb.exec_(10), nb.entry(10, READ), s.interrupted(0.03), nb.attach_stop(10)]
    played = after(stops, seconds=0.02, stream=stream)
    assert shown(played.events)[-2:] == ["10/10 SyscallEntry read", "10/0 Detached"]
    assert last_asked(played, 10) == "detach"
