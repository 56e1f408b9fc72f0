"""What spawn and attach refuse of what is asked for, when they are called."""

from __future__ import annotations

from typing import Any

import pytest

import pypicotrace as pt


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


def test_processes_that_are_none() -> None:
    with pytest.raises(TypeError, match="a process id is an int, not list"):
        pt.attach([1])  # type: ignore[arg-type]


def test_tracers_that_are_none() -> None:
    for tracer in (pt.Tracer, 5):
        with pytest.raises(TypeError, match=r"run a tracer, such as MyTracer\(\), not "):
            pt.run(tracer, ["true"])  # type: ignore[call-overload]
