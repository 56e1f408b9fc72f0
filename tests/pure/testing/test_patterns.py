"""What agrees with what, and how far apart things are."""

from __future__ import annotations

import re
from typing import Any

import pytest
from made import exit_of, made_call, trace_of

import pypicotrace as pt
from pypicotrace.testing import ANY, at_least, at_most, bits, call, like, one_of, where
from pypicotrace.testing.patterns import Seen, agrees, distance, matches

AGREE = [
    (3, 3),
    (..., None),
    (ANY, b"x"),
    (-100, 0xFFFFFF9C),
    (-1, 2**64 - 1),
    (-3, -3),
    (one_of(1, at_least(5)), 1),
    (one_of(1, at_least(5)), 7),
    (at_least(2), 2),
    (at_most(2), 2),
    (bits(0x40), 0x41),
    (bits(0x40, off=1), 0x42),
    ("/etc/hosts", b"/etc/hosts"),
    ("/a/\udcff", b"/a/\xff"),
    (like("/etc/*"), b"/etc/a/b"),
    (re.compile("ho.ts$"), b"/etc/hosts"),
    (re.compile(b"^/etc"), b"/etc/hosts"),
    (where(lambda n: n % 2, "odd"), 3),
    ((1, ...), (1, 2, 3)),
    ((1, ...), (1,)),
    ((...,), ()),
    ((1, at_least(2)), (1, 2)),
    ((1, ..., 3), (1, 2, 3)),
]
DIFFER = [
    (3, 4),
    (0, None),
    (-100, 100),
    (-1, 2**32 - 2),
    (one_of(1, 2), 3),
    (at_least(2), 1),
    (at_least(2), None),
    (at_most(2), 3),
    (bits(0x40), 0x01),
    (bits(0x40, off=1), 0x41),
    ("/etc/hosts", b"/etc/hosts/"),
    (like("/etc/*"), b"/usr/etc/"),
    (like("*"), 5),
    (re.compile("^hosts"), b"/etc/hosts"),
    (re.compile(b"x"), "x"),
    (re.compile("x"), 5),
    ((1, 2), (1, 2, 3)),
    ((1, ...), (2, 3)),
    ((1, ..., 3), (1, 3)),
]


@pytest.mark.parametrize(("expected", "got"), AGREE)
def test_agree(expected: Any, got: Any) -> None:
    assert agrees(expected, got)


@pytest.mark.parametrize(("expected", "got"), DIFFER)
def test_differ(expected: Any, got: Any) -> None:
    assert not agrees(expected, got)


def test_matchers_are_shown_as_they_were_written() -> None:
    matchers = [ANY, one_of(1, "a"), at_least(1), at_most(2), bits(4), bits(4, off=8), like("x*")]
    shown = ["ANY", "one_of(1, 'a')", "at_least(1)", "at_most(2)", "bits(0x4)"]
    assert list(map(repr, matchers)) == [*shown, "bits(0x4, off=0x8)", "like('x*')"]
    assert repr(where(bool, "true")) == "true"


OPEN = exit_of("openat", 0xFFFFFF9C, 0x7000, 0x80000, 0, retval=3, path=b"/etc/hosts")
FAILED = exit_of("openat", 0xFFFFFF9C, 0x7000, 0, 0, error=2, path=b"/nowhere")
EXITED = Seen(pt.Exited(pid=7, lwp=0, program=b"a", seq=1, status=3))
CRASHED = Seen(pt.Crashed(pid=7, lwp=7, program=b"a", seq=1, signo=11, code=1, addr=0))


@pytest.mark.parametrize(
    ("pattern", "seen"),
    [
        (pt.Exited, EXITED),
        (pt.Exited(), EXITED),
        (pt.Exited(status=3), EXITED),
        (pt.Exited(status=at_least(1), pid=7), EXITED),
        (pt.Exited(program=b"a"), EXITED),
        (pt.Crashed(signo=11, addr=0), CRASHED),
        (call("openat"), OPEN),
        (call(re.compile("^open")), OPEN),
        (call(one_of("open", "openat")), OPEN),
        (call("openat", path="/etc/hosts", retval=3, error=0), OPEN),
        (call("openat", path=b"/etc/hosts", fd=-100), OPEN),
        (call("openat", path=0x7000), OPEN),
        (call("openat", path=like("*hosts"), flags=bits(0x80000)), OPEN),
        (call("openat", error="ENOENT", retval=None), FAILED),
        (call("openat", error=2), FAILED),
        (call("openat", error=at_least(1), pid=100, lwp=100), FAILED),
        (pt.SyscallExit(name="openat", args=(-100, ...)), OPEN),
    ],
)
def test_a_pattern_matches(pattern: Any, seen: Seen) -> None:
    assert matches(pattern, seen)


@pytest.mark.parametrize(
    ("pattern", "seen", "wrong"),
    [
        (pt.Exited(status=0, pid=7), EXITED, ["status: expected 0, got 3"]),
        (call("openat", path="/etc"), OPEN, ["path: expected '/etc', got b'/etc/hosts'"]),
        (call("openat", error=0), FAILED, ["error: expected 0, got 2"]),
        (call("openat", error="EACCES"), FAILED, ["error: expected 'EACCES', got 'ENOENT'"]),
        (
            call("openat", fd=5, flags=1, retval=3),
            OPEN,
            ["fd: expected 5, got 4294967196", "flags: expected 1, got 524288"],
        ),
    ],
)
def test_what_is_wrong(pattern: Any, seen: Seen, wrong: list[str]) -> None:
    found = distance(pattern, seen)
    assert found is not None
    assert found.wrong == wrong


@pytest.mark.parametrize(
    ("pattern", "seen"),
    [
        (pt.Signaled, EXITED),
        (pt.Exited(status=0), CRASHED),
        (pt.Stopped(signo=11), CRASHED),  # a Crashed is one in Python alone
        (pt.SyscallEntry(name="openat"), OPEN),
        (call("close"), OPEN),
        (call("openat"), EXITED),
    ],
)
def test_nothing_of_the_kind(pattern: Any, seen: Seen) -> None:
    assert distance(pattern, seen) is None


def test_a_call_is_its_exit_or_an_entry_without_one() -> None:
    whole = trace_of(made_call("getppid"))
    assert [matches(call("getppid"), seen) for seen in whole.seen] == [False, True]
    half = trace_of(made_call("getppid")[0])
    assert matches(call("getppid"), half.seen[0])
    found = distance(call("getppid", retval=0), half.seen[0])
    assert found is not None
    assert found.wrong == ["retval: expected 0, got nothing: the call did not return"]


@pytest.mark.parametrize("name", [ANY, re.compile("close|brk"), one_of("brk", "close")])
def test_of_several_calls_those_that_have_the_arguments(name: Any) -> None:
    trace = trace_of(made_call("brk", 3), made_call("close", 4), made_call("close", 3))
    [found] = trace.expect(call(name, fd=3))
    assert (found.name, found.args) == ("close", (3,))
    trace.expect_none(call(name, fd=5))


def test_mistakes_are_named() -> None:
    with pytest.raises(KeyError, match="no error 'ENOTHERE'"):
        call("openat", error="ENOTHERE")
    call("read", error="ERESTARTSYS")
    call("execve", error="EJUSTRETURN")
    with pytest.raises(KeyError, match=r"openat has no argument 'pathname' \(did you mean path"):
        call("openat", pathname="/")
    with pytest.raises(KeyError, match=r"no system call 'opennat' \(did you mean openat"):
        call("opennat")
    with pytest.raises(KeyError, match=r"an argument 'pathname' \(did you mean path"):
        call(re.compile("^open"), pathname="/")
    with pytest.raises(KeyError, match="has an argument 'fdd'"):
        call(ANY, fdd=3)
    empty = trace_of()
    with pytest.raises(KeyError, match=r"no system call 'opennat'"):
        empty.only("opennat")
    with pytest.raises(KeyError, match=r"no system call 'opennat'"):
        empty.calls("opennat")


def test_calls_of_any_system_may_be_named() -> None:
    """A test that is for several says what must not happen on each."""
    for name in ("kqueue", "epoll_wait", "posix_spawn", "clone3", "syscall_999", "syscall_-1"):
        trace_of().expect_none(call(name))
    assert trace_of().calls("kqueue") == []
