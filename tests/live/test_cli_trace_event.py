"""On every system: ``--format trace-event`` of real programs, and what DuckDB finds in it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from cli_support import picotrace
from opened import opened
from system import OPEN

SCRIPT = "trap : USR1; (exit 3); sh -c 'kill -USR1 $PPID'; cat /nonexistent; /bin/true; exit 7"
TABLE = """
    CREATE VIEW e AS SELECT unnest(traceEvents, max_depth := 2)
    FROM read_json(?, maximum_object_size = 100000000, columns = {traceEvents:
        'STRUCT(ph VARCHAR, ts DOUBLE, dur DOUBLE, pid INTEGER, tid INTEGER, name VARCHAR,
            cat VARCHAR, id BIGINT, args JSON)[]'})
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trace.json"


def ask(file: Path, query: str) -> list[tuple[Any, ...]]:
    """An answer about the table ``e`` of the events."""
    with duckdb.connect() as base:
        base.execute(TABLE.replace("?", f"'{file}'"))
        return base.execute(query).fetchall()


def test_a_tree_of_processes(file: Path) -> None:
    run = picotrace("-f", "--format", "trace-event", "-o", str(file), "sh", "-c", SCRIPT)
    assert (run.status, run.out) == (7, b"")
    events = opened(file.read_bytes())
    names = [e["args"]["name"] for e in events if e["name"] == "process_name"]
    assert {"sh", "cat", "true"} <= set(names)
    assert ask(file, "SELECT count(*) FROM e") == [(len(events),)]
    # A slice per call: what began has ended, by number, and in no negative time.
    assert ask(file, "SELECT sum(CASE ph WHEN 'B' THEN 1 WHEN 'E' THEN -1 END) FROM e") == [(0,)]
    [(backward,)] = ask(
        file,
        """SELECT count(*) FROM (SELECT ts < lag(ts) OVER (PARTITION BY pid, tid
            ORDER BY n) AS back FROM (SELECT *, row_number() OVER () AS n FROM e)
            WHERE ph IN ('B', 'E', 'i')) WHERE back""",
    )
    assert backward == 0
    # An arrow to each child, and one from who sent the signal.
    arrows = ask(
        file,
        """SELECT s.name, count(*) FROM e s JOIN e f ON s.id = f.id AND s.ph = 's' AND f.ph = 'f'
            WHERE s.pid != f.pid GROUP BY ALL ORDER BY ALL""",
    )
    found = dict(arrows)
    assert (found["fork"], found["SIGUSR1"]) == (4, 1)
    assert found["SIGCHLD"] >= 1
    failed = """SELECT name, count(*) >= 1 FROM e
        WHERE (args->>'error') = 'ENOENT' GROUP BY name"""
    assert (OPEN, True) in ask(file, failed)
    ended = """SELECT args->>'status' FROM e
        WHERE name = 'cat' AND cat = 'lwp' AND ph = 'E'"""
    assert ask(file, ended) == [("1",)]


def test_threads_and_a_crash(file: Path, tracee: Callable[[str], str]) -> None:
    run = picotrace(
        "-f", "--format", "trace-event", "-o", str(file), tracee("portable/threads"), "some", "5"
    )
    events = opened(file.read_bytes())
    assert len({e["tid"] for e in events}) > 1
    run = picotrace("--format", "trace-event", "-o", str(file), "sh", "-c", "kill -SEGV $$")
    assert run.status == -signal.SIGSEGV
    events = opened(file.read_bytes())
    assert events[-1]["args"]["signal"] == "SIGSEGV"


def test_only_exits(file: Path) -> None:
    run = picotrace("--format", "trace-event", "-Z", "-o", str(file), "cat", "/nonexistent")
    assert run.status == 1
    events = opened(file.read_bytes())
    assert {e["args"]["error"] for e in events if e["ph"] == "X"} >= {"ENOENT"}
