"""What a report says of a trace: held against what looking at all events again gives."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import recount
from hypothesis import example, given, settings
from hypothesis import strategies as st
from records import HEADER, batch_of_all
from story import LONG, PIDS, Step, Story, counted, story

import pypicotrace as pt
from pypicotrace import report, syscalls
from pypicotrace._ffi import ffi, lib
from pypicotrace.formats.values import program_of
from pypicotrace.kinds import Kind
from pypicotrace.report import activity, collected, descriptors, failures, processes
from pypicotrace.report.collected import Collected
from pypicotrace.report.durations import bucket_of
from pypicotrace.report.facts import Made
from pypicotrace.report.meaning import name_of_call

STEPS = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 9), st.integers(0, 999), st.integers(0, 40)),
    max_size=120,
)
ENDED_BEFORE_ANY_EXIT: list[Step] = [
    *[(0, 0, 0, 0)] * 6,
    (31, 0, 0, 0),
    *[(0, 1, 0, 0)] * 3,
    (17, 1, 0, 1),
    *[(0, 0, 0, 0)] * 2,
]
"""A process ends in a call; that exits are recorded is seen of another, later."""
NOTHING_BUT_AN_END: list[Step] = [*[(0, 0, 0, 0)] * 8, (14, 0, 0, 0), (53, 0, 1, 0)]
"""All that is kept of an LWP is that it has ended."""


@settings(deadline=None)
@given(STEPS, st.integers(0, 20))
@example(ENDED_BEFORE_ANY_EXIT, 10)
@example(NOTHING_BUT_AN_END, 10)
def test_of_any_story(steps: list[Step], first: int) -> None:
    check(story(steps).batch(first))


@pytest.mark.parametrize("first", [0, 1, 777])
def test_of_a_long_one(first: int) -> None:
    """Also where its beginning was not kept."""
    check(LONG.batch(first))


def test_it_does_not_matter_where_batches_end() -> None:
    facts = [Made(HEADER, counted(LONG.batch(), cut)).facts() for cut in (0, 1, 1000)]
    assert facts[0] == facts[1] == facts[2]


def check(batch: pt.Batch) -> None:
    events, made = list(batch), counted(batch)
    check_calls(events, made)
    check_failures(events, made)
    check_descriptors(events, made)
    check_processes(events, made)
    check_activity(events, made)
    assert made.events == len(events)


def check_calls(events: list[pt.Event], made: Collected) -> None:
    wanted = recount.calls(events)
    rows = {name_of_call(*key): row for key, row in made.counts.rows.first(10**6, lambda _: 0)}
    assert rows.keys() == wanted.keys()
    for name, (count, returned, errors, took) in wanted.items():
        row = rows[name]
        assert (row.count, row.returned, row.errors) == (count, returned, errors)
        assert (row.durations.count, row.durations.total) == (len(took), sum(took))
        for part in (0.5, 0.99):
            if took:
                told = row.durations.quantile(part)
                assert bucket_of(told) == bucket_of(recount.quantile(took, part))
    assert made.counts.count == sum(count for count, *_ in wanted.values())
    assert made.counts.errors == sum(errors for _, _, errors, _ in wanted.values())


def check_failures(events: list[pt.Event], made: Collected) -> None:
    for paths, rows in ((False, made.failures.by_call), (True, made.failures.by_path)):
        told = {
            (program_of(f.program).encode(), name_of_call(f.abi, f.sysnum), f.error)
            + ((f.address,) if paths else ()): times.count
            for f, times in rows.first(10**6, lambda _: 0)
        }
        assert told == recount.failures(events, paths=paths)


def check_descriptors(events: list[pt.Event], made: Collected) -> None:
    told = {
        (program_of(d.program).encode(), d.number, d.origin.seq if d.origin else None): [
            *(row.reads, row.bytes_read, row.writes, row.bytes_written)
        ]
        for d, row in made.descriptors.rows.first(10**6, lambda _: 0)
    }
    assert told == recount.moved(events)


def check_processes(events: list[pt.Event], made: Collected) -> None:
    lives = recount.lives(events)
    told = made.processes.all
    assert len(told) == len(lives)
    for process, life in zip(told, lives, strict=True):
        own = [events[place] for place in life]
        assert {event.pid for event in own} <= {process.pid}
        lwps = [(lwp.lwp, lwp.last_ns - lwp.begin_ns, lwp.in_ns) for lwp in process.lwps]
        assert sorted(lwps) == sorted(recount.inside(events, life))
        assert all(0 <= inside <= lived for _, lived, inside in lwps)
        assert process.errors == sum(map(recount.is_error, recount.exits(own)))
        assert process.calls == sum(count for count, *_ in recount.calls(own).values())
        ends = [event for event in own if isinstance(event, pt.Exited | pt.Signaled)]
        assert process.ended == bool(ends)
        check_parent(events, told, process)


def check_parent(
    events: list[pt.Event], told: list[processes.Process], process: processes.Process
) -> None:
    made = [
        event
        for event in events
        if isinstance(event, pt.Forked | pt.Vforked | pt.Spawned)
        and (event.child, event.ts_ns) == (process.pid, process.begin_ns)
    ]
    if process.parent < 0:
        assert not made
    else:
        parent = told[process.parent]
        assert [event.pid for event in made] == [parent.pid]
        assert parent.begin_ns <= process.begin_ns <= parent.last_ns


def check_activity(events: list[pt.Event], made: Collected) -> None:
    calls = sum(count for count, *_ in recount.calls(events).values())
    assert sum(made.activity.calls) == calls
    assert sum(made.activity.errors) == sum(map(recount.is_error, recount.exits(events)))


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_spans_of_time(times: list[int]) -> None:
    made = activity.Activity()
    for ts in times:
        made.add(ts, call=True, error=False)
    assert len(made.calls) <= activity.SPANS_MAX
    first = times[0] if times else 0
    wanted = Counter(max(ts - first, 0) // made.width for ts in times)
    assert {place: n for place, n in enumerate(made.calls) if n} == wanted


def test_marks_and_names() -> None:
    made = counted(LONG.batch())
    wanted = Counter(
        type(event) for event in LONG.batch() if isinstance(event, pt.Exec | pt.Stopped)
    )
    marks = [mark for process in made.processes.all for mark in process.marks]
    assert Counter(pt.Exec if kind == 3 else 0 for _, kind, _ in marks)[pt.Exec] == wanted[pt.Exec]
    assert len(marks) == wanted.total()
    for process in made.processes.all:
        assert len({name for _, name in process.programs[-1:]} | {process.program}) == 1


def test_nothing_is_too_odd() -> None:
    """Values that no kernel tells, in any order."""
    made = counted(batch_of_all(3000))
    for process in made.processes.all:
        for lwp in process.lwps:
            assert 0 <= lwp.in_ns <= lwp.last_ns - lwp.begin_ns
    Made(HEADER, made).facts()


def test_times_that_run_back() -> None:
    """Nothing is before the begin of the trace, or ends before it begins."""
    batch = LONG.batch()
    records = ffi.from_buffer("struct pico_event[]", batch.buffer(), require_writable=False)
    told = ffi.new("struct pico_event[]", len(batch))
    ffi.memmove(told, records, ffi.sizeof(told))
    times = [event.ts_ns for event in batch]
    for record, ts_ns in zip(told, reversed(times), strict=True):
        record.ts_ns = ts_ns
        record.elapsed_ns = 0
    facts = Made(HEADER, counted(pt.Batch(told, len(batch)))).facts()
    assert facts["duration"] == max(times) - min(times)
    for _, _, begin, end, _, _, _, _, names, marks, lwps in facts["processes"]:
        assert 0 <= begin <= end <= facts["duration"]
        assert all(begin <= since <= end for since, *_ in [*names, *marks])
        assert all(begin <= since <= last <= end for _, since, last, *_ in lwps)
    for row in [*facts["errors"], *facts["paths"]]:
        assert 0 <= row[4] <= facts["duration"]


def test_calls_that_were_entered_alone() -> None:
    """Nobody knows how long they took."""
    made = Story()
    for number in range(10):
        made.step((0, 0, number * 9, 10))
        made.alive[PIDS[0]].lwps[PIDS[0]] = None
    told = counted(made.batch())
    [process] = told.processes.all
    assert (process.calls, process.lwps[0].in_ns, told.counts.errors) == (10, 0, 0)
    [[name, _, count, returned, *_]] = Made(HEADER, told).facts()["calls"]
    assert (name, count, returned) == ("openat", 10, 0)


def test_what_netbsd_tells() -> None:
    """Its names; and that an execve has not failed of which its kernel says EJUSTRETURN, -2."""
    call = {"kind": 2, "pid": 7, "lwp": 7, "program": b"sh", "abi": lib.PICO_ABI_NETBSD}
    calls = syscalls.load("netbsd-amd64").by_name
    made = ffi.new("struct pico_event[]", 3)
    for place, told in enumerate(
        (
            {**call, "sysnum": calls["execve"].number, "error": -2, "elapsed_ns": 5},
            {**call, "sysnum": calls["open"].number, "error": 35, "nargs": 1, "args": [0x7F00]},
            {**call, "kind": 13, "sysnum": -1, "signo": 29},
        )
    ):
        for name, value in {"seq": place + 1, "ts_ns": 100 + place, **told}.items():
            setattr(made[place], name, value)
    facts = Made(HEADER._replace(os="netbsd"), counted(pt.Batch(made, 3))).facts()
    assert [row[:5] for row in facts["calls"]] == [
        ["execve", "netbsd-amd64", 1, 1, 0],
        ["open", "netbsd-amd64", 1, 1, 1],
    ]
    assert facts["errors"] == [["sh", "open", "EAGAIN", 1, 6, 6, ""]]
    assert facts["paths"] == [["sh", "open", "EAGAIN", 1, 6, 6, "0x7f00"]]
    assert facts["processes"][0][4:6] == ["SIGINFO", 2]


def test_an_execve_of_netbsd_ends_the_other_lwps() -> None:
    """Nothing else tells of their end; the one that called it keeps its id (GUARANTEES.md)."""
    call = {"abi": lib.PICO_ABI_NETBSD, "sysnum": 3}
    told: list[dict[str, Any]] = [
        {"kind": Kind.SCE, "lwp": 7, **call},
        {"kind": Kind.SCE, "lwp": 9, **call},
        {"kind": Kind.EXEC, "lwp": 9},
        {"kind": Kind.SCX, "lwp": 9, "enter_seq": 2, "elapsed_ns": 20, **call},
        {"kind": Kind.EXITED},
    ]
    made = ffi.new("struct pico_event[]", len(told))
    for place, values in enumerate(told):
        common = {"seq": place + 1, "ts_ns": 100 + 10 * place, "pid": 7, "sysnum": -1}
        for name, value in {**common, **values}.items():
            setattr(made[place], name, int(value))
    [process] = counted(pt.Batch(made, len(told))).processes.all
    lwps = [(lwp.lwp, lwp.begin_ns, lwp.last_ns, lwp.in_ns) for lwp in process.lwps]
    assert lwps == [(7, 100, 120, 20), (9, 110, 140, 20)]


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (processes, descriptors, failures, collected, report):
        for name in ("PROCESSES_MAX", "LWPS_MAX", "MARKS_MAX", "KEYS_MAX", "SHOWN_MAX"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, 5)


@pytest.mark.usefixtures("little_room")
def test_what_has_no_room_is_counted() -> None:
    events = list(LONG.batch())
    made = counted(LONG.batch())
    tree = made.processes
    lives = recount.lives(events)
    assert (len(tree.all), len(tree.all) + tree.more) == (5, len(lives))
    assert tree.events_elsewhere == sum(len(life) for life in lives[5:])
    kept = [lwp.lwp for process in tree.all for lwp in process.lwps]
    assert len(kept) == 5
    announced = [event.lwp for event in events if isinstance(event, pt.LwpCreated)]
    assert tree.more_lwps == len(lives) - 5 + len(set(announced) - set(kept))
    marks = sum(len(process.marks) + len(process.programs) - 1 for process in tree.all)
    assert marks == 5
    for rows, wanted in (
        (made.failures.by_call, recount.failures(events, paths=False)),
        (made.failures.by_path, recount.failures(events, paths=True)),
    ):
        kept_rows = rows.first(10**6, lambda _: 0)
        assert len(kept_rows) == 5
        assert sum(times.count for _, times in kept_rows) + rows.refused == wanted.total()
    # What is counted of all is so still.
    check_calls(events, made)
    check_activity(events, made)
