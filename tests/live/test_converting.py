"""On every system: a recording of 50,000 events, through every format and back without loss.

Each is validated.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

import duckdb
import jsonschema
import pytest
from cli_support import LONG_BOUND, lines, picotrace, untraced
from opened import opened

import pypicotrace as pt
from pypicotrace import formats

SCHEMA = json.loads(Path(formats.__file__).with_name("ndjson.schema.json").read_text())
MAIN = "import sys; from pypicotrace.convert import main; sys.exit(main())"
PROGRAM = """
i=0; while [ $i -lt 500 ]; do i=$((i+1)); [ -e /x ]; done &
sh -c 'exec ls -lR /usr/include' >/dev/null 2>&1
i=0; while [ $i -lt 25000 ]; do i=$((i+1)); [ -e /x ]; done
wait
kill -TERM $$
"""
EVERY = 97
"""One event of so many is held against a schema, which takes its time."""
pytestmark = pytest.mark.bound(3 * LONG_BOUND)


def convert(*argv: str | Path) -> bytes:
    run = untraced([sys.executable, "-c", MAIN, *map(str, argv)], bound=LONG_BOUND)
    assert (run.status, run.err) == (0, b"")
    return run.out


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recording") / "trace.ndjson"
    picotrace("-f", "--format", "ndjson", "-o", str(file), "sh", "-c", PROGRAM, bound=LONG_BOUND)
    return file


@pytest.fixture(scope="module")
def events(recording: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in recording.read_bytes().splitlines()[1:]]


def test_ndjson(recording: Path, events: list[dict[str, object]], tmp_path: Path) -> None:
    assert len(events) > 50_000
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for line in recording.read_bytes().splitlines()[::EVERY]:
        validator.validate(json.loads(line))
    again = tmp_path / "again.ndjson"
    convert(recording, again)
    assert again.read_bytes() == recording.read_bytes()


def test_parquet(recording: Path, events: list[dict[str, object]], tmp_path: Path) -> None:
    table, back = tmp_path / "table.parquet", tmp_path / "back.ndjson"
    convert(recording, table)
    convert(table, back)
    assert back.read_bytes() == recording.read_bytes()
    with duckdb.connect() as base:
        query = "SELECT ev, count(*), sum(seq) FROM read_parquet(?) GROUP BY ev"
        found = base.execute(query, [f"{table}/**/*.parquet"]).fetchall()
    assert {ev: count for ev, count, _ in found} == Counter(event["ev"] for event in events)
    assert sum(total for *_, total in found) == len(events) * (len(events) + 1) // 2


def test_trace_event(recording: Path, events: list[dict[str, object]]) -> None:
    shown = opened(convert("-t", "trace-event", recording, "-"), every=EVERY)
    begun = [event for event in shown if event["ph"] == "B" and event["cat"] == "syscall"]
    entered = sum(event["ev"] == "sce" for event in events)
    # The execve of ls begins in the slice of sh and ends in that of ls.
    assert len(begun) == entered + 1


def test_strace(recording: Path, events: list[dict[str, object]]) -> None:
    text = convert("-t", "strace", recording, "-").decode().splitlines()
    line = re.compile(
        r"\d+ +\d{10}\.\d{6} (?:\w+\([^()]*|<\.\.\. \w+ resumed>)"
        r"(?: <unfinished \.\.\.>|\) += .*)|\d+ +\d{10}\.\d{6} (?:---|\+\+\+) .* (?:---|\+\+\+)"
    )
    assert [each for each in text if not line.fullmatch(each)] == []
    returned = sum(event["ev"] == "scx" for event in events)
    assert sum(" = " in each and " = ?" not in each for each in text) == returned


def test_text(recording: Path, events: list[dict[str, object]]) -> None:
    text = lines(convert("-t", "text", recording, "-"))
    assert [line.event.lower() for line in text] == [event["ev"] for event in events]


def test_events(recording: Path, events: list[dict[str, object]]) -> None:
    read = pt.read(recording)
    assert [event.seq for event in read] == [event["seq"] for event in events]
