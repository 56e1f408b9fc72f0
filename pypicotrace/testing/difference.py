"""What differs between two snapshots, in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from pypicotrace.testing.snapshot import Line, Section, Snapshot

ADDRESS, DESCRIPTOR = re.compile(r"&\d+"), re.compile(r"fd\d+")


class _Pairs:
    """Which descriptor of one snapshot is which of the other's.

    Where one trace has something more, all that come later have other numbers; that is no
    difference. Of addresses not even that is asked: where a system puts what, it does not say.
    """

    def __init__(self) -> None:
        self._there: dict[str, str] = {}
        self._back: dict[str, str] = {}

    def agree(self, ours: str, theirs: str) -> bool:
        if ADDRESS.fullmatch(ours) and ADDRESS.fullmatch(theirs):
            return True
        if not (DESCRIPTOR.fullmatch(ours) and DESCRIPTOR.fullmatch(theirs)):
            return ours == theirs
        return (
            self._there.setdefault(ours, theirs) == theirs
            and self._back.setdefault(theirs, ours) == ours
        )


def differences(ours: Snapshot, theirs: Snapshot, names: tuple[str, str] = ("A", "B")) -> list[str]:
    """A line for each difference; none where there is none.

    :param names: what the two are called in the lines.
    """
    lines: list[str] = []
    pairs: dict[str, _Pairs] = {}
    for name in dict.fromkeys([*ours, *theirs]):
        if name not in theirs:
            lines.append(_alone(name, ours[name], names[0]))
        elif name not in ours:
            lines.append(_alone(name, theirs[name], names[1]))
        else:
            known = pairs.setdefault(name.partition("/")[0], _Pairs())
            lines += [
                f"<{name}>: {line}" for line in _section(ours[name], theirs[name], known, names)
            ]
    return lines


def _alone(name: str, section: Section, where: str) -> str:
    what = "LWP" if "/" in name else "process"
    return (
        f"{what} <{name}> ({section.program}) is in {where} alone, with {len(section.lines)} lines"
    )


def _section(
    ours: Section, theirs: Section, pairs: _Pairs, names: tuple[str, str]
) -> Iterator[str]:
    if ours.program != theirs.program:
        yield f"the program is {ours.program} in {names[0]}, {theirs.program} in {names[1]}"
    calls, others = ([line.name for line in section.lines] for section in (ours, theirs))
    matcher = SequenceMatcher(a=calls, b=others, autojunk=False)
    for what, a, a_end, b, b_end in matcher.get_opcodes():
        if what == "equal":
            for here, there in zip(ours.lines[a:a_end], theirs.lines[b:b_end], strict=True):
                yield from _line(here, there, pairs, names)
        else:
            where = _after(ours.lines, a)
            yield from (f"{where} only {names[0]} has {line}" for line in ours.lines[a:a_end])
            yield from (f"{where} only {names[1]} has {line}" for line in theirs.lines[b:b_end])


def _after(lines: Sequence[Line], place: int) -> str:
    return f"after {lines[place - 1]}," if place else "at the beginning"


def _line(ours: Line, theirs: Line, pairs: _Pairs, names: tuple[str, str]) -> Iterator[str]:
    a, b = dict(ours.given), dict(theirs.given)
    wrong = []
    for name in dict.fromkeys([*a, *b]):
        here, there = a.get(name, "nothing"), b.get(name, "nothing")
        if not pairs.agree(here, there):
            wrong.append(f"{name} is {here} in {names[0]}, {there} in {names[1]}")
    here, there = ours.result or "nothing", theirs.result or "nothing"
    if not pairs.agree(here, there):
        wrong.append(f"the result is {here} in {names[0]}, {there} in {names[1]}")
    if wrong:
        yield f"{ours}: {'; '.join(wrong)}"
