"""The words of ``-e``."""

from __future__ import annotations

import pytest

from pypicotrace.expressions import EVENTS, Wanted, parse
from pypicotrace.kinds import Kind, Mask

ALL = Mask.ALL


def test_nothing_is_everything() -> None:
    assert parse([]) == Wanted(ALL, None)


@pytest.mark.parametrize(
    ("expressions", "calls"),
    [
        (["read"], ["read"]),
        (["trace=read"], ["read"]),
        (["trace=read,write"], ["read", "write"]),
        (["read,write"], ["read", "write"]),
        (["trace=read", "write", "trace=!open"], ["read", "write", "!open"]),
        (["!read"], ["!read"]),
        (["trace=!read,open"], ["!read", "open"]),
        (["trace"], ["trace"]),
        (["none"], ["none"]),
    ],
)
def test_calls(expressions: list[str], calls: list[str]) -> None:
    """In the order they are given in, for a later word can take away what an earlier one chose."""
    assert parse(expressions) == Wanted(ALL, calls)


@pytest.mark.parametrize(
    ("expression", "calls"),
    [
        ("/open/", ["/open/"]),
        ("/a{1,2}/", ["/a{1,2}/"]),
        ("trace=/a{1,2}/,read", ["/a{1,2}/", "read"]),
        ("read,/a{1,2}/,write", ["read", "/a{1,2}/", "write"]),
        ("!/a{1,2}/,!/b,c/", ["!/a{1,2}/", "!/b,c/"]),
        ("/^(?=a)/", ["/^(?=a)/"]),
        ("!/^(?=a,b)/", ["!/^(?=a,b)/"]),
        ("trace=/^(?=a)/", ["/^(?=a)/"]),
        ("/open,read", ["/open", "read"]),  # not closed: whoever knows the calls says so
        ("//,read", ["//", "read"]),
    ],
)
def test_a_comma_or_an_equals_sign_in_a_regular_expression(
    expression: str, calls: list[str]
) -> None:
    assert parse([expression]).syscalls == calls


@pytest.mark.parametrize(
    ("expressions", "mask"),
    [
        (["event=scx"], Mask.SCX),
        (["event=SCX"], Mask.SCX),
        (["event=sce,scx"], Mask.SCE | Mask.SCX),
        (["event=sce", "event=scx"], Mask.SCE | Mask.SCX),
        (["event=fork"], Mask.FORK),
        (["event=forked"], Mask.FORK),
        (["event=signal"], Mask.SIGNAL),
        (["event=crashed"], Mask(1 << Kind.CRASHED)),
        (["event=all"], ALL),
        (["event=none"], Mask(0)),
        (["event=!sce"], ALL & ~Mask.SCE),
        (["event=!sce,!scx"], ALL & ~Mask.SCE & ~Mask.SCX),
        (["event=!sce", "event=!scx"], ALL & ~Mask.SCE & ~Mask.SCX),
        (["event=!sce,sce"], ALL),
        (["event=exit,!exited"], Mask(1 << Kind.SIGNALED)),
        (["event=all,!all,exec"], Mask.EXEC),
        (["event=!none"], ALL),
    ],
)
def test_events(expressions: list[str], mask: Mask) -> None:
    assert parse(expressions) == Wanted(mask, None)


def test_both() -> None:
    assert parse(["event=scx", "read", "event=exit"]) == Wanted(Mask.SCX | Mask.EXIT, ["read"])


def test_every_kind_and_every_bit_can_be_named() -> None:
    assert {kind.name.lower() for kind in Kind} < set(EVENTS)
    for name, mask in Mask.__members__.items():
        assert parse([f"event={name}"]).events == mask


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "an empty word in ''"),
        ("trace=", "an empty word in ''"),
        ("event=", "an empty word in ''"),
        ("read,", "an empty word in 'read,'"),
        (",read", "an empty word in ',read'"),
        ("event=sce,,scx", "an empty word in 'sce,,scx'"),
        ("/a,b/,", "an empty word in '/a,b/,'"),
        ("tarce=read", "'tarce' in 'tarce=read' is neither 'trace' nor 'event'"),
        ("=read", "'' in '=read' is neither 'trace' nor 'event'"),
        ("event=forkd", "'forkd' is not a kind of event; did you mean forked or fork"),
        ("event=!scee", "'scee' is not a kind of event; did you mean sce"),
        ("event=xyzzy", "'xyzzy' is not a kind of event"),
        ("event=!", "'' is not a kind of event"),
        ("event=!!sce", "'!sce' is not a kind of event"),
    ],
)
def test_errors(expression: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        parse([expression])
    assert str(caught.value).startswith(message)
