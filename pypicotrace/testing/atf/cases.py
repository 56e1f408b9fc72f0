"""Test cases: functions, and the properties that are attached to them. Pure."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
ABOUT = "__atf__"
"""The attribute of a function that has what the decorators said."""
PREFIX = "test_"
IDENT = re.compile(r"[A-Za-z0-9_.+-]+")
# What a test case may ask for beside its parameters of `each`; see fixtures.py.
GIVEN = ("traced", "tracee", "tmp_path")


@dataclass
class About:
    """What the decorators said of a function."""

    properties: dict[str, str] = field(default_factory=dict)
    cleanup: Callable[[], object] | None = None
    each: dict[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A test case.

    ``properties`` has all that the list of cases tells of it but its name, in that order;
    ``parameters`` are those of its function that `each` gives.
    """

    ident: str
    properties: Mapping[str, str]
    body: Callable[..., object]
    cleanup: Callable[[], object] | None
    parameters: Mapping[str, Any]


def about(function: Callable[..., Any]) -> About:
    """What was said of a function so far, to be added to."""
    found: About = function.__dict__.setdefault(ABOUT, About())
    return found


def set_property(name: str, value: str) -> Callable[[Function], Function]:
    """A decorator that sets a property, see atf-test-case(4).

    :raises ValueError: the value has more than a line, or nothing in it; ATF cannot say that.
    """
    if not value or "\n" in value:
        raise ValueError(f"{name}: a property is one line, not {value!r}")

    def decorate(function: Function) -> Function:
        said = about(function).properties
        # Decorators are applied from the last to the first; they are listed as they are written.
        about(function).properties = {name: value, **said}
        return function

    return decorate


def cleanup(function: Callable[[], object]) -> Callable[[Function], Function]:
    """Run this function after the body, in the same directory, however the body has ended.

    It runs in a process of its own: what it needs to know, the body leaves in files.
    """

    def decorate(body: Function) -> Function:
        about(body).cleanup = function
        return body

    return decorate


def each(
    **parameters: Iterable[Any] | Mapping[str, Any],
) -> Callable[[Function], Function]:
    """Make a test case of each combination of these values.

        @atf.each(how=["fork", "vfork"], event={"asked": pt.FORK, "unasked": pt.Mask(0)})
        def test_child(how, event):

    gives test_child_fork_asked, test_child_fork_unasked, test_child_vfork_asked and
    test_child_vfork_unasked.

    :param parameters: values of each parameter of the function; in a mapping, by what they are
        called.
    """

    def decorate(function: Function) -> Function:
        named = {name: _named(values) for name, values in parameters.items()}
        about(function).each = {**named, **about(function).each}
        return function

    return decorate


def _named(values: Iterable[Any] | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(values, Mapping):
        return dict(values)
    return {str(getattr(value, "__name__", value)): value for value in values}


def combinations(function: Callable[..., Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each case that a function stands for: what is added to its name, and its parameters."""
    given = about(function).each
    for chosen in itertools.product(*(values.items() for values in given.values())):
        words = [re.sub(r"[^A-Za-z0-9]+", "_", word).strip("_") for word, _ in chosen]
        values = dict(zip(given, (value for _, value in chosen), strict=True))
        yield "_".join(words), values


def cases_of(module: ModuleType) -> dict[str, Case]:
    """The test cases of a program, in order: its own functions whose names begin with ``test_``.

    :raises ValueError: two have one name, or a name that ATF cannot have.
    :raises TypeError: a case asks for something that nobody gives, or is no plain function.
    """
    cases: dict[str, Case] = {}
    for name, value in vars(module).items():
        if not name.startswith(PREFIX) or not inspect.isfunction(value):
            continue
        if value.__module__ != module.__name__:
            continue
        for case in _cases_of(name, value):
            if case.ident in cases:
                raise ValueError(f"two test cases are called {case.ident}")
            cases[case.ident] = case
    return cases


def _cases_of(name: str, function: Callable[..., Any]) -> Iterator[Case]:
    for words, parameters in combinations(function):
        ident = f"{name}_{words}" if words else name
        if not IDENT.fullmatch(ident):
            raise ValueError(f"{ident!r} is no name for a test case")
        _check_parameters(ident, function, parameters)
        yield one_case(function, parameters, ident, words)


def one_case(
    function: Callable[..., Any], parameters: Mapping[str, Any], ident: str = "", words: str = ""
) -> Case:
    """The case of a function with these parameters.

    :param words: what makes it different from the function's other cases.
    :raises TypeError: it is no plain function.
    """
    _check_plain(ident or function.__name__, function)
    said = about(function)
    properties = {
        **({"has.cleanup": "true"} if said.cleanup is not None else {}),
        "descr": description(function, words),
        **said.properties,
    }
    return Case(ident or function.__name__, properties, function, said.cleanup, parameters)


def _check_plain(ident: str, function: Callable[..., Any]) -> None:
    """Refuse a function whose call runs nothing of it, so that it would pass.

    :raises TypeError: it is asynchronous, or has a ``yield``.
    """
    asynchronous = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    if asynchronous or inspect.isgeneratorfunction(function):
        what = "asynchronous: call asyncio.run in it" if asynchronous else "a generator"
        raise TypeError(f"{ident} is {what}; a test case is a function that is run by its call")


def description(function: Callable[..., Any], words: str = "") -> str:
    """The first line of its docstring, or else its name."""
    text = inspect.getdoc(function) or function.__name__.removeprefix(PREFIX).replace("_", " ")
    first = text.splitlines()[0].strip()
    return f"{first} ({words.replace('_', ' ')})" if words else first


def _check_parameters(
    ident: str, function: Callable[..., Any], parameters: Mapping[str, Any]
) -> None:
    for name, parameter in inspect.signature(function).parameters.items():
        has_default = parameter.default is not parameter.empty
        if name not in parameters and name not in GIVEN and not has_default:
            known = ", ".join(GIVEN)
            raise TypeError(f"{ident} asks for {name!r}; there are {known}, and what each() gives")
