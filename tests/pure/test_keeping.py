"""Who is traced on after an execve, by a function of the loop's user: on scripts."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from test_linux_loop import EXECVE, FORK, GETPID, shown

from pypicotrace import events as ev
from pypicotrace.kinds import Mask
from pypicotrace.testing import netbsd as nb
from pypicotrace.testing import script as s
from pypicotrace.testing.script import Played, play
from pypicotrace.text import Text

FIRST = s.exec_(10, path=b"/bin/sh", argv=[b"sh", b"", b"a b"])
SECOND = s.exec_(10, path=b"/bin/ls", argv=[b"ls"])
EXECS = [FIRST, s.exit_(10, 0), s.entry(10, EXECVE), SECOND]
MODES = pytest.mark.parametrize("stream", [0, 1, 2, 100], ids=["stop", "1", "2", "100"])


class Asked:
    """Answers in turn, and has noted the questions."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[bytes, list[bytes]]] = []

    def __call__(self, path: bytes, argv: list[bytes]) -> object:
        self.asked.append((path, argv))
        return self.answers.pop(0)


def asked_last(played: Played, lwp: int) -> str:
    return [request.asked for request in played.requests if request.lwp == lwp][-1]


@MODES
def test_each_image_is_asked_about_once(stream: int) -> None:
    keep = Asked(True, 1)
    stops = [*EXECS, s.exit_(10, 0), s.exited(10, 0)]
    events = shown(play(stops, keep=keep, stream=stream).events)
    assert keep.asked == [(b"/bin/sh", [b"sh", b"", b"a b"]), (b"/bin/ls", [b"ls"])]
    assert events == [
        "10 Exec",
        "10 SyscallEntry execve",
        "10 Exec",
        "10 SyscallExit execve 0",
        "0 Exited 0",
    ]


@MODES
@pytest.mark.parametrize("no", [False, None, 0])
def test_one_that_is_not_wanted_is_let_go_after_its_exec(stream: int, no: object) -> None:
    played = play(EXECS, keep=Asked(True, no), stream=stream)
    assert shown(played.events)[1:] == ["10 SyscallEntry execve", "10 Exec", "0 Detached"]
    assert asked_last(played, 10) == "detach"
    assert played.status is None


@MODES
def test_the_first_image_is_asked_about_too(stream: int) -> None:
    played = play([FIRST], keep=Asked(False), stream=stream)
    assert shown(played.events) == ["10 Exec", "0 Detached"]
    assert asked_last(played, 10) == "detach"


def test_in_a_run_to_text() -> None:
    text = play(EXECS, keep=Asked(True, False), text=Text.PLAIN).text
    words = [line.split()[3] for line in text.decode().splitlines()]
    assert words == ["EXEC", "SCE", "EXEC", "DETACHED"]


def test_whether_or_not_an_exec_is_to_be_seen() -> None:
    keep = Asked(True, False)
    assert shown(play(EXECS, keep=keep, events=Mask.ATTACH).events) == ["0 Detached"]
    assert len(keep.asked) == 2


def test_an_execve_by_a_later_lwp() -> None:
    stops = [FIRST, s.exit_(10, 0), s.made(10, s.EVENT_CLONE, 11, owned=True), s.first_stop(11)]
    stops += [s.entry(11, EXECVE), replace(SECOND, state=11), s.exit_(10, 0), s.exited(10, 0)]
    keep = Asked(True, True)
    events = play(stops, keep=keep).events
    assert shown(events)[2:] == [
        "11 SyscallEntry execve",
        "10 Exec from 11",
        "10 SyscallExit execve 0",
        "0 Exited 0",
    ]
    exit_ = events[-2]
    assert isinstance(exit_, ev.SyscallExit)
    assert exit_.enter_seq == events[2].seq
    assert len(keep.asked) == 2


def test_others_go_on() -> None:
    stops = [FIRST, s.entry(10, FORK), s.made(10, s.EVENT_FORK, 20), s.first_stop(20)]
    stops += [s.exec_(20), s.exit_(10, 20), s.entry(10, GETPID), s.exited(10, 0)]
    events = play(stops, keep=Asked(True, False)).events
    assert shown(events)[2:] == [
        "10 Forked 20",
        "20 Exec",
        "0 Detached",
        "10 SyscallExit fork 20",
        "10 SyscallEntry getpid",
        "0 Exited 0",
    ]


def test_one_that_is_killed_while_it_is_asked_about() -> None:
    stops = [*EXECS[:3], s.refusing(SECOND, 3), s.killed(10, 9)]
    keep = Asked(True)
    assert shown(play(stops, keep=keep).events)[-1] == "0 Signaled 9"


class Stupid(Exception):
    pass


@MODES
@pytest.mark.parametrize("text", [None, Text.PLAIN])
def test_what_it_raises_comes_out_of_the_iteration(stream: int, text: Text | None) -> None:
    def keep(path: bytes, argv: Sequence[bytes]) -> bool:
        raise Stupid(path)

    with pytest.raises(Stupid, match="/bin/sh"):
        play([FIRST, s.killed(10, 9)], keep=keep, stream=stream, text=text)


def test_it_is_asked_again_where_the_loop_goes_on_all_the_same() -> None:
    seen = 0

    def keep(path: bytes, argv: Sequence[bytes]) -> bool:
        nonlocal seen
        seen += 1
        if seen == 1:
            raise Stupid
        return True

    def started(loop: object) -> None:
        with pytest.raises(Stupid):
            next(iter(loop))  # type: ignore[call-overload]

    played = play([FIRST, s.exit_(10, 0), s.exited(10, 0)], keep=keep, started=started)
    assert shown(played.events) == ["10 Exec", "0 Exited 0"]
    assert seen == 2


def test_a_process_that_is_to_go_anyway_is_not_asked_about() -> None:
    keep = Asked()
    played = play([FIRST], keep=keep, started=lambda loop: loop.detach(10))
    assert shown(played.events) == ["10 Exec", "0 Detached"]
    assert keep.asked == []


@pytest.mark.parametrize("answer", [True, False])
@MODES
def test_netbsd(stream: int, answer: bool) -> None:
    second = replace(nb.exec_(10, lwp=11), path=b"/bin/ls", argv=[b"ls", b"-l"])
    stops = [nb.exec_(10), nb.lwp_created(10, 11), nb.entry(10, 59, lwp=11), second]
    stops += [s.exited(10, 3)] if answer else []
    keep = Asked(True, answer)
    played = play(stops, os="netbsd", keep=keep, stream=stream)
    assert keep.asked == [(b"", []), (b"/bin/ls", [b"ls", b"-l"])]
    assert [type(event) for event in played.events[3:]] == [
        ev.Exec,
        ev.Exited if answer else ev.Detached,
    ]
    assert asked_last(played, 10) == ("resume" if answer else "detach")
