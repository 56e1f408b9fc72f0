"""Test cases: from functions to the list of them, and what their ends mean."""

from __future__ import annotations

import re
import unittest
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pypicotrace.testing import atf
from pypicotrace.testing.atf import current
from pypicotrace.testing.atf.cases import Case, cases_of, one_case
from pypicotrace.testing.atf.listing import listing
from pypicotrace.testing.atf.requirements import unmet
from pypicotrace.testing.atf.result import Result, judge, parse
from pypicotrace.testing.atf.run import Expect, Run

EXITED = [code << 8 for code in range(256)]
KILLED = 9
CORE = 0x80 | 11


def program(**functions: Callable[..., Any]) -> dict[str, Case]:
    """The cases of a module with these functions."""
    module = ModuleType("t_made")
    for name, function in functions.items():
        function.__module__ = "t_made"
        function.__name__ = name
        setattr(module, name, function)
    return cases_of(module)


def test_what_is_a_case() -> None:
    def plain() -> None:
        """A description

        and more of it.
        """

    def imported() -> None: ...

    cases = program(test_second=plain, test_first=lambda: None, helper=lambda: None)
    assert list(cases) == ["test_second", "test_first"]
    assert cases["test_second"].properties == {"descr": "A description"}
    assert cases["test_first"].properties == {"descr": "first"}
    module = ModuleType("t_made")
    vars(module).update(test_imported=imported, test_value=5)
    assert cases_of(module) == {}


def test_properties_are_listed_as_they_are_written() -> None:
    @atf.timeout(5)
    @atf.x("one", "1")
    @atf.require_progs("cat", "/bin/sh")
    @atf.cleanup(lambda: None)
    @atf.require_memory("64M")
    def case() -> None:
        """Described"""

    assert listing(program(test_it=case).values()) == (
        'Content-Type: application/X-atf-tp; version="1"\n'
        "\n"
        "ident: test_it\n"
        "has.cleanup: true\n"
        "descr: Described\n"
        "timeout: 5\n"
        "X-one: 1\n"
        "require.progs: cat /bin/sh\n"
        "require.memory: 64M\n"
    )


def test_a_case_of_each_combination() -> None:
    @atf.each(how=["fork", "vfork"])
    @atf.each(size={"small": 1, "very large": 2**64}, kind=[int])
    def case(how: str, size: int, kind: type, traced: Any, more: int = 0) -> None:
        """Sizes"""

    cases = program(test_it=case)
    assert list(cases) == [
        *("test_it_fork_small_int", "test_it_fork_very_large_int"),
        *("test_it_vfork_small_int", "test_it_vfork_very_large_int"),
    ]
    last = cases["test_it_vfork_very_large_int"]
    assert last.parameters == {"how": "vfork", "size": 2**64, "kind": int}
    assert last.properties == {"descr": "Sizes (vfork very large int)"}


def test_mistakes_of_a_program() -> None:
    def asks(nonsense: int) -> None: ...

    with pytest.raises(
        TypeError, match="test_it asks for 'nonsense'; there are traced, tracee, tm"
    ):
        program(test_it=asks)
    twins = atf.each(n=["a b", "a-b"])(lambda n: None)
    with pytest.raises(ValueError, match="two test cases are called test_it_a_b"):
        program(test_it=twins)
    with pytest.raises(ValueError, match="'test_ä' is no name for a test case"):
        program(test_ä=lambda: None)


async def asynchronous() -> None: ...


async def asynchronous_generator() -> AsyncIterator[int]:
    yield 1


def generator() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize("function", [asynchronous, asynchronous_generator, generator])
def test_what_its_call_would_not_run_is_no_case(function: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="is run by its call"):
        program(test_it=function)
    with pytest.raises(TypeError, match="is run by its call"):
        one_case(function, {})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: atf.timeout(-1), "a timeout is in whole seconds, and not negative"),
        (lambda: atf.timeout(1.5), "a timeout is in whole seconds"),  # type: ignore[arg-type]
        (lambda: atf.require_progs("bin/cat"), "names or absolute paths, not bin/cat"),
        (lambda: atf.require_user("admin"), "root or unprivileged, not 'admin'"),  # type: ignore[arg-type]
        (lambda: atf.require_files("etc/passwd"), "required files are absolute paths, not etc/"),
        (lambda: atf.require_memory("much"), "'much' is no size: give a number, with K, M, G or T"),
        (lambda: atf.require_memory(0), "'?0'? is no size"),
        (lambda: atf.x("a b", "c"), "'a b' is no name for a property"),
        (lambda: atf.x("a", "b\nc"), "a property is one line"),
        (atf.require_progs, "a property is one line, not ''"),
    ],
)
def test_properties_that_are_none(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


RESULTS = [
    ("passed\n", Result("passed")),
    ("failed: why: not\n", Result("failed", "why: not")),
    ("skipped: (3): x\n", Result("skipped", "(3): x")),
    ("expected_exit(3): why\n", Result("expected_exit", "why", 3)),
    ("expected_exit: why\n", Result("expected_exit", "why")),
    ("expected_signal(9): why\n", Result("expected_signal", "why", 9)),
    ("expected_death: why\n", Result("expected_death", "why")),
    ("expected_timeout: why\n", Result("expected_timeout", "why")),
    ("expected_failure: bug: why\n", Result("expected_failure", "bug: why")),
]
NO_RESULTS = [
    *("", "passed", "passed: why\n", "failed\n", "failed: \n", "failed:why\n", "failed(3): why\n"),
    *("nonsense: why\n", "failed: one\ntwo\n", "\n", "expected_exit(x): why\n", "PASSED\n"),
]


@pytest.mark.parametrize(("text", "result"), RESULTS)
def test_results(text: str, result: Result) -> None:
    assert parse(text) == result
    assert f"{result.line()}\n" == text


@pytest.mark.parametrize("text", NO_RESULTS)
def test_what_is_no_result(text: str) -> None:
    with pytest.raises(ValueError, match="that is no result of a test case"):
        parse(text)
    assert judge(text, 0).word == "broken"


def test_a_reason_is_one_line() -> None:
    assert Result("failed", "one\n  two\n").line() == "failed: one two"
    assert Result("failed", " a  b\t").line() == "failed:  a  b\t"
    for nothing in ("", "\n"):
        assert Result("skipped", nothing).line() == "skipped: no reason was given"


# The result, the wait status (None: it took too long), and what comes of them.
JUDGED = [
    ("passed\n", EXITED[0], "passed"),
    ("passed\n", EXITED[1], "broken"),
    ("passed\n", KILLED, "broken"),
    ("passed\n", None, "broken"),
    ("skipped: why\n", EXITED[0], "skipped"),
    ("skipped: why\n", EXITED[1], "broken"),
    ("failed: why\n", EXITED[1], "failed"),
    ("failed: why\n", EXITED[0], "broken"),
    ("failed: why\n", EXITED[2], "broken"),
    ("expected_failure: why\n", EXITED[0], "expected_failure"),
    ("expected_failure: why\n", EXITED[1], "broken"),
    ("expected_exit(3): why\n", EXITED[3], "expected_exit"),
    ("expected_exit(3): why\n", EXITED[4], "failed"),
    ("expected_exit(3): why\n", KILLED, "broken"),
    ("expected_exit: why\n", EXITED[255], "expected_exit"),
    ("expected_exit(-1): why\n", EXITED[7], "expected_exit"),
    ("expected_signal(9): why\n", KILLED, "expected_signal"),
    ("expected_signal(11): why\n", CORE, "expected_signal"),
    ("expected_signal(9): why\n", CORE, "failed"),
    ("expected_signal: why\n", CORE, "expected_signal"),
    ("expected_signal(9): why\n", EXITED[9], "broken"),
    ("expected_death: why\n", KILLED, "expected_death"),
    ("expected_death: why\n", EXITED[0], "expected_death"),
    ("expected_death: why\n", None, "broken"),
    ("expected_timeout: why\n", None, "expected_timeout"),
    ("expected_timeout: why\n", EXITED[0], "broken"),
    (None, EXITED[0], "broken"),
    (None, KILLED, "broken"),
    (None, None, "broken"),
]


@pytest.mark.parametrize(("text", "status", "word"), JUDGED)
def test_what_is_believed(text: str | None, status: int | None, word: str) -> None:
    result = judge(text, status)
    assert result.word == word
    assert result.good == (word not in ("failed", "broken"))
    assert bool(result.reason) == (word != "passed")


def outcome(body: Callable[[Run], object]) -> list[str]:
    """All that a body has its results file say, in order."""
    lines: list[str] = []
    run = Run(lambda result: lines.append(result.line()), {}, Path("/"))
    run.body(lambda: body(run))
    return lines


def fail_with(error: BaseException) -> Callable[[Run], object]:
    def body(run: Run) -> None:
        raise error

    return body


def test_exceptions_are_failures_with_their_place(capsys: pytest.CaptureFixture[str]) -> None:
    here = re.escape(Path(__file__).name) + r":\d+: "
    [line] = outcome(fail_with(AssertionError("not so\nat all")))
    assert re.fullmatch(f"failed: {here}not so", line)
    [line] = outcome(fail_with(OSError(2, "No such file", "x")))
    assert re.fullmatch(rf"failed: {here}FileNotFoundError: \[Errno 2\] No such file: 'x'", line)
    [line] = outcome(fail_with(AssertionError()))
    assert re.fullmatch(f"failed: {here}not so: raise error", line)
    shown = capsys.readouterr().err
    assert "AssertionError: not so\nat all" in shown
    assert "run.py" not in shown


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (pytest.skip.Exception("no such thing"), "skipped: no such thing"),
        (unittest.SkipTest("nor this"), "skipped: nor this"),
        (pytest.xfail.Exception("bug 1"), "expected_failure: bug 1"),
    ],
)
def test_what_the_calls_of_pytest_mean(error: BaseException, line: str) -> None:
    assert outcome(fail_with(error)) == [line]


def test_a_failure_by_pytest(capsys: pytest.CaptureFixture[str]) -> None:
    [line] = outcome(fail_with(pytest.fail.Exception("it is\nbroken")))
    assert re.fullmatch(rf"failed: {re.escape(Path(__file__).name)}:\d+: Failed: it is", line)


def test_a_failure_under_an_expectation(capsys: pytest.CaptureFixture[str]) -> None:
    def as_expected(run: Run) -> None:
        run.expect(Expect.FAIL, "a bug")
        raise AssertionError("it is there")

    [line] = outcome(as_expected)
    assert re.fullmatch(r"expected_failure: a bug: \S+: it is there", line)

    def otherwise(run: Run) -> None:
        run.expect(Expect.DEATH, "soon")
        raise AssertionError("it lives")

    first, last = outcome(otherwise)
    assert first == "expected_death: soon"
    assert re.fullmatch(
        r"failed: Test case raised a failure but was not expecting one; reason was \S+: it lives",
        last,
    )


def test_a_case_may_be_skipped_whatever_it_expects() -> None:
    """So it is with atf-sh, and with libatf-c after 0.21."""

    def body(run: Run) -> None:
        run.expect(Expect.FAIL, "a bug")
        run.skip("not here")

    assert outcome(body) == ["skipped: not here"]


def test_a_program_is_not_looked_for_where_the_case_happens_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(current, "_running", [])

    def body(run: Run) -> None:
        current.begin(run)
        atf.require_prog("sh")
        atf.require_prog("bin/sh")

    [line] = outcome(body)
    assert line == "failed: Relative paths are not allowed when searching for a program (bin/sh)"


def test_what_no_case_calls() -> None:
    with pytest.raises(RuntimeError, match="no test case of ATF runs"):
        atf.skip("here")


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({}, ""),
        ({"descr": "x", "timeout": "5", "X-a": "b"}, ""),
        ({"require.progs": "sh"}, ""),
        ({"require.progs": "sh /bin/sh no-such-a no-such-b"}, "no program no-such-a, no-such-b"),
        ({"require.files": "/ /nowhere"}, "there is no file /nowhere"),
        ({"require.config": "there"}, ""),
        ({"require.config": "there other"}, "there is no configuration other"),
        ({"require.arch": "pdp11 vax"}, "it is for pdp11 vax, and this is "),
        ({"require.machine": "pdp11"}, "it is for pdp11, and this is "),
        ({"require.memory": "1K"}, ""),
        ({"require.memory": "1000000T"}, "it needs 1000000T bytes of memory, and there are "),
        ({"require.diskspace": "1"}, ""),
        ({"require.diskspace": "1000000T"}, "it needs 1000000T bytes of disk space, and there"),
    ],
)
def test_what_is_required(properties: dict[str, str], reason: str) -> None:
    found = unmet(properties, {"there": "1"})
    assert reason in found
    assert bool(found) == bool(reason)


def test_one_of_the_users_is_the_wrong_one() -> None:
    whys = [unmet({"require.user": who}, {}) for who in ("root", "unprivileged")]
    assert sorted(map(bool, whys)) == [False, True]
