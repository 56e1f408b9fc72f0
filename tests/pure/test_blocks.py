"""Stepping to the next branch: what is asked of a processor, and whether it has done that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import pypicotrace as pt
from pypicotrace.blocks import CODE, TARGET, probed
from pypicotrace.tools.singlestepper.command import Stepper

BEGIN = 0x401000


class Stop(SimpleNamespace):
    """As much of a stop as is used."""

    pc = BEGIN

    def write(self, addr: int, data: bytes) -> None:
        self.written = (addr, data)

    def step(self, *, block: bool) -> None:
        self.block = block
        if self.error is not None:
            raise self.error


def began(error: Exception | None = None) -> Any:
    return pt.Exec(pid=7, lwp=7, stop=Stop(error=error))


def test_the_code_jumps_over_an_instruction() -> None:
    jump = CODE.index(0xEB)
    assert jump > 1
    assert TARGET == jump + 2 + CODE[jump + 1] < len(CODE)


@pytest.mark.parametrize(
    ("pc", "does"), [(BEGIN + TARGET, True), (BEGIN + 1, False), (BEGIN + 4, False)]
)
def test_where_it_has_come_to(pc: int, does: bool) -> None:
    first = began()
    assert probed([first, pt.SingleStep(pid=7, lwp=7, pc=pc)]) is does
    assert first.stop.written == (BEGIN, CODE)
    assert first.stop.block


@pytest.mark.parametrize(
    "error", [pt.Unsupported("no"), pt.KernelError(5, "EIO"), pt.TraceeDied("killed")]
)
def test_a_machine_that_cannot(error: Exception) -> None:
    assert probed([began(error)]) is False
    assert probed([began(), pt.Exited(pid=7, status=0)]) is False


@pytest.mark.parametrize(("block", "head"), [(False, "instructions"), (True, "blocks")])
def test_what_is_counted(block: bool, head: str) -> None:
    stepper = Stepper(block=block)
    for kind in (pt.Exec, pt.SingleStep):
        event: Any = kind(pid=7, lwp=7, program=b"p", stop=Stop(error=None))
        stepper.take(event)
        assert event.stop.block is block
    assert stepper.table().splitlines()[0].split() == ["process", "LWP", "program", head]
    assert stepper.counts == {(7, 7): 1}
