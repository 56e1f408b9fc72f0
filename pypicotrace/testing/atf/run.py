"""A test case that runs: what it expects of itself, and how it comes to its result.

Expectations and their words are those of atf-c(3); what a case prints of them goes to standard
error. A result is written when it is known, for nothing can be after an expected death.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from pypicotrace.testing.atf.result import Result

HERE = Path(__file__).parent


class Expect(Enum):
    """What a case expects of itself, with what is said where it goes on regardless."""

    PASS = ""
    FAIL = "Test case was expecting a failure but none were raised"
    EXIT = "Test case was expected to exit cleanly but it continued execution"
    SIGNAL = "Test case was expected to receive a termination signal but it continued execution"
    DEATH = "Test case was expected to terminate abruptly but it continued execution"
    TIMEOUT = "Test case was expected to hang but it continued execution"


class Ended(BaseException):
    """The case is over, and its result is written. No Exception: no body is to catch it."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.line())
        self.result = result


class Run:
    """One run of a test case.

    :param write: is given each result as it becomes known; the last one counts.
    :param config: the configuration variables, to which ``srcdir`` is added.
    :param srcdir: where the test program is.
    """

    def __init__(
        self, write: Callable[[Result], object], config: dict[str, str], srcdir: Path
    ) -> None:
        self._write = write
        self.config = {**config, "srcdir": str(srcdir)}
        self.srcdir = srcdir
        self._expect = Expect.PASS
        self._reason = ""
        self._failed = 0
        self._failed_as_expected = 0
        self._failed_before = 0

    def body(self, body: Callable[[], object]) -> Result:
        """Run the whole case; what it raises is its failure, but for what pytest's calls raise."""
        try:
            try:
                body()
            except BaseException as error:
                if isinstance(error, outcomes("skip") + unittest_skips()):
                    self.skip(str(error))
                if isinstance(error, outcomes("xfail")):
                    self._over(Result("expected_failure", str(error)))
                if not isinstance(error, (Exception, *outcomes("fail"))):
                    raise
                with suppress(OSError, ValueError):  # the body may have closed standard error
                    traceback.print_exception(type(error), error, from_the_test(error))
                self.fail(reason_of(error))
            self._end()
        except Ended as ended:
            return ended.result

    def fail(self, reason: str) -> NoReturn:
        """The case has failed, and is over."""
        if self._expect is Expect.FAIL:
            self._over(Result("expected_failure", f"{self._reason}: {reason}"))
        if self._expect is Expect.PASS:
            self._over(Result("failed", reason))
        self._wrong(f"Test case raised a failure but was not expecting one; reason was {reason}")

    def fail_nonfatal(self, reason: str) -> None:
        """The case has failed, and goes on."""
        if self._expect is Expect.FAIL:
            print(f"*** Expected check failure: {self._reason}: {reason}", file=sys.stderr)
            self._failed_as_expected += 1
        elif self._expect is Expect.PASS:
            print(f"*** Check failed: {reason}", file=sys.stderr)
            self._failed += 1
        else:
            self.fail(reason)

    def pass_(self) -> NoReturn:
        """The case has passed, and is over."""
        if self._expect is Expect.FAIL:
            self._wrong("Test case was expecting a failure but got a pass instead")
        if self._expect is not Expect.PASS:
            self._wrong("Test case asked to explicitly pass but was not expecting such condition")
        self._over(Result("passed"))

    def skip(self, reason: str) -> NoReturn:
        """The case cannot be run here."""
        self._over(Result("skipped", reason))

    def expect(self, what: Expect, reason: str = "", number: int | None = None) -> None:
        """From here on the case expects this of itself."""
        self._check_expectation()
        self._expect = what
        if what is Expect.FAIL:
            self._reason = reason
            self._failed_before = self._failed_as_expected
        elif what is not Expect.PASS:
            self._write(Result(f"expected_{what.name.lower()}", reason, number))

    def _check_expectation(self) -> None:
        if self._expect is Expect.FAIL and self._failed_as_expected > self._failed_before:
            return
        if self._expect is not Expect.PASS:
            self._wrong(self._expect.value)

    def _end(self) -> NoReturn:
        """The body has returned."""
        self._check_expectation()
        if self._failed:
            self.fail(f"{self._failed} checks failed; see output for more details")
        if self._failed_as_expected:
            count = self._failed_as_expected
            why = f"{count} checks failed as expected; see output for more details"
            self._over(Result("expected_failure", f"{self._reason}: {why}"))
        self.pass_()

    def _wrong(self, reason: str) -> NoReturn:
        """The expectation itself was not met."""
        self._expect = Expect.PASS
        self.fail(reason)

    def _over(self, result: Result) -> NoReturn:
        self._write(result)
        raise Ended(result)


def outcomes(name: str) -> tuple[type[BaseException], ...]:
    """What ``pytest.skip`` and the like raise, which is no Exception; none where nobody can."""
    pytest = sys.modules.get("pytest")
    return () if pytest is None else (getattr(pytest, name).Exception,)


def unittest_skips() -> tuple[type[BaseException], ...]:
    """What means a skip to pytest, too; none where nobody has imported it, which takes its time."""
    unittest = sys.modules.get("unittest")
    return () if unittest is None else (unittest.SkipTest,)


def from_the_test(error: BaseException) -> TracebackType | None:
    """Where an exception comes from, beginning with the test itself."""
    frame = error.__traceback__
    while frame is not None and Path(frame.tb_frame.f_code.co_filename).parent == HERE:
        frame = frame.tb_next
    return frame


def reason_of(error: BaseException) -> str:
    """What an exception says, as the reason of a failure: a line, with the place in the test."""
    frames = traceback.extract_tb(from_the_test(error))
    # The last of the test's own, not one of a library that it has called.
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}: " if own else ""
    first = next(iter(str(error).splitlines()), "")
    if isinstance(error, AssertionError):
        return place + (first or f"not so: {own[-1].line if own else ''}")
    return f"{place}{type(error).__name__}: {first}"
