"""What is expected of a trace, and what is said where it is not so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from made import ROOT, made_call, trace_of

import pypicotrace as pt
from pypicotrace.testing import ANY, Mismatch, Trace, call, like

CHILD = 101


@pytest.fixture
def trace() -> Trace:
    return trace_of(
        pt.Exec(),
        made_call("openat", 0xFFFFFF9C, 0x7000, 0, 0, retval=3, path=b"/etc/hosts"),
        made_call("close", 3),
        pt.Forked(child=CHILD),
        made_call("openat", 0xFFFFFF9C, 0x7010, 0, 0, lwp=CHILD, error=2, path=b"/nowhere"),
        made_call("close", 4, error=9),
        pt.Exited(pid=CHILD, lwp=0, status=1),
        made_call("exit_group")[0],
        pt.Exited(lwp=0, status=0),
    )


OPEN, CLOSE = call("openat"), call("close")
HOLDS: list[Callable[[Trace], Any]] = [
    lambda t: t.expect(),
    lambda t: t.expect(OPEN, CLOSE, pt.Forked(child=CHILD), pt.Exited),
    lambda t: t.expect(pt.Exec, ..., CLOSE, CLOSE),
    lambda t: t.expect(pt.Forked(pid=t.root), ...).then(pt.Exited(status=0)),
    lambda t: t.expect(pt.Exited).then(pt.Exited),
    lambda t: t.expect(call("exit_group")),
    lambda t: t.expect(OPEN, times=2),
    lambda t: t.expect(OPEN, at_least=1),
    lambda t: t.expect(OPEN, at_most=2),
    lambda t: t.expect(call("fork"), times=0),
    lambda t: t.expect(call("openat", error="ENOENT"), at_least=1, at_most=3),
    lambda t: t.expect_any_order(pt.Exited(status=0), CLOSE, OPEN),
    # The first pattern must leave the only close of 4 to the second.
    lambda t: t.expect_any_order(CLOSE, call("close", fd=4)),
    lambda t: t.expect_any_order(call("close", fd=4), CLOSE),
    lambda t: t.expect_none(call("fork"), pt.Signaled, call("close", fd=5)),
    lambda t: t.only("close").expect_exactly(call("close", fd=3), call("close", fd=4)),
    lambda t: t.only(pt.Exited).expect_exactly(pt.Exited(status=1), pt.Exited(status=0)),
    lambda t: t.only("openat", pt.Exited(pid=CHILD)).expect_exactly(OPEN, OPEN, pt.Exited),
    lambda t: t.only().expect_exactly(),
    lambda t: t.only("%file", "/^exit/").expect_exactly(OPEN, OPEN, call("exit_group")),
    lambda t: t.only("%desc").expect_exactly(OPEN, CLOSE, OPEN, CLOSE),
    lambda t: t.only("%network").expect_exactly(),
    lambda t: t.process(CHILD).expect(OPEN, pt.Exited),
    lambda t: t.process(CHILD).expect_none(CLOSE),
    lambda t: t.lwp(CHILD).only("openat").expect_exactly(call("openat", path="/nowhere")),
]


@pytest.mark.parametrize("expect", HOLDS)
def test_it_holds(trace: Trace, expect: Callable[[Trace], Any]) -> None:
    expect(trace)


FAILS: list[tuple[Callable[[Trace], Any], list[str]]] = [
    (
        lambda t: t.expect(CLOSE, OPEN, OPEN),
        [
            "openat(...) did not happen after #8 101: openat(fd=-100, path=b'/nowhere', ",
            "  expected, in this order:",
            "    close(...)   found: #5 close(fd=3) = 0",
            "  > openat(...)   not found",
            "nearest: #3 100: openat(fd=-100, path=b'/etc/hosts', flags=0, mode=0) = 3"
            "  (but too early)",
            "  - openat(...)",
        ],
    ),
    (
        lambda t: t.expect(call("close", fd=5, error=0)),
        [
            "close(fd=5) error=0 did not happen",
            "nearest: #5 100: close(fd=3) = 0  (1 of 2 agree)",
            "         fd: expected 5, got 3",
            "nearest: #10 100: close(fd=4) = error EBADF  (0 of 2 agree)",
            "         error: expected 0, got 9",
            "  - close(fd=5) error=0",
            "  + #5 100: close(fd=3) = 0",
        ],
    ),
    (
        lambda t: t.expect(call("socket")),
        ["no call of that name was made; those that were: close, exit_group, openat"],
    ),
    (
        lambda t: t.expect(pt.Signaled(signo=9)),
        ["there is no such event; there are: Exec, Exited, Forked, SyscallEntry, SyscallExit"],
    ),
    (
        lambda t: t.expect(pt.Exited(status=0)).then(CLOSE),
        ["close(...) did not happen after #13 100: Exited 0"],
    ),
    (
        lambda t: t.expect(OPEN, at_most=1),
        ["openat(...) happened twice, not at most once", "  + #3 100: openat", "  + #8 101: open"],
    ),
    (lambda t: t.expect(OPEN, times=0), ["openat(...) happened twice, and was not to"]),
    (lambda t: t.expect(OPEN, at_most=0), ["openat(...) happened twice, and was not to"]),
    (
        lambda t: t.expect(call(ANY, buf=b"x")),
        ["no such call was made; those that were: close, exit_group, openat"],
    ),
    (lambda t: t.expect(OPEN, times=3), ["openat(...) happened twice, not 3 times", "nearest: #3"]),
    (
        lambda t: t.expect(call("mmap"), at_least=1, at_most=2),
        ["mmap(...) happened not at all, not at least once and at most twice"],
    ),
    (
        lambda t: t.expect_any_order(CLOSE, CLOSE, CLOSE),
        [
            "close(...) did not happen once more than it is expected by others",
            "expected, in any order:",
        ],
    ),
    (
        lambda t: t.expect_none(pt.Signaled, call("openat", path=like("/etc/*"))),
        [
            "openat(path=like('/etc/*')) happened, and was not to: #3 100: openat",
            "  + #3 100: openat(fd=-100, path=b'/etc/hosts', flags=0, mode=0) = 3",
        ],
    ),
    (
        lambda t: t.only("close").expect_exactly(call("close", fd=3)),
        ["more happened than was expected: close(fd=4) = error EBADF", "  + #10 100: close(fd=4)"],
    ),
    (
        lambda t: t.only("close").expect_exactly(CLOSE, CLOSE, pt.Exited(status=0)),
        ["in place of Exited(status=0) there is the end of the trace"],
    ),
    (
        lambda t: t.only("close").expect_exactly(call("close", fd=4), CLOSE),
        ["in place of close(fd=4) there is #5 100: close(fd=3) = 0", "fd: expected 4, got 3"],
    ),
    (lambda t: t.process(5).expect(OPEN), ["the trace is empty: nothing happened, or nothing of"]),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "said"), FAILS)
def test_it_fails_and_says_what_happened_instead(
    trace: Trace, expect: Callable[[Trace], Any], said: list[str]
) -> None:
    with pytest.raises(Mismatch) as mismatch:
        expect(trace)
    message = str(mismatch.value)
    for words in said:
        assert words in message, message


def test_a_whole_message(trace: Trace) -> None:
    with pytest.raises(Mismatch) as mismatch:
        trace.expect(pt.Forked, call("close", fd=3))
    assert str(mismatch.value).splitlines() == [
        "close(fd=3) did not happen after #6 100: Forked child=101",
        "  expected, in this order:",
        "    Forked()   found: #6 Forked child=101",
        "  > close(fd=3)   not found",
        "nearest: #5 100: close(fd=3) = 0  (1 of 1 agree, but too early)",
        "nearest: #10 100: close(fd=4) = error EBADF  (0 of 1 agree)",
        "         fd: expected 3, got 4",
        "the trace there:",
        "    ... 1 before",
        "    #3 100: openat(fd=-100, path=b'/etc/hosts', flags=0, mode=0) = 3",
        "    #5 100: close(fd=3) = 0",
        "    #6 100: Forked child=101",
        "    #8 101: openat(fd=-100, path=b'/nowhere', flags=0, mode=0) = error ENOENT",
        "  - close(fd=3)",
        "  + #10 100: close(fd=4) = error EBADF",
        "    #11 101: Exited 1",
        "    #12 100: exit_group() ...",
        "    #13 100: Exited 0",
    ]


def test_what_looks_alike_is_nearer() -> None:
    paths = [b"/etc/ld.so.cache", b"/lib/libc.so.6", b"/etc/hostname", b"/usr/share/locale"]
    opened = [made_call("openat", 0, 0, 0, 0, retval=3, path=path) for path in paths]
    with pytest.raises(Mismatch) as caught:
        trace_of(pt.Exec(), *opened).expect(call("openat", path="/etc/hostnam", error=0))
    nearest = [line for line in str(caught.value).splitlines() if line.startswith("nearest")]
    assert "b'/etc/hostname'" in nearest[0]


def test_what_was_found(trace: Trace) -> None:
    found = trace.expect(pt.Forked, pt.Exited)
    assert [type(event) for event in found] == [pt.Forked, pt.Exited]
    assert found[0].child == CHILD
    assert found[-1].pid == CHILD
    assert len(found[:1]) == 1
    assert [event.seq for event in trace.expect(CLOSE, times=2)] == [5, 10]


def test_mistakes_of_the_test_itself(trace: Trace) -> None:
    with pytest.raises(TypeError, match="count one pattern"):
        trace.expect(OPEN, CLOSE, times=2)
    with pytest.raises(TypeError, match="count one pattern"):
        trace.expect(OPEN, times=2, at_most=3)
    with pytest.raises(ValueError, match="'%files' is not a class of system calls; there are %f"):
        trace.only("%files")
    with pytest.raises(ValueError, match=r"'/\(/' is no regular expression: missing \)"):
        trace.calls("/(/")
    with pytest.raises(ValueError, match="say what is to be looked at"):
        trace.expect_exactly(OPEN)


@pytest.mark.parametrize("nothing", ["openat", 5, None, int, pt.Event, pt.Event(pid=1), pt.ALL])
@pytest.mark.parametrize(
    "expect",
    [
        lambda t, it: t.expect(it, at_most=3),
        lambda t, it: t.expect(OPEN).then(it),
        lambda t, it: t.expect_any_order(OPEN, it),
        lambda t, it: t.expect_none(it),
        lambda t, it: t.only("openat").expect_exactly(it),
    ],
)
def test_what_no_event_is_like_is_no_pattern(
    trace: Trace, expect: Callable[[Trace, Any], object], nothing: Any
) -> None:
    """It would never happen, as might be just what is expected of it."""
    with pytest.raises(TypeError, match="is no event, no class of events and no call"):
        expect(trace, nothing)


def test_other_things_that_are_no_patterns(trace: Trace) -> None:
    with pytest.raises(TypeError, match=r": call\('openat'\) is a system call"):
        trace.expect("openat")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="5 is no event"):
        trace.only("openat", 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Ellipsis is no event"):
        trace.expect_none(...)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bounds", "error"),
    [
        ({"times": -1}, ValueError),
        ({"at_most": -1}, ValueError),
        ({"at_least": -1}, ValueError),
        ({"at_least": 3, "at_most": 2}, ValueError),
        ({"times": "2"}, TypeError),
        ({"at_most": 1.5}, TypeError),
        ({"times": True}, TypeError),
    ],
)
def test_bounds_that_are_none(trace: Trace, bounds: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"can happen|is an int"):
        trace.expect(OPEN, **bounds)


def test_parts_of_a_trace(trace: Trace) -> None:
    assert trace.pids == [ROOT, CHILD]
    assert trace.lwps == [ROOT, CHILD]
    assert trace.process(CHILD).lwps == [CHILD]
    assert len(trace.events) == len(trace) == 13
    assert repr(trace) == "<Trace of 100: 13 events, no end>"
    assert str(trace.process(CHILD)).splitlines()[-1] == "#11 101: Exited 1"
    opened, failed = trace.calls("openat")
    assert (opened.strings, opened.retval, opened.error) == ({"path": b"/etc/hosts"}, 3, 0)
    assert (opened.args["fd"], opened.returned) == (0xFFFFFF9C, True)
    assert (failed.pid, failed.retval, failed.error) == (CHILD, None, 2)
    [last] = trace.calls("exit_group")
    assert (last.returned, last.retval, last.error, last.exit) == (False, None, None, None)
    assert [made.pid for made in trace.calls("/^open/")] == [ROOT, CHILD]
    assert [made.name for made in trace.calls("%file")] == ["openat", "openat"]
    assert [made.name for made in trace.calls()] == [
        *("openat", "close", "openat", "close", "exit_group")
    ]


def test_an_exit_without_its_entry() -> None:
    exits = trace_of(made_call("close", 3)).events[1:]
    [made] = Trace([*trace_of().seen, *(trace_of(made_call("close", 3)).seen[1:])]).calls()
    assert (made.entry, made.exit, made.args) == (None, exits[0], {"fd": 3})


def test_the_tree() -> None:
    trace = trace_of(
        pt.Exec(program=b"make"),
        pt.Vforked(child=CHILD, program=b"make"),
        pt.Exec(pid=CHILD, lwp=CHILD, program=b"cc"),
        pt.Forked(pid=CHILD, lwp=CHILD, child=102, program=b"cc"),
        pt.LwpCreated(pid=102, lwp=105, program=b"ld"),
        pt.Signaled(pid=102, lwp=0, signo=9, core=False, program=b"ld"),
        pt.Exited(pid=CHILD, lwp=0, status=1, program=b"cc"),
        pt.Spawned(child=103, program=b"make"),
    )
    assert str(trace.tree()).splitlines() == [
        "100 make",
        "  vfork: 101 cc, exited 1",
        "    fork: 102 ld, killed 9",
        "  spawn: 103 make",
    ]
