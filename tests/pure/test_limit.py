"""A loop lets go of everything after so many calls, or a time: on scripts."""

from __future__ import annotations

from typing import Any

import pytest
from test_linux_loop import GETPID, READ, shown

import pypicotrace as pt
from pypicotrace.testing import script as s
from pypicotrace.testing.script import Played, play
from pypicotrace.text import Text

STREAMS = pytest.mark.parametrize("stream", [0, 1, 2, 100], ids=["stop", "1", "2", "100"])
START = [s.exec_(10), s.exit_(10, 0)]
CALL = [s.entry(10, GETPID), s.exit_(10, 10)]
OTHER = [s.made(10, s.EVENT_FORK, 20), s.first_stop(20, pid=20, parent=10)]
SHOWN = ["10 SyscallEntry getpid", "10 SyscallExit getpid 10"]


def after(stops: list[s.Scripted], calls: int = 0, seconds: float = 0, **how: Any) -> Played:
    return play(stops, started=lambda it: it.stop_after(calls=calls, seconds=seconds), **how)


def last_asked(played: Played, lwp: int) -> str:
    assert "kill" not in {request.asked for request in played.requests}
    return [request.asked for request in played.requests if request.lwp == lwp][-1]


@STREAMS
@pytest.mark.parametrize("calls", [1, 2, 3])
def test_so_many_calls(stream: int, calls: int) -> None:
    """Each with its entry; then the process is let go where it stands, and the loop ends."""
    played = after([*START, *CALL * calls], calls, stream=stream)
    assert shown(played.events) == ["10 Exec", *SHOWN * calls, "0 Detached"]
    assert last_asked(played, 10) == "detach"
    assert played.status is None


def test_entries_where_those_alone_are_wanted() -> None:
    played = after([*START, *CALL, *CALL[:1]], 2, events=pt.SCE | pt.EXIT | pt.ATTACH)
    assert shown(played.events) == [*SHOWN[:1] * 2, "0 Detached"]


def test_those_that_are_shown_count() -> None:
    stops = [*START, *CALL, s.entry(10, READ), s.exit_(10, 0)]
    played = after(stops, 1, syscalls=["read"])
    assert shown(played.events)[1:] == [
        "10 SyscallEntry read",
        "10 SyscallExit read 0",
        "0 Detached",
    ]


@STREAMS
def test_another_process_goes_from_its_own_stop(stream: int) -> None:
    """What that is, is not reported."""
    stops = [*START, *OTHER, *CALL, s.signalled(20, 10)]
    played = after(stops, 1, stream=stream)
    assert shown(played.events)[1:] == ["10 Forked 20", *SHOWN, "0 Detached", "0 Detached"]
    assert [last_asked(played, pid) for pid in (10, 20)] == ["detach", "detach"]


@pytest.mark.parametrize("order", [1, -1], ids=["parent first", "child first"])
def test_a_child_that_is_made_meanwhile_goes_unannounced(order: int) -> None:
    more = [s.made(20, s.EVENT_FORK, 30), s.first_stop(30, pid=30, parent=20)]
    played = after([*START, *OTHER, *CALL, *more[::order]], 1)
    assert shown(played.events)[4:] == ["0 Detached", "0 Detached"]
    assert {e.pid for e in played.events[4:]} == {10, 20}
    assert [last_asked(played, pid) for pid in (10, 20, 30)] == ["detach"] * 3


def test_one_that_ends_before_it_can_go_says_how() -> None:
    played = after([*START, *OTHER, *CALL, s.exited(20, 3)], 1)
    assert shown(played.events)[4:] == ["0 Detached", "0 Exited 3"]


@STREAMS
def test_a_time(stream: int) -> None:
    """It comes while nothing happens; the stop that was asked for is let go from."""
    stops = [*START, *CALL, s.interrupted(0.03), s.first_stop(10)]
    played = after(stops, seconds=0.02, stream=stream)
    assert shown(played.events) == ["10 Exec", *SHOWN, "0 Detached"]
    assert last_asked(played, 10) == "detach"


def test_what_comes_too_late_is_not_recorded() -> None:
    played = after([*START, *CALL], seconds=1e-9)
    assert shown(played.events) == ["0 Detached"]


def test_what_comes_first() -> None:
    played = after([*START, *CALL * 2], 2, seconds=1000)
    assert shown(played.events) == ["10 Exec", *SHOWN * 2, "0 Detached"]


def test_text() -> None:
    text = after([*START, *CALL], 1, text=Text.PLAIN).text
    events = [line.split()[3] for line in text.decode().splitlines()]
    assert events == ["EXEC", "SCE", "SCX", "DETACHED"]


def test_an_attached_process() -> None:
    played = after([s.first_stop(10, pid=10), *CALL], 1, attach=[10])
    assert shown(played.events) == ["10 Attached", *SHOWN, "0 Detached"]


def test_the_loop_says_whether_it_has_come() -> None:
    told: list[bool] = []
    loops: list[pt.Loop] = []

    def started(loop: pt.Loop) -> None:
        loops.append(loop)
        loop.stop_after(calls=1)

    play([*START, *CALL], started=started, body=lambda _: told.append(loops[0].stopped))
    assert told == [False, False, True, True]
    assert loops[0].stopped


def test_a_later_one_takes_the_place_of_the_former() -> None:
    def started(loop: pt.Loop) -> None:
        loop.stop_after(calls=1)
        loop.stop_after()

    played = play([*START, *CALL, s.exited(10, 0)], started=started)
    assert shown(played.events) == ["10 Exec", *SHOWN, "0 Exited 0"]


def test_a_program_with_a_filter_cannot_be_let_go() -> None:
    def started(loop: pt.Loop) -> None:
        with pytest.raises(pt.Unsupported, match="filter in the kernel"):
            loop.stop_after(calls=1)

    play([*START, s.exited(10, 0)], syscalls=["getpid"], kernel_filter=True, started=started)


@pytest.mark.parametrize(
    ("calls", "seconds", "events"),
    [
        (-1, 0, pt.ALL),
        (0, -1, pt.ALL),
        (0, 1e10, pt.ALL),
        (0, float("nan"), pt.ALL),
        (1, 0, pt.EXEC),
    ],
)
def test_what_makes_no_sense(calls: int, seconds: float, events: pt.Mask) -> None:
    def started(loop: pt.Loop) -> None:
        with pytest.raises(ValueError, match=r"can be waited for|no call is reported"):
            loop.stop_after(calls=calls, seconds=seconds)

    play([*START, s.exited(10, 0)], events=events, started=started)
