"""Which calls are wanted by how they have gone."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from pypicotrace import Mask
from pypicotrace import events as ev
from pypicotrace.choice import Choice, choose
from pypicotrace.results import Errors, errors, nanoseconds
from pypicotrace.testing import script as s
from pypicotrace.testing.script import play

GETPID, READ = 39, 0
ENOENT, EINTR, EACCES, ERESTARTSYS = 2, 4, 13, 512
RESULTS = [0, 5, -ENOENT, -EACCES, -ERESTARTSYS, -4095, -4096]


def shown(wanted: Any, slower_than_ns: int = 0, system: str = "linux") -> list[int]:
    """The results that are reported, of calls that have each of them."""
    calls = [stop for rax in RESULTS for stop in (s.entry(10, GETPID), s.exit_(10, rax))]
    played = play(
        [s.exec_(10), s.exit_(10, 0), *calls, s.exited(10, 0)],
        errors=errors(wanted, system),
        slower_than_ns=slower_than_ns,
        events=Mask.SCX,
    )
    exits = [event for event in played.events if isinstance(event, ev.SyscallExit)]
    assert len(exits) == len(played.events)
    return [-exit_.error if exit_.error else (exit_.retval or 0) for exit_ in exits]


@pytest.mark.parametrize(
    ("wanted", "results"),
    [
        (None, [*RESULTS[:-1], 2**64 - 4096]),
        (True, RESULTS[2:-1]),
        (False, [0, 5, 2**64 - 4096]),
        ({"ENOENT"}, [-ENOENT]),
        ({ENOENT}, [-ENOENT]),
        (["EACCES", ENOENT], [-ENOENT, -EACCES]),
        (("ERESTARTSYS",), [-ERESTARTSYS]),
        ({4095}, [-4095]),
        ({errno.EEXIST}, []),
        ([], []),
    ],
)
def test_by_error(wanted: Any, results: list[int]) -> None:
    assert shown(wanted) == results


def test_by_time() -> None:
    """What is played takes some time, and no hour."""
    assert len(shown(None, 1)) == len(RESULTS)
    assert shown(None, 3600 * 10**9) == []
    assert shown(True, 1) == RESULTS[2:-1]


def test_a_call_whose_beginning_was_not_seen_has_no_time() -> None:
    stops = [s.first_stop(10, pid=10), s.exit_(10, -EINTR, nr=READ), s.exited(10, 0)]
    played = play(stops, attach=[10], slower_than_ns=1)
    assert [type(event) for event in played.events] == [ev.Attached, ev.Exited]


@pytest.mark.parametrize(
    ("wanted", "system", "expected"),
    [
        ({"EAGAIN"}, "linux", {11}),
        ({"EWOULDBLOCK"}, "linux", {11}),
        ({"EWOULDBLOCK", "ENOTSUP"}, "netbsd", {35, 86}),
        ({"EJUSTRETURN", "ERESTART"}, "netbsd", {-2, -3}),
        ({-2}, "netbsd", {-2}),
        ({"ENOTSUP"}, "linux", {95}),
        (False, "linux", {0}),
        (False, "netbsd", {0, -2}),
    ],
)
def test_numbers(wanted: Any, system: str, expected: set[int]) -> None:
    assert errors(wanted, system) == Errors(frozenset(expected), False)


def test_what_is_no_failure() -> None:
    """EJUSTRETURN is what NetBSD says after an execve or a handler's return."""
    failed = errors(True, "netbsd")
    assert failed is not None
    assert failed.others
    assert not failed.numbers & {0, -2}
    assert -3 in failed.numbers


@pytest.mark.parametrize(
    ("wanted", "bits"),
    [
        (Errors(frozenset(), False), (b"\0", 0, 1)),
        (Errors(frozenset({0}), False), (b"\1", 0, 1)),
        (Errors(frozenset({2, 9}), True), (b"\4\2", 0, 10)),
        (Errors(frozenset({-3, 1}), True), (b"\x11", -3, 5)),
    ],
)
def test_bits(wanted: Errors, bits: tuple[bytes, int, int]) -> None:
    """0 has one in any case: success is no error without a name."""
    assert wanted.bits() == bits


@pytest.mark.parametrize(
    ("wanted", "error", "message"),
    [
        ("ENOENT", TypeError, "True, False, or a collection"),
        (2, TypeError, "True, False, or a collection"),
        ({"ENOENTT"}, ValueError, "no error 'ENOENTT' .did you mean ENOENT"),
        ({"enoent"}, ValueError, "no error 'enoent'"),
        ({0}, ValueError, "errors=False is for calls that have not failed"),
        ({-2}, ValueError, "-2 is not an error"),
        ({4096}, ValueError, "4096 is not an error"),
        ({True}, TypeError, "a name or an int, not bool"),
        ({1.5}, TypeError, "a name or an int, not float"),
        (5.0, TypeError, "not iterable"),
    ],
)
def test_what_is_no_error(wanted: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        errors(wanted, "linux")


@pytest.mark.parametrize(
    ("seconds", "ns"), [(None, 0), (0.1, 10**8), (1, 10**9), (1e-12, 1), (2.5e-9, 2)]
)
def test_time(seconds: float | None, ns: int) -> None:
    assert nanoseconds(seconds) == ns


@pytest.mark.parametrize("seconds", [0, -1, 0.0, float("nan"), float("inf"), 1e10])
def test_what_is_no_time(seconds: float) -> None:
    with pytest.raises(ValueError, match="a number of seconds above 0"):
        nanoseconds(seconds)


@pytest.mark.parametrize("seconds", ["1", True, {}])
def test_what_is_no_number(seconds: Any) -> None:
    with pytest.raises(TypeError, match="slower_than is a number of seconds"):
        nanoseconds(seconds)


def chosen(events: Mask, **options: Any) -> Choice:
    given = {"syscalls": None, "errors": None, "slower_than": None, "whole_results": True}
    return choose(events=events, follow=False, **{**given, **options})


@pytest.mark.parametrize(
    "how", [{"errors": True}, {"errors": False}, {"errors": [2]}, {"slower_than": 0.5}]
)
def test_there_is_no_entry_of_such_a_call(how: dict[str, Any]) -> None:
    assert chosen(Mask.ALL, **how).events == Mask.ALL & ~Mask.SCE
    assert chosen(Mask.SCX, **how).events == Mask.SCX
    assert chosen(Mask.SIGNAL, **how).events == Mask.SIGNAL
    with pytest.raises(ValueError, match="ask for SCX events"):
        chosen(Mask.SCE | Mask.EXEC, **how)
