"""picotrace-truss -c: what is counted, and how it is shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

import pypicotrace as pt
from pypicotrace.kinds import Kind
from pypicotrace.tools.frame import Failure
from pypicotrace.tools.truss.arguments import arguments
from pypicotrace.tools.truss.counts import ORDERS, Counts, Row, bucket, middle

ROWS = [
    # pid, lwp, number and name, error, nanoseconds
    (7, 7, 0, "read", 0, 1000),
    (7, 8, 0, "read", 4, 3000),
    (9, 9, 1, "write", 0, 96000),
    (9, 9, 0, "read", -2, 0),
]


def exits() -> list[pt.SyscallExit]:
    return [
        pt.SyscallExit(
            pid=pid,
            lwp=lwp,
            sysnum=number,
            name=name,
            error=error,
            elapsed_ns=ns,
            abi="linux-x86_64",
            program=b"p",
        )
        for pid, lwp, number, name, error, ns in ROWS
    ]


KINDS = {pt.SyscallExit: Kind.SCX, pt.Exited: Kind.EXITED, pt.Signaled: Kind.SIGNALED}


class Columns(list[Any]):
    """As much of a `pypicotrace.Batch` as is looked at."""

    def __getattr__(self, name: str) -> list[Any]:
        if name == "kind":
            return [KINDS[type(event)] for event in self]
        return [getattr(event, name, 0) for event in self]


def test_a_programs_name_is_no_line() -> None:
    counts = Counts("process")
    counts.add(replace(exits()[0], program=b"a\n\x1b[31m\xff"))
    assert counts.table().splitlines()[0] == r"Process 7 (a\n\x1b[31m\xff):"


@pytest.fixture(params=["batch", "events"])
def counts(request: pytest.FixtureRequest) -> Any:
    """Counts of the rows, or of others, that were taken in the one way or the other."""

    def make(by: str, events: Sequence[pt.Event] = tuple(exits())) -> Counts:
        made = Counts(by)
        if request.param == "batch":
            made.add_batch(Columns(events))  # type: ignore[arg-type]
        else:
            for event in events:
                if isinstance(event, pt.SyscallExit):
                    made.add(event)
                else:
                    made.ended(event.pid)
        return made

    return make


@pytest.mark.parametrize("ns", [0, 1, 31, 32, 63, 64, 65, 1000, 12345, 10**9, 2**63])
def test_a_time_is_known_to_a_32nd(ns: int) -> None:
    assert abs(middle(bucket(ns)) - ns) * 32 <= ns


def test_buckets_are_in_order() -> None:
    places = [bucket(ns) for ns in range(5000)]
    assert places == sorted(places)


def test_quantiles() -> None:
    row = Row()
    row.calls, row.buckets = 100, {bucket(10): 50, bucket(20): 49, bucket(30): 1}
    assert [row.quantile(share) for share in (0.0, 0.5, 0.51, 0.99, 1.0)] == [10, 10, 20, 20, 30]


def test_totals(counts: Any) -> None:
    [(owner, lines)] = counts("total").lines()
    assert owner == ()
    assert [(line.name, line.calls, line.errors) for line in lines] == [
        ("write", 1, 0),
        ("read", 3, 1),
    ]
    assert [line.share for line in lines] == [0.96, 0.04]
    assert sum(line.seconds for line in lines) == pytest.approx(1e-4)


def test_each_process_and_lwp(counts: Any) -> None:
    got = {owner: [line.name for line in lines] for owner, lines in counts("process").lines()}
    assert got == {(7,): ["read"], (9,): ["write", "read"]}
    assert [owner for owner, _ in counts("lwp").lines()] == [(7, 7), (7, 8), (9, 9)]
    assert "Process 7 (p), LWP 8:\n" in counts("lwp").table()


def life(pid: int, programs: Sequence[bytes]) -> list[pt.Event]:
    """A process that reads as one program after the other, and its end."""
    read = replace(exits()[0], pid=pid, lwp=pid)
    return [*(replace(read, program=program) for program in programs), pt.Exited(pid=pid, lwp=0)]


@pytest.mark.parametrize("by", ["process", "lwp"])
def test_an_id_that_comes_again_is_another_process(counts: Any, by: str) -> None:
    killed = pt.Signaled(pid=7, lwp=0, signo=9)
    lives = [*life(7, [b"a", b"a"]), *life(9, [b"x"]), *life(7, [b"b"])[:-1], killed]
    made = counts(by, [*lives, *life(7, [b"c"] * 3)])
    found = [(owner[0], [line.calls for line in lines]) for owner, lines in made.lines()]
    assert found == [(7, [2]), (7, [1]), (7, [3]), (9, [1])]
    titles = [line for line in made.table().splitlines() if line.startswith("Process")]
    lwp = ", LWP {}" if by == "lwp" else ""
    whose = [(7, "a"), (7, "b"), (7, "c"), (9, "x")]
    assert titles == [f"Process {pid} ({name}){lwp.format(pid)}:" for pid, name in whose]
    calls = json.loads(made.json())["calls"]
    assert [(row["pid"], row["calls"]) for row in calls] == [(7, 2), (7, 1), (7, 3), (9, 1)]
    assert {len(now.owner) for now in made.now().values()} == {len(made.owner)}


def test_a_row_that_is_drawn_stays_itself_where_its_id_comes_again(counts: Any) -> None:
    made = counts("process", life(7, [b"a", b"a"]))
    [(before, _)] = made.now().items()
    made.add(life(7, [b"b"])[0])
    assert [now.calls for row, now in made.now().items() if row is before] == [2]
    assert [now.calls for row, now in made.now().items() if row is not before] == [1]


def test_all_together_are_counted_as_before(counts: Any) -> None:
    [(_, [line])] = counts("total", [*life(7, [b"a"])[:-1], *life(7, [b"b"])[:-1]]).lines()
    assert line.calls == 2


def test_the_title_has_the_last_program(counts: Any) -> None:
    """That which called execve is over."""
    [title] = counts("process", life(7, [b"sh", b"ls"])).table().splitlines()[:1]
    assert title == "Process 7 (ls):"


@pytest.mark.parametrize("order", ORDERS)
def test_orders(counts: Any, order: str) -> None:
    [(_, lines)] = counts("total").lines(order)
    first = "read" if order in ("calls", "errors", "name") else "write"
    assert lines[0].name == first


def test_table(counts: Any) -> None:
    rows = [line.split() for line in counts("total").table().splitlines()]
    assert rows[2] == ["96.00", "0.000096", "96.0", "95.2", "95.2", "1", "write"]
    assert rows[-1] == ["100.00", "0.000100", "25.0", "4", "1", "total"]


def test_json(counts: Any) -> None:
    calls = json.loads(counts("process").json("name"))["calls"]
    assert calls[0] == {
        "pid": 7,
        "name": "read",
        "calls": 2,
        "errors": 1,
        "time": 4000,
        "mean": 2000,
        "p50": middle(bucket(1000)),
        "p99": middle(bucket(3000)),
    }


def test_nothing_was_called() -> None:
    assert Counts().table() == ""
    assert json.loads(Counts().json()) == {"calls": []}


def test_command_line() -> None:
    got = arguments(["-c", "-S", "p99", "--by", "lwp", "--json", "x"])
    assert not isinstance(got, str)
    assert got.counting == (True, "p99", "lwp", True, None)


@pytest.mark.parametrize(
    "words", [["-S", "time"], ["-cC"], ["-c", "-S", "odd"], ["-c", "--by", "odd"]]
)
def test_command_lines_that_make_no_sense(words: list[str]) -> None:
    with pytest.raises(Failure):
        arguments([*words, "x"])
