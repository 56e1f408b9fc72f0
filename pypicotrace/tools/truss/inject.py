"""What is done to calls: ``-e inject=``, in words and at a call's entry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pypicotrace import Exited, LwpExited, Signaled, SyscallEntry, SyscallExit, syscalls
from pypicotrace.syscalls.select import select

UNITS = {"": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "ns": 1e-9}
"""Seconds in a unit of a delay."""
DELAY_MAX = 10**9
RETVAL_MAX = 2**63 - 1


class When(NamedTuple):
    """Which calls are meant, counted from 1 for each LWP and each name; ``last`` 0: no last."""

    first: int = 1
    last: int = 0
    step: int = 1

    def meant(self, count: int) -> bool:
        """Whether the call of that count is."""
        if count < self.first or (self.last and count > self.last):
            return False
        return (count - self.first) % self.step == 0 if self.step else count == self.first


class Injection(NamedTuple):
    """One -e inject=: for calls that ``words`` choose; delays in seconds."""

    words: list[str]
    error: str | None = None
    retval: int | None = None
    signal: str | None = None
    enter: float = 0.0
    leave: float = 0.0
    when: When = When()


def injection(text: str) -> Injection:
    """What follows ``inject=``.

    :raises ValueError: it makes no sense; the message says why.
    """
    words, *parts = text.split(":")
    made = Injection(words.split(","))
    for part in parts:
        name, equals, value = part.partition("=")
        if name not in PARTS or not equals:
            raise ValueError(f"{part}: there are {', '.join(f'{known}=' for known in PARTS)}")
        made = made._replace(**PARTS[name](value))
    if made.error is not None and made.retval is not None:
        raise ValueError("a call has an error or a result, not both")
    if made._replace(words=[], when=When()) == Injection([]):
        raise ValueError("say what: error=, retval=, signal= or delay=")
    return made


def _error(value: str) -> dict[str, Any]:
    known = {name for os in syscalls.SYSTEMS for name in syscalls.errors(os).values()}
    known |= set(syscalls.ERROR_ALIASES)
    if re.fullmatch(r"[0-9]{1,10}", value, re.ASCII) and 0 < int(value) < 512:
        return {"error": value}
    if value not in known:
        raise ValueError(f"error={value}: there is no such error")
    return {"error": value}


def _retval(value: str) -> dict[str, Any]:
    try:
        number = int(value, 0)
    except ValueError:
        number = -1
    if not 0 <= number <= RETVAL_MAX:
        raise ValueError(f"retval={value}: give a number from 0 to {RETVAL_MAX}")
    return {"retval": number}


def _signal(value: str) -> dict[str, Any]:
    known = {name for os in syscalls.SYSTEMS for name in syscalls.signals(os).values()}
    name = value.upper() if value.upper().startswith("SIG") else f"SIG{value.upper()}"
    if name not in known:
        raise ValueError(f"signal={value}: there is no such signal")
    return {"signal": name}


def _delay(value: str) -> float:
    found = re.fullmatch(r"(\d{1,18})(us|ms|s|ns|)", value, re.ASCII)
    seconds = int(found[1]) * UNITS[found[2]] if found else -1.0
    if not 0 < seconds <= DELAY_MAX:
        raise ValueError(f"{value}: a delay is microseconds, or a number with ns, us, ms or s")
    return seconds


def _when(value: str) -> dict[str, Any]:
    found = re.fullmatch(r"(\d{1,18})(?:\.\.(\d{1,18}))?(\+(\d{0,18}))?", value, re.ASCII)
    if found is None or int(found[1]) == 0 or found[2] == "0" or found[4] == "0":
        raise ValueError(f"when={value}: give FIRST, FIRST+, FIRST+STEP or FIRST..LAST[+STEP]")
    several = found[2] is not None or found[3] is not None
    step = int(found[4]) if found[4] else int(several)
    return {"when": When(int(found[1]), int(found[2] or 0), step)}


PARTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "error": _error,
    "retval": _retval,
    "signal": _signal,
    "delay": lambda value: {"enter": _delay(value)},
    "delay_enter": lambda value: {"enter": _delay(value)},
    "delay_exit": lambda value: {"leave": _delay(value)},
    "when": _when,
}


def _chosen(words: list[str], tables: Sequence[syscalls.Table]) -> dict[str, frozenset[int]]:
    """The calls that words choose, by ABI."""
    found = zip(tables, select(words, tables), strict=True)
    return {table.abi: selection.numbers for table, selection in found}


def _check_error(name: str, os: str) -> None:
    try:
        syscalls.error_number(name, os)
    except KeyError:
        raise ValueError(f"error={name}: this system has no such error") from None


class Injector:
    """Does it, and counts."""

    def __init__(self, rules: Sequence[Injection], tables: Sequence[syscalls.Table]) -> None:
        """:raises ValueError: a word chooses no call; the message names it."""
        self._rules = [(rule, _chosen(rule.words, tables)) for rule in rules]
        os = tables[0].abi.partition("-")[0]
        self._signals = {name: number for number, name in syscalls.signals(os).items()}
        # Of each LWP: how often each rule has met each call of its.
        self._counts: dict[tuple[int, int], Counter[tuple[int, int]]] = {}
        self._leaving: dict[tuple[int, int], float] = {}
        for rule in rules:
            if rule.signal is not None and rule.signal not in self._signals:
                raise ValueError(f"signal={rule.signal}: this system has no such signal")
            if rule.error is not None and not rule.error.isdigit():
                _check_error(rule.error, os)

    def entry(self, event: SyscallEntry) -> str:
        """What was done, as the call's line says it; empty: nothing.

        :raises ValueError: the call cannot return that.
        """
        done = ""
        for place, (rule, chosen) in enumerate(self._rules):
            if event.sysnum not in chosen.get(event.abi, ()):
                continue
            counts = self._counts.setdefault((event.pid, event.lwp), Counter())
            counts[place, event.sysnum] += 1
            if rule.when.meant(counts[place, event.sysnum]):
                done = self._do(rule, event) or done
        return done

    def _do(self, rule: Injection, event: SyscallEntry) -> str:
        stop, done = event.stop, ""
        if rule.error is not None:
            stop.inject(error=int(rule.error) if rule.error.isdigit() else rule.error)
            done = " (INJECTED)"
        elif rule.retval is not None:
            stop.inject(retval=rule.retval)
            done = " (INJECTED)"
        if rule.signal is not None:
            stop.signal(self._signals[rule.signal])
        if rule.enter:
            stop.delay(rule.enter)
            done = done or " (DELAYED)"
        if rule.leave:
            self._leaving[event.pid, event.lwp] = rule.leave
            done = done or " (DELAYED)"
        return done

    def exit(self, event: SyscallExit) -> None:
        """Have an LWP stand still after its call, where that was asked for."""
        seconds = self._leaving.pop((event.pid, event.lwp), 0.0)
        if seconds:
            event.stop.delay(seconds)

    def ended(self, event: LwpExited | Exited | Signaled) -> None:
        """Forget an LWP, or all of a process: another may get its id."""
        for pid, lwp in list(self._counts):
            if pid == event.pid and (lwp == event.lwp or not isinstance(event, LwpExited)):
                del self._counts[pid, lwp]
                self._leaving.pop((pid, lwp), None)
