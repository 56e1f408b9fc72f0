"""The text of a recording, as C writes that of a live trace."""

from __future__ import annotations

from typing import Any

from pypicotrace import syscalls
from pypicotrace._ffi import ffi, lib
from pypicotrace.batch import Batch
from pypicotrace.formats.header import Header
from pypicotrace.text import Text, open_text


class Plain:
    """The format. What a new program was given is not in a recording, and so not in its text."""

    def __init__(self, style: Text = Text.PLAIN) -> None:
        self._style = style
        self._keep: list[Any] = []
        self._text: Any = None
        self._line = ffi.new("char[]", lib.PICO_LINE_MAX)

    def begin(self, header: Header) -> bytes:
        system = header.os if header.os in syscalls.SYSTEMS else "linux"
        abis = [abi for abi in syscalls.ABIS if abi.startswith(system)]
        tables = [syscalls.load(abi) for abi in abis]
        self._text = open_text(self._keep, -1, int(self._style), tables)
        return b""

    def events(self, batch: Batch) -> bytes:
        data = batch.buffer()
        records = ffi.from_buffer("struct pico_event[]", data)
        return b"".join([self._formatted(records + place) for place in range(len(batch))])

    def end(self) -> bytes:
        return b""

    def _formatted(self, record: Any) -> bytes:
        length = lib.pico_text_format(self._text, record, self._line)
        return bytes(ffi.buffer(self._line, length))
