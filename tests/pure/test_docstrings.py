"""What help(pypicotrace) says: something of all that is public, and what one has to know of it."""

from __future__ import annotations

import builtins
import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import pytest

import pypicotrace as pt


class Documented(NamedTuple):
    """Something public: its text, and the names that the text has to explain."""

    name: str
    text: str
    names: list[str]


def parameters(function: Any) -> list[str]:
    found = list(inspect.signature(function).parameters)
    return found[1:] if found[:1] == ["self"] else found


def members(of: type) -> Iterator[Documented]:
    for name, member in vars(of).items():
        if name.startswith("_"):
            continue
        where = f"{of.__name__}.{name}"
        if isinstance(member, property):
            yield Documented(where, member.__doc__ or "", [])
        elif inspect.isfunction(member):
            # What is handed to a tracer's methods is what their types say.
            names = [] if of is pt.Tracer else parameters(member)
            yield Documented(where, member.__doc__ or "", names)


def everything() -> Iterator[Documented]:
    for name in pt.__all__:
        it = getattr(pt, name)
        if inspect.isfunction(it):
            yield Documented(name, it.__doc__ or "", [p for p in parameters(it) if p != "launch"])
        elif inspect.isclass(it):
            own = [f.name for f in fields(it)] if is_dataclass(it) else []
            own += list(getattr(it, "_fields", ()))
            inherited = " ".join(base.__doc__ or "" for base in it.__mro__[1:-1])
            # A dataclass that has none of its own is given its signature.
            text = "" if (it.__doc__ or "").startswith(f"{name}(") else it.__doc__ or ""
            yield Documented(name, text, [])
            yield Documented(f"the fields of {name}", f"{text} {inherited}", own)
            yield from members(it)


ALL = {documented.name: documented for documented in everything()}


@pytest.mark.parametrize("documented", ALL.values(), ids=ALL)
def test_it_says_what_it_is(documented: Documented) -> None:
    assert documented.text.strip()
    missing = [n for n in documented.names if not re.search(rf"\b{n}\b", documented.text)]
    assert missing == []


@pytest.mark.parametrize("documented", ALL.values(), ids=ALL)
def test_what_it_raises_can_be_caught(documented: Documented) -> None:
    """By a name that the package or Python itself has."""
    for names in re.findall(r":raises ([\w., ]+):", documented.text):
        for name in names.split(", "):
            own = getattr(pt, name, None) or getattr(builtins, name, None)
            assert own is not None or name == "struct.error", name


def test_every_option_of_a_launch_is_explained() -> None:
    """`spawn` takes them by a name that says nothing of each."""
    text = pt.spawn.__doc__ or ""
    options = pt.LaunchOptions.__annotations__
    assert [name for name in options if not re.search(rf":param .*\b{name}\b", text)] == []


def test_every_error_is_public() -> None:
    from pypicotrace import errors

    made = {
        n
        for n, it in vars(errors).items()
        if inspect.isclass(it) and it.__module__ == errors.__name__
    }
    assert made <= set(pt.__all__)


def test_every_event_and_each_bit_of_the_mask_is_public() -> None:
    from pypicotrace.records import MAKERS

    assert {of.__name__ for of, _ in MAKERS.values()} <= set(pt.__all__)
    for name, mask in pt.Mask.__members__.items():
        assert getattr(pt, name) is mask
        assert name in pt.__all__
