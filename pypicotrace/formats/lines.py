"""The lines of ndjson, as ndjson.schema.json describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import msgspec

from pypicotrace.formats.header import Header
from pypicotrace.formats.values import Word, bytes_of, text_of

SCHEMA, CLOCK = "pypicotrace/1", "monotonic"


class Schema(msgspec.Struct, kw_only=True):
    """The first line of any version."""

    schema: str


class Head(Schema, kw_only=True):
    """The first line: what a `Header` has, by the same names, and what is the same of all."""

    version: str
    os: str
    release: str
    machine: str
    abi: str
    host: str
    boot: str
    clock: str
    epoch_ns: int
    command: list[str]

    @classmethod
    def of(cls, header: Header) -> Head:
        command = [text_of(word) for word in header.command]
        return cls(schema=SCHEMA, clock=CLOCK, **{**header._asdict(), "command": command})

    def header(self) -> Header:
        told = {name: getattr(self, name) for name in Header._fields}
        return Header(**{**told, "command": tuple(map(bytes_of, self.command))})


class Line(msgspec.Struct, tag_field="ev", gc=False):
    """What all events have."""

    seq: int
    ts_ns: int
    pid: int
    lwp: int
    program: str


class Sce(Line, tag="sce", gc=False):
    abi: str
    nr: int
    name: str
    args: Sequence[Word]


class Scx(Sce, tag="scx", gc=False):
    ret: Word | None
    ret2: Word | None
    error: int
    error_name: str | None
    enter_seq: int
    elapsed_ns: int
    half: bool
    cut: bool


class Exec(Line, tag="exec", gc=False):
    old_lwp: int


class Child(Line, gc=False):
    child: int


class Forked(Child, tag="forked", gc=False):
    pass


class Vforked(Child, tag="vforked", gc=False):
    pass


class Spawned(Child, tag="spawned", gc=False):
    pass


class VforkDone(Child, tag="vfork_done", gc=False):
    pass


class LwpCreated(Line, tag="lwp_created", gc=False):
    pass


class LwpExited(Line, tag="lwp_exited", gc=False):
    pass


class Stopped(Line, tag="stopped", gc=False):
    signo: int
    signal: str | None
    code: int | None
    sender: int | None
    uid: int | None
    addr: str | None
    trap: int | None
    errno: int
    value: Word
    status: int


class Crashed(Stopped, tag="crashed", gc=False):
    pass


class Continued(Line, tag="continued", gc=False):
    pass


class Signaled(Line, tag="signaled", gc=False):
    signo: int
    signal: str | None
    core: bool


class Exited(Line, tag="exited", gc=False):
    status: int


class Pc(Line, gc=False):
    pc: str


class Singlestep(Pc, tag="singlestep", gc=False):
    pass


class Breakpoint(Pc, tag="breakpoint", gc=False):
    pass


class Dbreg(Pc, tag="dbreg", gc=False):
    pass


class Attached(Line, tag="attached", gc=False):
    pass


class Detached(Line, tag="detached", gc=False):
    pass


EventLine = (
    Sce
    | Scx
    | Exec
    | Forked
    | Vforked
    | Spawned
    | VforkDone
    | LwpCreated
    | LwpExited
    | Stopped
    | Crashed
    | Continued
    | Signaled
    | Exited
    | Singlestep
    | Breakpoint
    | Dbreg
    | Attached
    | Detached
)
"""A line of any kind of event."""
EVENT_LINES: tuple[type[Line], ...] = get_args(EventLine)
