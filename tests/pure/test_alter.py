"""What a loop's body does to a stopped LWP, on scripts: what is asked of the kernel, and when."""

from collections.abc import Callable
from typing import Any

import pytest

from pypicotrace import events as ev
from pypicotrace.testing import script as s
from pypicotrace.testing.script import Request, play

GETPID = 39
SIGUSR1, SIGSEGV, SIGUSR2, SIGCHLD, SIGSTOP = 10, 11, 12, 17, 19
SI_QUEUE = -1

START = [s.exec_(10), s.exit_(10, 0)]


def on(kind: type[ev.Event], do: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda event: do(event.stop) if type(event) is kind else None


def passed_on(requests: list[Request]) -> list[int]:
    return [request.signo for request in requests if request.asked == "resume" and request.signo]


def test_a_signal_is_sent_at_an_event_that_is_none() -> None:
    stops = [*START, s.entry(10, GETPID), s.exit_(10, 10), s.exited(10, 0)]
    played = play(stops, body=on(ev.SyscallEntry, lambda stop: stop.signal(SIGUSR1)))
    assert played.requests.count(Request("send", 10, 0, SIGUSR1)) == 1
    assert passed_on(played.requests) == []


@pytest.mark.parametrize("signo", [SIGUSR2, 64])
def test_a_signal_takes_the_place_of_the_one_that_arrives(signo: int) -> None:
    stops = [*START, s.signalled(10, SIGUSR1), s.entry(10, GETPID), s.exited(10, 0)]
    played = play(stops, body=on(ev.Stopped, lambda stop: stop.signal(signo)))
    assert passed_on(played.requests) == [signo]
    assert [e.signo for e in played.events if isinstance(e, ev.Stopped)] == [SIGUSR1]


def test_a_signal_is_suppressed_once() -> None:
    stops = [*START, s.signalled(10, SIGUSR1), s.signalled(10, SIGUSR2), s.exited(10, 0)]
    first = iter([True])
    played = play(stops, body=on(ev.Stopped, lambda stop: next(first, False) and stop.suppress()))
    assert passed_on(played.requests) == [SIGUSR2]


@pytest.mark.parametrize("stops_it", [True, False])
def test_what_is_delivered_says_whether_the_process_stops(stops_it: bool) -> None:
    """A group stop that comes with no signal of its own is one of before, and is not continued."""
    arrives, instead = (SIGUSR1, SIGSTOP) if stops_it else (SIGSTOP, SIGUSR1)
    stops = [*START, s.signalled(10, arrives), s.group_stop(10), s.first_stop(10)]
    played = play([*stops, s.exited(10, 0)], body=on(ev.Stopped, lambda stop: stop.signal(instead)))
    assert len([e for e in played.events if isinstance(e, ev.Continued)]) == stops_it


def test_siginfo_is_the_events_with_what_was_changed() -> None:
    stops = [*START, s.signalled(10, SIGUSR1, SI_QUEUE, 77, 1000), s.exited(10, 0)]

    def body(stop: Any) -> None:
        stop.set_siginfo(sender=78)
        stop.set_siginfo(value=-1)

    played = play(stops, body=on(ev.Stopped, body))
    asked = [r for r in played.requests if r.asked == "siginfo"]
    assert asked == [
        Request("siginfo", 10, 0, SIGUSR1, (SI_QUEUE, 0, 78, 1000, 0, 0, 0)),
        Request("siginfo", 10, 0, SIGUSR1, (SI_QUEUE, 0, 78, 1000, 0, 2**64 - 1, 0)),
    ]


def test_siginfo_of_a_fault() -> None:
    stops = [*START, s.faulted(10, SIGSEGV, 1, 16), s.exited(10, 0)]
    played = play(stops, body=on(ev.Crashed, lambda stop: stop.set_siginfo(addr=2**63, code=2)))
    [asked] = [r for r in played.requests if r.asked == "siginfo"]
    assert asked.about == (2, 0, 0, 0, 2**63, 0, 0)


def test_siginfo_of_a_signal_that_takes_anothers_place_has_its_number() -> None:
    stops = [*START, s.signalled(10, SIGUSR1, SI_QUEUE, 77), s.exited(10, 0)]

    def body(stop: Any) -> None:
        stop.signal(SIGCHLD)
        stop.set_siginfo(code=1, status=3)
        stop.suppress()
        with pytest.raises(ValueError, match="suppressed"):
            stop.set_siginfo(code=1)

    played = play(stops, body=on(ev.Stopped, body))
    [asked] = [r for r in played.requests if r.asked == "siginfo"]
    assert asked == Request("siginfo", 10, 0, SIGCHLD, (1, 0, 77, 0, 0, 0, 3))
    assert passed_on(played.requests) == []
