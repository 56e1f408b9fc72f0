"""What a test case says of its end, and what is to be believed of it. Pure.

A case leaves one line, such as ``failed: the reason`` or ``expected_exit(3): the reason``, and ends
by a status; the two must fit. `judge` is what Kyua makes of them.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

LINE = re.compile(r"(?P<word>[a-z_]+)(?:\((?P<number>-?[0-9]+)\))?(?:: (?P<reason>.+))?")
EXPECTED = "expected_"
NUMBERED = frozenset({"expected_exit", "expected_signal"})
WORDS = frozenset(
    {
        *("passed", "failed", "skipped", "broken"),
        *("expected_death", "expected_exit", "expected_failure"),
        *("expected_signal", "expected_timeout"),
    }
)


class Result(NamedTuple):
    """A result: one of `WORDS`; a reason, which all have but passed; a number, which some have."""

    word: str
    reason: str = ""
    number: int | None = None

    @property
    def good(self) -> bool:
        """It is no failure."""
        return self.word not in ("failed", "broken")

    def line(self) -> str:
        """As it stands in a file of results, without a newline."""
        number = f"({self.number})" if self.number is not None else ""
        return f"{self.word}{number}" + (f": {one_line(self.reason)}" * (self.word != "passed"))


def one_line(text: str) -> str:
    """A reason as a line: ATF has no place for more, and takes more than that for no result."""
    return re.sub(r"\s*\n\s*", " ", text.strip("\n")) or "no reason was given"


def parse(text: str) -> Result:
    """What a file of results says.

    :raises ValueError: it is none.
    """
    line, newline, rest = text.partition("\n")
    found = LINE.fullmatch(line)
    if not newline or rest or found is None or found["word"] not in WORDS:
        raise ValueError(f"that is no result of a test case: {text!r}")
    word, number, reason = found.groups()
    if (number is not None and word not in NUMBERED) or bool(reason) == (word == "passed"):
        raise ValueError(f"that is no result of a test case: {text!r}")
    return Result(word, reason or "", int(number) if number is not None else None)


def judge(text: str | None, status: int | None) -> Result:
    """The result of a test case.

    :param text: what is in its file of results; None: there is none.
    :param status: its wait status, None: it did not end in time.
    """
    try:
        said = parse(text) if text is not None else None
    except ValueError as error:
        said = Result("broken", str(error))
    if status is None:
        late = said is not None and said.word == "expected_timeout"
        return said if late and said is not None else Result("broken", "it did not end in time")
    if said is None:
        return Result("broken", f"it left no result, and {ended(status)}")
    return _judge(said, status)


def _judge(said: Result, status: int) -> Result:
    if said.word in ("broken", "expected_death"):
        return said
    if said.word == "expected_timeout":
        return Result("broken", f"it was expected to hang, and {ended(status)}")
    if said.word in NUMBERED:
        return _judge_numbered(said, status)
    wanted_status = 1 if said.word == "failed" else 0
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == wanted_status:
        return said
    return Result("broken", f"it said {said.line()!r}, and {ended(status)}")


def _judge_numbered(said: Result, status: int) -> Result:
    by_exit = said.word == "expected_exit"
    if by_exit != os.WIFEXITED(status):
        wanted = "exit" if by_exit else "be killed by a signal"
        return Result("broken", f"it was expected to {wanted}, and {ended(status)}")
    number = os.WEXITSTATUS(status) if by_exit else os.WTERMSIG(status)
    if said.number in (None, -1, number):
        return said
    what = "status" if by_exit else "signal"
    return Result("failed", f"{what} {said.number} was expected, and it {ended(status)}")


def ended(status: int) -> str:
    """A wait status in words."""
    if os.WIFEXITED(status):
        return f"exited with {os.WEXITSTATUS(status)}"
    return f"was killed by signal {os.WTERMSIG(status)}"
