"""Parquet: the whole of a trace, beside others in one table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from records import HEADER, batch_of_all

import pypicotrace as pt
from pypicotrace._ffi import ffi
from pypicotrace.formats import new, parquet
from pypicotrace.formats.parquet import SCHEMA, traces, write
from pypicotrace.kinds import Kind


def nothing(part: float) -> None:
    pass


def read(file: Path) -> tuple[pt.Header, list[pt.Batch]]:
    header, batches = parquet.read(file, nothing)
    return header, list(batches)


def as_ndjson(header: pt.Header, batches: list[pt.Batch]) -> bytes:
    form = new("ndjson")
    return b"".join([form.begin(header), *map(form.events, batches), form.end()])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "traces.parquet"


@pytest.mark.parametrize("rows", [100, 1 << 15])
def test_everything_comes_back(table: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(parquet, "ROWS", rows)
    batches = [batch_of_all(500, seed) for seed in range(3)]
    file = write(table, HEADER, batches)
    header, back = read(file)
    assert header == HEADER
    assert [e for each in back for e in each] == [e for each in batches for e in each]
    assert as_ndjson(header, back) == as_ndjson(HEADER, batches)


def test_one_schema(table: Path) -> None:
    files = [write(table, HEADER, [batch_of_all(100)]), write(table / "other", HEADER, [])]
    for file in files:
        assert pq.read_schema(file).remove_metadata() == SCHEMA
    assert read(files[1]) == (HEADER, [])


def test_progress_is_told(table: Path) -> None:
    parts: list[float] = []
    file = write(table, HEADER, [batch_of_all(5000)])
    _, batches = parquet.read(file, parts.append)
    assert sum(map(len, batches)) == 5000
    assert parts == [4096 / 5000, 1]


def test_traces_of_many_machines_are_one_table(table: Path) -> None:
    for host in ("one", "a/b =c", ""):
        write(table, HEADER._replace(host=host), [batch_of_all(20)])
    # The same again takes the place of the first.
    write(table, HEADER._replace(host="one"), [batch_of_all(20)])
    write(table, HEADER._replace(host="one", boot="later"), [batch_of_all(20)])
    assert len(traces(table)) == 4
    with duckdb.connect() as base:
        query = """SELECT host, boot, count(*), min(time)::VARCHAR
            FROM read_parquet(?, hive_partitioning = true) GROUP BY ALL ORDER BY ALL"""
        found = base.execute(query, [f"{table}/**/*.parquet"]).fetchall()
    assert [(host, boot, count) for host, boot, count, _ in found] == [
        *[("-", HEADER.boot, 20), ("a/b =c", HEADER.boot, 20)],
        *[("one", HEADER.boot, 20), ("one", "later", 20)],
    ]
    assert len({time for *_, time in found}) == 1


def test_what_fails_leaves_nothing(table: Path) -> None:
    """Neither half a trace that would be taken for one, nor the old one changed."""

    def cut() -> Iterator[pt.Batch]:
        yield batch_of_all(20)
        raise pt.BadRecording("cut")

    before = write(table, HEADER, [batch_of_all(20)]).read_bytes()
    with pytest.raises(pt.BadRecording, match="cut"):
        write(table, HEADER, cut())
    [file] = traces(table)
    assert file.read_bytes() == before
    assert [path for path in table.rglob("*") if path.is_file()] == [file]


def test_a_number_that_is_too_large(table: Path) -> None:
    records = ffi.new("struct pico_event[]", 1)
    records[0].kind, records[0].seq = Kind.SCE, 2**63
    with pytest.raises(pt.BadRecording, match="seq"):
        write(table, HEADER, [pt.Batch(records, 1)])
    assert traces(table) == []


def test_what_is_no_trace(tmp_path: Path) -> None:
    text = tmp_path / "text.parquet"
    text.write_text("PAR0")
    with pytest.raises(pt.BadRecording, match="no trace of picotrace"):
        read(text)
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), other)
    with pytest.raises(pt.BadRecording, match="it has no header"):
        read(other)
    less = tmp_path / "less.parquet"
    metadata = pq.read_schema(write(tmp_path, HEADER, [])).metadata
    pq.write_table(pa.table({"ev": ["sce"]}).replace_schema_metadata(metadata), less)
    with pytest.raises(pt.BadRecording, match="it has no column"):
        read(less)


def test_a_file_that_is_damaged(tmp_path: Path) -> None:
    """Wherever a byte is another, it is a trace, or one line says that the file is none."""
    file = write(tmp_path, HEADER, [batch_of_all(200)])
    whole = file.read_bytes()
    found = []
    for place in range(4, len(whole), max(len(whole) // 400, 1)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x41
        file.write_bytes(damaged)
        try:
            read(file)
        except pt.BadRecording as error:
            found.append(str(error))
    assert len(found) > 100
    assert [told for told in found if not told.startswith(f"{file}: ") or "\n" in told] == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="No such file") as caught:
        read(tmp_path / "no.parquet")
    assert caught.value.filename == str(tmp_path / "no.parquet")
