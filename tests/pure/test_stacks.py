"""Stacks: how a frame is shown, and what is known of registers."""

from __future__ import annotations

import sys

import pytest

import pypicotrace as pt
from pypicotrace.registers import LAYOUTS
from pypicotrace.tools import stacks


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (stacks.Frame("/bin/cat", 0x1234, "main", 0x12), " > /bin/cat(main+0x12) [0x1234]"),
        (stacks.Frame("/bin/cat", 0x1234), " > /bin/cat() [0x1234]"),
        (stacks.Frame("", 0x7F0000000000), " > ?() [0x7f0000000000]"),
    ],
)
def test_a_frame(frame: stacks.Frame, text: str) -> None:
    assert str(frame) == text


def test_the_kernels_own_file() -> None:
    assert stacks.file_name("[vdso: 123]") == "[vdso]"
    assert stacks.file_name("/lib/libc.so.6") == "/lib/libc.so.6"


def test_registers_have_the_names_that_stops_give_them() -> None:
    for layout in LAYOUTS.values():
        if "orig_rax" in layout.names or "orig_eax" in layout.names or "pstate" in layout.names:
            assert set(stacks.NUMBERED[layout.pc]) <= set(layout.names)


def test_where_there_is_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(stacks, "LIBRARY", "libno-such-thing.so.9")
    with pytest.raises(stacks.MissingLibrary, match="libdw1"):
        stacks.Stacks()


def test_a_system_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "netbsd10")
    with pytest.raises(pt.Unsupported, match="netbsd10"):
        stacks.Stacks()
