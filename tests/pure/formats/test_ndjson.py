"""ndjson: it has everything, as its schema says, and gives it back."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from records import HEADER, batch_of_all

import pypicotrace as pt
from pypicotrace import formats, syscalls
from pypicotrace._ffi import ffi, lib
from pypicotrace.batch import batch_of
from pypicotrace.formats import lines
from pypicotrace.formats.header import here
from pypicotrace.formats.values import bytes_of, text_of

SCHEMA = json.loads(Path(formats.__file__).with_name("ndjson.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def written(batch: pt.Batch, header: pt.Header = HEADER) -> bytes:
    form = formats.new("ndjson")
    return form.begin(header) + form.events(batch) + form.end()


@pytest.fixture(scope="module")
def batch() -> pt.Batch:
    return batch_of_all()


@pytest.fixture
def file(tmp_path: Path, batch: pt.Batch) -> Path:
    path = tmp_path / "trace.ndjson"
    path.write_bytes(written(batch))
    return path


def values(event: pt.Event) -> dict[str, Any]:
    """All fields, also those that are no part of equality."""
    return {field.name: getattr(event, field.name) for field in fields(event)}


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_each_line_is_as_the_schema_says(batch: pt.Batch) -> None:
    for line in written(batch).splitlines():
        VALIDATOR.validate(json.loads(line))


def test_the_schema_has_the_keys_that_are_written_in_their_order() -> None:
    for kind in lines.EventLine.__args__:
        tag = msgspec.inspect.type_info(kind).tag  # type: ignore[union-attr]
        keys = ["ev", *(field.encode_name for field in msgspec.structs.fields(kind))]
        assert SCHEMA["$defs"][tag]["required"] == keys
    keys = [field.encode_name for field in msgspec.structs.fields(lines.Head)]
    assert SCHEMA["$defs"]["header"]["required"] == keys


@pytest.mark.parametrize(
    "change",
    [
        {"ev": "nothing"},
        {"args": [-1]},
        {"args": ["12"]},
        {"args": [2**53]},
        {"program": "\\"},
        {"program": "\\x41"},
        {"more": 1},
    ],
)
def test_the_schema_refuses(change: dict[str, Any]) -> None:
    line = {"ev": "sce", "seq": 1, "ts_ns": 0, "pid": 1, "lwp": 1, "program": "ls"}
    line |= {"abi": "linux-x86_64", "nr": 1, "name": "write", "args": [1, "0x10", 1]}
    VALIDATOR.validate(line)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(line | change)


def test_numbers_are_exact_for_every_reader(batch: pt.Batch) -> None:
    """JavaScript's have 53 bits: no number is larger, but for times, which are in 2^53 ns."""

    def numbers(value: Any) -> Iterator[int]:
        if isinstance(value, int):
            yield value
        elif isinstance(value, list):
            for each in value:
                yield from numbers(each)

    for line in written(batch).splitlines()[1:]:
        event = json.loads(line)
        found = [event[key] for key in ("args", "ret", "ret2", "value") if key in event]
        assert all(abs(number) < 2**53 for number in numbers(found))


def test_what_points_is_hexadecimal() -> None:
    line = json.loads(written(batch_with("openat", [3, 0x7FFF0000, 0, 0])).splitlines()[1])
    assert line["args"] == [3, "0x7fff0000", 0, 0]


def batch_with(name: str, args: list[int]) -> pt.Batch:
    records = ffi.new("struct pico_event[]", 1)
    records[0].kind, records[0].abi = lib.PICO_SCE, lib.PICO_ABI_LINUX_X86_64
    records[0].sysnum = syscalls.load("linux-x86_64").by_name[name].number
    records[0].nargs, records[0].args = len(args), args
    return pt.Batch(records, 1)


def test_the_events_come_back(file: Path, batch: pt.Batch) -> None:
    recording = pt.read(file)
    assert recording.header == HEADER
    events = list(recording)
    assert events == list(batch)
    assert [values(event) for event in events] == [values(event) for event in batch]
    assert all(event.stop is None for event in events)
    # What a text of them shows, and has no field of an event, is there too.
    again = batch_of(b"".join(each.buffer() for each in recording.stream(7)))
    assert written(again) == file.read_bytes()


def test_batches_are_no_larger_than_asked_for(file: Path, batch: pt.Batch) -> None:
    sizes = [len(each) for each in pt.read(file).stream(64)]
    assert sizes == [64] * (len(batch) // 64) + [len(batch) % 64]
    with pytest.raises(ValueError, match="one event at least"):
        pt.read(file).stream(0)


def test_it_can_be_read_again_and_from_a_stream(file: Path, batch: pt.Batch) -> None:
    recording = pt.read(os.fsencode(file))
    assert list(recording) == list(recording)
    with file.open("rb") as stream:
        assert list(pt.read(stream)) == list(batch)
    assert list(pt.read(io.BytesIO(file.read_bytes()))) == list(batch)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: b"  123  123 ls SCE read()\n", "no recording of picotrace"),
        (lambda text: text.replace(b"otrace/1", b"otrace/2"), "schema is 'pypicotrace/2'"),
        (lambda text: b'{"schema":"pypicotrace/2","when":{}}\n', "schema is 'pypicotrace/2'"),
        (lambda text: text.replace(b'"ev":"forked"', b'"ev":"forkled"', 1), r": line 5: .*forkled"),
        (lambda text: text.replace(b'"seq":3,', b'"seq":-3,'), ": line 4: "),
        (lambda text: text.replace(b'"seq":3,', b""), ": line 4: .*seq"),
        (lambda text: text.replace(b'"args":[', b'"args":["0y",', 1), ": line 2: .*0y"),
        (lambda text: text.replace(b'"args":[', b'"args":[' + b"0," * 9, 1), ": line 2: .*8 arg"),
        (lambda text: text.replace(b'"program":"', b'"program":"' + b"p" * 24, 1), "too long"),
        (lambda text: text.replace(b'"program":"', b'"program":"' + b"p" * 99, 1), "'p{40}'$"),
        (lambda text: text + text, "another recording begins here$"),
        (lambda text: text.replace(b'"program":"', b'"program":"\\\\q', 1), "a backslash"),
        (lambda text: text + b'{"ev":' + b"[" * 10**5 + b"\n", r": line \d+: its brackets are too"),
        (lambda text: b'{"x":' + b"[" * 10**5 + b"\n", "no recording.*brackets are too deep"),
        (lambda text: b"", "no recording of picotrace: it is empty"),
        (lambda text: text.splitlines()[0], "no recording of picotrace: its first line is cut"),
        (lambda text: text[:-1], "the last line is cut"),
        (lambda text: text[:-30], "the last line is cut"),
    ],
)
def test_what_is_no_recording(file: Path, change: Callable[[bytes], bytes], message: str) -> None:
    text = change(file.read_bytes())
    assert text != file.read_bytes()
    file.write_bytes(text)
    with pytest.raises(pt.BadRecording, match=f"trace.ndjson: .*{message.lstrip(': ')}"):
        list(pt.read(file))


def test_what_comes_before_a_mistake_is_given(file: Path, batch: pt.Batch) -> None:
    file.write_bytes(file.read_bytes()[:-30])
    recording = iter(pt.read(file))
    assert [next(recording) for _ in range(len(batch) - 1)] == list(batch)[:-1]
    with pytest.raises(pt.BadRecording):
        next(recording)


def test_a_line_without_an_end_is_not_read_for_ever() -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"x" * size

        def readline(self, size: int | None = -1) -> bytes:
            return written(batch_of_all(0))

    with pytest.raises(pt.BadRecording, match="has no end"):
        list(pt.read(Endless()))  # type: ignore[arg-type]


@pytest.mark.parametrize("source", [5, None, io.StringIO('{"schema":')])
def test_what_is_no_file_of_bytes(source: Any) -> None:
    with pytest.raises(TypeError, match=r"by its name, or as a file of bytes \(mode 'rb'\)"):
        pt.read(source)


def test_later_versions_may_say_more(file: Path, batch: pt.Batch) -> None:
    file.write_bytes(file.read_bytes().replace(b'{"ev"', b'{"new":{"a":[1]},"ev"'))
    assert list(pt.read(file)) == list(batch)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"ls", "ls"),
        (b"\xff", "\\xff"),
        (b"\\xff", "\\\\xff"),
        (b"\xc3\xa9\xc3", "\xe9\\xc3"),
        (b"\n\x00", "\n\x00"),
        (b"\xed\xb2\x80", "\\xed\\xb2\\x80"),
    ],
)
def test_bytes_in_strings(data: bytes, text: str) -> None:
    assert text_of(data) == text
    assert bytes_of(text) == data


def test_all_bytes_in_strings() -> None:
    pairs = [bytes([a, b]) for a in range(256) for b in range(256)]
    assert [bytes_of(text_of(pair)) for pair in pairs] == pairs
    pattern = jsonschema.Draft202012Validator(SCHEMA["$defs"]["bytes"])
    assert all(pattern.is_valid(text_of(pair)) for pair in pairs)


def test_a_backslash_alone_is_no_byte() -> None:
    with pytest.raises(ValueError, match="backslash"):
        bytes_of("a\\b")


def test_the_header_of_this_machine() -> None:
    header = here("1", ["ls", b"\xff"])
    assert header.os in ("linux", "netbsd")
    assert (header.command, header.version) == ((b"ls", b"\xff"), "1")
    assert header.boot == here("1").boot
    VALIDATOR.validate(json.loads(written(batch_of_all(0), header)))


@pytest.mark.parametrize("use", [lambda: formats.new("ndjson"), lambda: pt.read(os.devnull)])
def test_without_msgspec(monkeypatch: pytest.MonkeyPatch, use: Callable[[], object]) -> None:
    for name in [name for name in sys.modules if name.startswith("pypicotrace.formats.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "msgspec", None)
    with pytest.raises(pt.MissingExtra, match=r"msgspec: pip install 'pypicotrace\[formats\]'"):
        use()


def test_a_system_that_does_not_tell_its_boots_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose /proc has no sys."""
    monkeypatch.setattr("pypicotrace.formats.header.BOOT_ID", "/nowhere/boot_id")
    monkeypatch.setattr("sys.platform", "linux")
    assert here("1").boot == ""
