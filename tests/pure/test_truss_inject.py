"""picotrace-truss -e inject=: what it means, and what is done to which calls."""

from __future__ import annotations

from typing import Any

import pytest

import pypicotrace as pt
from pypicotrace import syscalls
from pypicotrace.tools.frame import Failure
from pypicotrace.tools.truss.arguments import arguments
from pypicotrace.tools.truss.inject import Injection, Injector, When, injection

ABI = "linux-x86_64"
TABLE = syscalls.load(ABI)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("open,close:error=EACCES", Injection(["open", "close"], error="EACCES")),
        ("open:error=13", Injection(["open"], error="13")),
        ("open:retval=0x10", Injection(["open"], retval=16)),
        ("open:signal=usr1", Injection(["open"], signal="SIGUSR1")),
        ("open:delay=2500", Injection(["open"], enter=0.0025)),
        ("open:delay_exit=2s", Injection(["open"], leave=2.0)),
        ("open:error=EIO:when=2", Injection(["open"], error="EIO", when=When(2, 0, 0))),
        ("open:error=EIO:when=2+", Injection(["open"], error="EIO", when=When(2, 0, 1))),
        ("open:error=EIO:when=2+3", Injection(["open"], error="EIO", when=When(2, 0, 3))),
        ("open:error=EIO:when=2..5", Injection(["open"], error="EIO", when=When(2, 5, 1))),
        ("open:error=EIO:when=2..9+3", Injection(["open"], error="EIO", when=When(2, 9, 3))),
    ],
)
def test_words(text: str, made: Injection) -> None:
    assert injection(text) == made


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("open", "say what"),
        ("open:when=1", "say what"),
        ("open:eror=EIO", "eror=EIO: there are error="),
        ("open:error", "error: there are error="),
        ("open:error=ENOTHING", "no such error"),
        ("open:error=0", "no such error"),
        ("open:error=EIO:retval=1", "not both"),
        ("open:retval=-1", "give a number from 0"),
        ("open:retval=x", "give a number from 0"),
        ("open:signal=NO", "no such signal"),
        ("open:delay=0", "a delay is"),
        ("open:delay=1h", "a delay is"),
        ("open:error=EIO:when=0", "give FIRST"),
        ("open:error=EIO:when=1+0", "give FIRST"),
        ("open:error=EIO:when=+2", "give FIRST"),
        # More digits than int() takes.
        (f"open:error={'9' * 5000}", "no such error"),
        (f"open:retval={'9' * 5000}", "give a number from 0"),
        (f"open:delay={'9' * 5000}", "a delay is"),
        (f"open:error=EIO:when={'9' * 5000}", "give FIRST"),
        (f"open:error=EIO:when=1..{'9' * 5000}", "give FIRST"),
        (f"open:error=EIO:when=1+{'9' * 5000}", "give FIRST"),
    ],
)
def test_words_that_make_no_sense(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        injection(text)
    with pytest.raises(Failure, match=says):
        arguments(["-e", f"inject={text}", "x"])


@pytest.mark.parametrize(
    ("when", "meant"),
    [
        (When(), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (When(3, 0, 0), [3]),
        (When(3, 0, 1), [3, 4, 5, 6, 7, 8, 9]),
        (When(2, 0, 3), [2, 5, 8]),
        (When(2, 5, 1), [2, 3, 4, 5]),
        (When(2, 7, 3), [2, 5]),
    ],
)
def test_when(when: When, meant: list[int]) -> None:
    assert [count for count in range(1, 10) if when.meant(count)] == meant


class Recorder:
    """A stop that says what was done to it."""

    def __init__(self) -> None:
        self.done: list[tuple[Any, ...]] = []

    def inject(self, **what: Any) -> None:
        self.done.append(("inject", what))

    def signal(self, signo: int) -> None:
        self.done.append(("signal", signo))

    def delay(self, seconds: float) -> None:
        self.done.append(("delay", seconds))


def event(of: type[Any], name: str, lwp: int = 7) -> Any:
    number = TABLE.by_name[name].number
    return of(pid=7, lwp=lwp, sysnum=number, name=name, abi=ABI, stop=Recorder())


def done(injector: Injector, name: str, lwp: int = 7) -> tuple[str, list[tuple[Any, ...]]]:
    entry = event(pt.SyscallEntry, name, lwp)
    return injector.entry(entry), entry.stop.done


def test_what_is_done() -> None:
    rules = ["open:error=EIO", "read:retval=3:signal=TERM", "close:delay=1s:delay_exit=2s"]
    injector = Injector([injection(rule) for rule in rules], [TABLE])
    assert done(injector, "write") == ("", [])
    assert done(injector, "open") == (" (INJECTED)", [("inject", {"error": "EIO"})])
    assert done(injector, "read") == (" (INJECTED)", [("inject", {"retval": 3}), ("signal", 15)])
    assert done(injector, "close") == (" (DELAYED)", [("delay", 1.0)])
    for delays in ([("delay", 2.0)], []):
        leaving = event(pt.SyscallExit, "close")
        injector.exit(leaving)
        assert leaving.stop.done == delays


def test_calls_are_counted_for_each_lwp_and_name() -> None:
    injector = Injector([injection("open,close:error=5:when=2")], [TABLE])
    got = [done(injector, name, lwp)[0] for lwp in (7, 8) for name in ("open", "close", "open")]
    assert got == ["", "", " (INJECTED)"] * 2


@pytest.mark.parametrize(
    ("kind", "lwp", "counted"),
    [
        (pt.LwpExited, 8, {7: " (INJECTED)", 8: ""}),
        (pt.Exited, 7, {7: "", 8: ""}),
        (pt.Signaled, 7, {7: "", 8: ""}),
    ],
)
def test_another_of_the_same_id_is_counted_anew(
    kind: type[Any], lwp: int, counted: dict[int, str]
) -> None:
    injector = Injector([injection("open:error=5:when=2")], [TABLE])
    for each in counted:
        done(injector, "open", each)
    injector.ended(kind(pid=7, lwp=lwp))
    assert {each: done(injector, "open", each)[0] for each in counted} == counted


def test_a_call_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="'opn' is not a system call"):
        Injector([injection("opn:error=EIO")], [TABLE])


@pytest.mark.parametrize(
    ("what", "abi"), [("error=ENEEDAUTH", "linux-x86_64"), ("signal=STKFLT", "netbsd-amd64")]
)
def test_what_another_system_has(what: str, abi: str) -> None:
    with pytest.raises(ValueError, match="this system has no such"):
        Injector([injection(f"open:{what}")], [syscalls.load(abi)])


def test_command_line() -> None:
    got = arguments(["-e", "inject=file:error=EIO", "-e", "fault=!open,read", "x"])
    assert not isinstance(got, str)
    assert [(rule.words, rule.error) for rule in got.injections] == [
        (["%file"], "EIO"),
        (["!open", "!read"], "ENOSYS"),
    ]
    assert got.calls is None
    with pytest.raises(Failure, match="use -C"):
        arguments(["-c", "-e", "inject=open:error=EIO", "x"])
