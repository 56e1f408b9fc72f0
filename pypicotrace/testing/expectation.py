"""Whether a trace is what was expected: in order, in any order, so often, or not at all. Pure.

Each function takes the trace as a sequence and gives the places of what it found; where it does not
find it, it raises `Mismatch`.
"""

from __future__ import annotations

from collections.abc import Sequence

from pypicotrace.testing.mismatch import Mismatch, found_at, message
from pypicotrace.testing.patterns import Pattern, Seen, matches
from pypicotrace.testing.words import in_words, pattern_in_words, with_place


def in_order(trace: Sequence[Seen], patterns: Sequence[Pattern], start: int = 0) -> list[int]:
    """Each pattern at its place, other events between them as they may be."""
    __tracebackhide__ = True
    places: list[int] = []
    place = start
    for pattern in patterns:
        found = _next(trace, pattern, place)
        if found is None:
            _raise_not_in_order(trace, patterns, places, place)
        else:
            places.append(found)
            place = found + 1
    return places


def _next(trace: Sequence[Seen], pattern: Pattern, start: int) -> int | None:
    return next((i for i in range(start, len(trace)) if matches(pattern, trace[i])), None)


def _raise_not_in_order(
    trace: Sequence[Seen], patterns: Sequence[Pattern], places: Sequence[int], after: int
) -> None:
    __tracebackhide__ = True
    missing = patterns[len(places)]
    lines = [found_at(pattern, trace[i]) for pattern, i in zip(patterns, places, strict=False)]
    lines.append(f"> {pattern_in_words(missing)}   not found")
    lines += [f"  {pattern_in_words(pattern)}" for pattern in patterns[len(places) + 1 :]]
    behind = f" after {with_place(trace[after - 1])}" if after else ""
    head = f"{pattern_in_words(missing)} did not happen{behind}"
    raise Mismatch(message(head, ["expected, in this order:", *lines], missing, trace, after))


def in_any_order(trace: Sequence[Seen], patterns: Sequence[Pattern]) -> list[int]:
    """Each pattern at a place of its own, in any order.

    Where one event is what several patterns say, they are given places so that as many as can be
    have one (augmenting paths, as for any bipartite matching).
    """
    __tracebackhide__ = True
    fits = [[i for i, seen in enumerate(trace) if matches(p, seen)] for p in patterns]
    taken: dict[int, int] = {}

    def place(which: int, tried: set[int]) -> bool:
        for at in fits[which]:
            if at not in tried:
                tried.add(at)
                if at not in taken or place(taken[at], tried):
                    taken[at] = which
                    return True
        return False

    for which, pattern in enumerate(patterns):
        if not place(which, set()):
            _raise_not_in_any_order(trace, patterns, taken, pattern, bool(fits[which]))
    where = {which: at for at, which in taken.items()}
    return [where[which] for which in range(len(patterns))]


def _raise_not_in_any_order(
    trace: Sequence[Seen],
    patterns: Sequence[Pattern],
    taken: dict[int, int],
    missing: Pattern,
    shared: bool,
) -> None:
    __tracebackhide__ = True
    found = {which: at for at, which in taken.items()}
    lines = [
        found_at(pattern, trace[found[i]])
        if i in found
        else f"{'>' if pattern is missing else ' '} {pattern_in_words(pattern)}"
        for i, pattern in enumerate(patterns)
    ]
    why = " once more than it is expected by others" if shared else ""
    head = f"{pattern_in_words(missing)} did not happen{why}"
    raise Mismatch(message(head, ["expected, in any order:", *lines], missing, trace))


def so_often(
    trace: Sequence[Seen], pattern: Pattern, at_least: int | None, at_most: int | None
) -> list[int]:
    """All places of a pattern, of which there are as many as the bounds say."""
    __tracebackhide__ = True
    places = [i for i, seen in enumerate(trace) if matches(pattern, seen)]
    least, most = at_least or 0, at_most
    if len(places) >= least and (most is None or len(places) <= most):
        return places
    wanted = f"not {_bounds(at_least, most)}" if most != 0 else "and was not to"
    head = f"{pattern_in_words(pattern)} happened {_times(len(places))}, {wanted}"
    if len(places) < least:
        raise Mismatch(message(head, [], pattern, trace))
    raise Mismatch("\n".join([head, *(f"  + {with_place(trace[i])}" for i in places)]))


def _times(count: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _bounds(least: int | None, most: int | None) -> str:
    if least is not None and least == most:
        return _times(least)
    words = [f"at least {_times(least)}"] if least is not None else []
    words += [f"at most {_times(most)}"] if most is not None else []
    return " and ".join(words)


def absent(trace: Sequence[Seen], patterns: Sequence[Pattern]) -> None:
    """None of them is there."""
    __tracebackhide__ = True
    for pattern in patterns:
        found = _next(trace, pattern, 0)
        if found is not None:
            head = (
                f"{pattern_in_words(pattern)} happened, and was not to: {with_place(trace[found])}"
            )
            around = range(max(0, found - 3), min(len(trace), found + 4))
            lines = [f"  {'+' if i == found else ' '} {with_place(trace[i])}" for i in around]
            raise Mismatch("\n".join([head, "the trace there:", *lines]))


def exactly(trace: Sequence[Seen], patterns: Sequence[Pattern]) -> None:
    """These events in this order, and no other."""
    __tracebackhide__ = True
    wrong = next(
        (
            i
            for i in range(max(len(trace), len(patterns)))
            if i >= len(trace) or i >= len(patterns) or not matches(patterns[i], trace[i])
        ),
        None,
    )
    if wrong is None:
        return
    expected = ["expected, these and no others:"]
    expected += [
        f"{'>' if i == wrong else ' '} {pattern_in_words(p)}" for i, p in enumerate(patterns)
    ]
    if wrong >= len(patterns):
        lines = [f"  + {with_place(seen)}" for seen in trace[wrong : wrong + 5]]
        head = f"more happened than was expected: {in_words(trace[wrong])}"
        raise Mismatch("\n".join([head, *(f"  {line}" for line in expected), *lines]))
    got = with_place(trace[wrong]) if wrong < len(trace) else "the end of the trace"
    head = f"in place of {pattern_in_words(patterns[wrong])} there is {got}"
    raise Mismatch(message(head, expected, patterns[wrong], trace, wrong))
