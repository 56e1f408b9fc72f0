"""What to say where a trace is not as expected: what comes nearest, and the trace there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pypicotrace.testing.patterns import Call, Distance, Pattern, Seen, distance
from pypicotrace.testing.words import in_words, pattern_in_words, with_place

AROUND = 4
"""Events that are shown before and after the place in question."""
CANDIDATES = 3


class Mismatch(AssertionError):
    """A trace is not what was expected. The message shows what is nearest to it.

    ``__tracebackhide__`` in what raises it is for pytest: it shows the failure in the test itself.
    """


class Candidate(NamedTuple):
    """An event that is somewhat like what was expected, by its place in the trace."""

    place: int
    distance: Distance


def candidates(pattern: Pattern, trace: Sequence[Seen], after: int = 0) -> list[Candidate]:
    """Those events that are most like a pattern, best first.

    One that agrees in all comes before others even where it is too early.

    :param after: events before this place are too early.
    """
    found = []
    for place, seen in enumerate(trace):
        how_far = distance(pattern, seen)
        if how_far is not None:
            found.append(Candidate(place, how_far))
    found.sort(
        key=lambda c: (
            len(c.distance.wrong),
            c.place < after,
            c.distance.unlike,
            abs(c.place - after),
        )
    )
    return found[:CANDIDATES]


def message(
    head: str,
    expected: Iterable[str],
    pattern: Pattern,
    trace: Sequence[Seen],
    after: int = 0,
) -> str:
    """The whole of a message.

    :param head: what is wrong, in a line.
    :param expected: lines that say what was expected.
    :param pattern: the part of it that was not found.
    :param after: the place from which it was looked for.
    """
    near = candidates(pattern, trace, after)
    lines = [head, *(f"  {line}" for line in expected)]
    lines += nearest(near, trace, after) or [nothing_alike(pattern, trace)]
    instead = next((place for place, _ in near if place >= after), None)
    if trace:
        lines += ["the trace there:", *excerpt(pattern, trace, after, instead)]
    return "\n".join(lines)


def nearest(near: Sequence[Candidate], trace: Sequence[Seen], after: int) -> list[str]:
    """The candidates, a line each, and what is wrong with each."""
    lines = []
    for place, (asked, wrong, _) in near:
        early = ", but too early" if place < after else ""
        agree = (
            f"{asked - len(wrong)} of {asked} agree{early}" if asked else early.removeprefix(", ")
        )
        lines.append(f"nearest: {with_place(trace[place])}" + (f"  ({agree})" if agree else ""))
        lines += [f"         {words}" for words in wrong]
    return lines


def nothing_alike(pattern: Pattern, trace: Sequence[Seen]) -> str:
    """That there is nothing of its kind, and what there is of others."""
    if not trace:
        return "the trace is empty: nothing happened, or nothing of this was asked for"
    if isinstance(pattern, Call):
        names = sorted({str(name) for seen in trace if (name := getattr(seen.event, "name", ""))})
        made = ", ".join(names) or "none"
        what = "call of that name" if isinstance(pattern.name, str) else "such call"
        return f"no {what} was made; those that were: {made}"
    kinds = sorted({type(seen.event).__name__ for seen in trace})
    return f"there is no such event; there are: {', '.join(kinds)}"


def excerpt(pattern: Pattern, trace: Sequence[Seen], after: int, instead: int | None) -> list[str]:
    """The trace around a place as a diff: ``-`` what was expected there, ``+`` what there was.

    Of a call that has returned the exit says all; its entry is left out.

    :param instead: the place of what comes nearest, where there is such a thing.
    """
    place = after if instead is None else instead
    shown = [i for i, seen in enumerate(trace) if not seen.returned or i == instead]
    middle = sum(i < place for i in shown)
    first, last = max(0, middle - AROUND), middle + AROUND + 1
    before = [f"    {with_place(trace[i])}" for i in shown[first:middle]]
    behind = [
        f"  {'+' if i == instead else ' '} {with_place(trace[i])}" for i in shown[middle:last]
    ]
    return [
        *([f"    ... {first} before"] if first else []),
        *before,
        f"  - {pattern_in_words(pattern)}",
        *behind,
        *([f"    ... {len(shown) - last} after"] if last < len(shown) else []),
    ]


def found_at(pattern: Pattern, seen: Seen) -> str:
    """A pattern that was found, and where."""
    return f"  {pattern_in_words(pattern)}   found: #{seen.event.seq} {in_words(seen)}"
