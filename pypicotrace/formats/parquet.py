"""Parquet: traces of many machines as one table, a file for each trace.

The columns are the keys of ndjson, all of them in every row, and ``trace``, which tells apart the
traces of one boot. What is 64 bits in a word there is a number here. Host and boot are in the
names of the folders, as Hive has them; the header is in the file's metadata.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from pypicotrace.batch import Batch, batch_of
from pypicotrace.errors import BadRecording
from pypicotrace.formats import lines
from pypicotrace.formats.header import Header
from pypicotrace.formats.ndjson import Ndjson, makers
from pypicotrace.formats.parsing import header_of, record_of
from pypicotrace.layout import PLACES

HEADER = b"pypicotrace"
"""The key of the metadata that has the first line of ndjson."""
ROWS = 1 << 15
"""In a group of rows, and so in memory."""
BATCH = 4096
UNREADABLE = (pa.ArrowException, OSError, KeyError, TypeError, ValueError)
"""What a damaged file is found by."""

NAME = pa.dictionary(pa.int32(), pa.string())
"""A string of which there are few: each is stored once."""
SCHEMA = pa.schema(
    [
        pa.field("trace", pa.int64(), nullable=False),
        pa.field("seq", pa.int64(), nullable=False),
        pa.field("ts_ns", pa.int64(), nullable=False),
        pa.field("time", pa.timestamp("ns", "UTC"), nullable=False),
        pa.field("ev", NAME, nullable=False),
        pa.field("pid", pa.int32(), nullable=False),
        pa.field("lwp", pa.int32(), nullable=False),
        pa.field("program", NAME, nullable=False),
        ("abi", NAME),
        ("nr", pa.int32()),
        ("name", NAME),
        ("args", pa.list_(pa.uint64())),
        ("ret", pa.uint64()),
        ("ret2", pa.uint64()),
        ("error", pa.int32()),
        ("error_name", NAME),
        ("enter_seq", pa.int64()),
        ("elapsed_ns", pa.int64()),
        ("half", pa.bool_()),
        ("cut", pa.bool_()),
        ("old_lwp", pa.int32()),
        ("child", pa.int32()),
        ("status", pa.int32()),
        ("signo", pa.int32()),
        ("signal", NAME),
        ("core", pa.bool_()),
        ("code", pa.int32()),
        ("sender", pa.int32()),
        ("uid", pa.uint32()),
        ("addr", pa.uint64()),
        ("trap", pa.int32()),
        ("errno", pa.int32()),
        ("value", pa.uint64()),
        ("pc", pa.uint64()),
    ]
)
COLUMNS = [name for name in SCHEMA.names if name not in ("trace", "time")]
"""What an event is made of again."""
WORDS = {"ret", "ret2", "addr", "value", "pc"}

KINDS: dict[str, type[lines.Line]] = {str(of.__struct_config__.tag): of for of in lines.EVENT_LINES}
KEYS = {of: [field.name for field in msgspec.structs.fields(of)] for of in lines.EVENT_LINES}
TAGS = {of: tag for tag, of in KINDS.items()}


def write(folder: Path, header: Header, batches: Iterable[Batch]) -> Path:
    """Add a trace to a table.

    It takes its place when it is whole. One that is there already is replaced by itself.

    :param folder: the table's folder, which is made where there is none.
    :returns: the trace's file.
    :raises OSError: it cannot be written.
    :raises BadRecording: a number in it is too large for its column.
    """
    check_name(folder)
    host, boot = (quote(value, safe="") or "-" for value in (header.host, header.boot))
    place = folder / f"host={host}" / f"boot={boot}"
    source = iter(batches)
    first = next(source, None)
    made = Rows(header, next(first.tuples())[PLACES["ts_ns"]] if first else 0)
    place.mkdir(parents=True, exist_ok=True)
    whole = place / f"trace-{made.trace}.parquet"
    part = whole.with_suffix(".part")
    metadata = {HEADER: Ndjson().begin(header).rstrip()}
    try:
        with pq.ParquetWriter(part, SCHEMA.with_metadata(metadata)) as writer:
            for batch in chain([first] if first else [], source):
                made.add(batch)
                if len(made) >= ROWS:
                    writer.write_batch(made.taken())
            writer.write_batch(made.taken())
        part.rename(whole)
    finally:
        part.unlink(missing_ok=True)
    return whole


def check_name(path: Path) -> None:
    """Refuse a name that pyarrow would not take.

    :raises OSError: EILSEQ, it is not UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        why = "its name is not UTF-8, and pyarrow takes no other"
        raise OSError(errno.EILSEQ, why, str(path)) from None


class Rows:
    """Rows on their way into a file."""

    def __init__(self, header: Header, trace: int) -> None:
        self.trace = trace
        self._epoch_ns = header.epoch_ns
        self._makers = makers(header.os)
        self._lines: list[Any] = []

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, batch: Batch) -> None:
        make, kind = self._makers, PLACES["kind"]
        self._lines += [make[row[kind]](row) for row in batch.tuples()]

    def taken(self) -> pa.RecordBatch:
        """All that was added.

        :raises BadRecording: a number is too large.
        """
        taken, self._lines = self._lines, []
        columns = []
        for field in SCHEMA:
            values = self._column(field.name, taken)
            try:
                columns.append(pa.array(values, field.type))
            except (pa.ArrowInvalid, OverflowError) as error:
                raise BadRecording(f"{field.name}: {error}") from None
        return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)

    def _column(self, name: str, taken: list[Any]) -> list[Any]:
        if name == "trace":
            return [self.trace] * len(taken)
        if name == "time":
            return [line.ts_ns + self._epoch_ns for line in taken]
        if name == "ev":
            return [TAGS[type(line)] for line in taken]
        if name == "args":
            return [
                [_number(arg) for arg in line.args] if isinstance(line, lines.Sce) else None
                for line in taken
            ]
        values = [getattr(line, name, None) for line in taken]
        return [_number(value) for value in values] if name in WORDS else values


def _number(value: Any) -> int | None:
    return int(value, 16) if isinstance(value, str) else value


def traces(path: Path) -> list[Path]:
    """The files of a table, or the one that is named."""
    return sorted(path.rglob("*.parquet")) if path.is_dir() else [path]


def read(file: Path, told: Callable[[float], None]) -> tuple[Header, Iterator[Batch]]:
    """One trace of a table.

    :param told: is called with the part of the rows that was read, up to 1.
    :returns: its header, and its events.
    :raises OSError: it cannot be read.
    :raises BadRecording: it is no trace; also in the iteration.
    """
    check_name(file)
    try:
        source = pq.ParquetFile(file)
        header = header_of((source.schema_arrow.metadata or {})[HEADER])
        missing = set(SCHEMA.names) - set(source.schema_arrow.names)
        if missing:
            raise ValueError(f"it has no column {min(missing)}")
    except UNREADABLE as error:
        why = "it has no header" if isinstance(error, KeyError) else told_of(error, file)
        raise BadRecording(f"{file}: no trace of picotrace: {why}") from None
    return header, _batches(source, file, told)


def _batches(source: pq.ParquetFile, file: Path, told: Callable[[float], None]) -> Iterator[Batch]:
    done = 0
    all_rows = source.iter_batches(BATCH, columns=COLUMNS)
    while True:
        try:
            rows = next(all_rows, None)
            if rows is None:
                return
            batch = batch_of(b"".join(map(_record, rows.to_pylist())))
        except UNREADABLE as error:
            raise BadRecording(f"{file}: {told_of(error, file)}") from None
        yield batch
        done += len(rows)
        told(done / source.metadata.num_rows)


def told_of(error: Exception, file: Path) -> str:
    """What is wrong with a file, in a line.

    :raises OSError: the system says so, and not what reads Parquet, whose errors have no number.
    """
    if isinstance(error, OSError) and error.errno:
        raise OSError(error.errno, os.strerror(error.errno), str(file)) from None
    return " ".join(str(error).split())


def _record(row: dict[str, Any]) -> bytes:
    of = KINDS[row["ev"]]
    values = {key: row[key] for key in KEYS[of]}
    for key in ("addr", "pc"):  # strings in a line
        if values.get(key) is not None:
            values[key] = hex(values[key])
    return record_of(of(**values))
