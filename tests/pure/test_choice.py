"""What spawn and attach refuse of what is asked for, when they are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

import pypicotrace as pt
from pypicotrace.choice import choose


@pytest.mark.parametrize(
    ("choice", "error", "words"),
    [
        ({"events": 3}, ValueError, "bits that stand for no event: 0x1"),
        ({"events": 1 << 40}, ValueError, "bits that stand for no event: 0x10000000000"),
        ({"events": "SCE"}, TypeError, "events is a Mask, such as SCE | SCX, not str"),
        ({"events": True}, TypeError, "events is a Mask"),
        ({"events": None}, TypeError, "events is a Mask"),
        ({"syscalls": "openat"}, TypeError, "a collection of names, not one string"),
        ({"syscalls": [2]}, TypeError, "a collection of names, and 2 is none"),
        ({"syscalls": [""]}, ValueError, "an empty word"),
        ({"follow": "yes"}, ValueError, "'yes' is not a valid Follow"),
    ],
)
def test_what_cannot_be_asked_for(
    choice: dict[str, Any], error: type[Exception], words: str
) -> None:
    for begin in (lambda: pt.spawn(["true"], **choice), lambda: pt.attach(1, **choice)):
        with pytest.raises(error, match=words):
            begin()


@pytest.mark.parametrize("events", [pt.Mask(0), ~pt.SCE, pt.ALL, pt.SCE | pt.STEP, int(pt.EXEC)])
def test_what_can(events: Any) -> None:
    pt.spawn(["true"], events=events)


WORDS = ["openat", "%file", "!open", "!/stat/", "close"]


@pytest.mark.parametrize("order", [WORDS, WORDS[::-1], sorted(WORDS)])
def test_words_with_and_without_an_order(order: list[str]) -> None:
    assert chosen(order) == order
    # A set's order is another in each run; dict.keys() is one whose order is known.
    words = chosen(dict.fromkeys(order).keys())
    assert [word.startswith("!") for word in words] == [False, False, False, True, True]
    assert set(words) == set(chosen(set(order))) == set(order)


def chosen(words: Iterable[str]) -> list[str]:
    choice = choose(
        events=pt.ALL, follow=False, syscalls=words, errors=None, slower_than=None,
        whole_results=True,
    )  # fmt: skip
    assert choice.words is not None
    return choice.words


def test_processes_that_are_none() -> None:
    with pytest.raises(TypeError, match="a process id is an int, not list"):
        pt.attach([1])  # type: ignore[arg-type]


def test_tracers_that_are_none() -> None:
    for tracer in (pt.Tracer, 5):
        with pytest.raises(TypeError, match=r"run a tracer, such as MyTracer\(\), not "):
            pt.run(tracer, ["true"])  # type: ignore[call-overload]
