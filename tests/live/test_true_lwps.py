"""LWPs and their ends, held against what they have recorded themselves."""

from __future__ import annotations

import signal

import pytest
from true_runs import STATUS, Tell
from truth import CREATED


def test_row_41_a_thousand_lwps(tell: Tell) -> None:
    told = tell("multitude", "made", "1000")
    assert len(told.of("LWP_CREATED")) == len(told.of("LWP_EXITED")) == 1004


def test_row_42_the_process_exits_while_others_are_at_work(tell: Tell) -> None:
    told = tell("multitude", "left", "8")
    assert told.status == STATUS
    assert len(told.of("LWP_EXITED")) == 8


@pytest.mark.parametrize(("case", "status"), [("leaderless", 12), ("leaderless_exec", 7)])
def test_row_43_the_first_lwp_exits_first(tell: Tell, case: str, status: int) -> None:
    assert tell("multitude", case).status == status


def test_row_44_several_end_the_process_at_once(tell: Tell) -> None:
    assert tell("multitude", "quitting", "4").status in range(21, 25)


def test_row_44_the_process_exits_in_a_storm_of_lwps(tell: Tell) -> None:
    assert tell("multitude", "storm", "2").status == STATUS


def test_row_45_some_are_asleep_for_ever(tell: Tell) -> None:
    """Their call has no exit, which is all that is missing."""
    told = tell("multitude", "asleep", "3")
    assert told.status == STATUS
    asleep = [a for a in told.truth.accounts if a.how == CREATED]
    assert [a.calls[-1].name for a in asleep] == ["ppoll"] * 3
    entered = [row.lwp for row in told.rows if row[2:4] == ("SCE", "ppoll")]
    assert sorted(entered) == sorted(a.lwp for a in asleep)


def test_row_47_one_lwp_is_killed_and_all_end(tell: Tell) -> None:
    assert tell("multitude", "shot", "4").status == -signal.SIGKILL
