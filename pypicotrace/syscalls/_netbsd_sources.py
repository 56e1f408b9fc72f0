"""What NetBSD's headers say of its system calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pypicotrace.syscalls._lines import declaration, in_registers, line
from pypicotrace.syscalls._ziglang import by_number, headers, macros, package, source

# Indirect calls: they take what the call takes that they stand for, and are seen as that call.
INDIRECT = frozenset({"syscall", "__syscall"})


class Call(NamedTuple):
    number: int
    name: str
    # None: not known.
    params: list[str] | None
    returns: str
    # Machines with 64-bit long and pointers do not have it.
    ilp32_only: bool


class NetBSD(NamedTuple):
    """What the pinned headers say; the labels say which they are."""

    calls_label: str
    names_label: str
    calls: list[Call]
    errors: dict[int, str]
    signals: dict[int, str]


def pinned_netbsd() -> NetBSD:
    folder = headers() / "generic-netbsd/sys"
    return NetBSD(
        _label(folder, "syscall.h", "syscallargs.h"),
        _label(folder, "errno.h", "signal.h"),
        read_calls(
            (folder / "syscall.h").read_text(encoding="utf-8"), source(folder / "syscallargs.h")
        ),
        by_number(macros(folder / "errno.h", "E")),
        _signals(folder / "signal.h"),
    )


def _label(folder: Path, *names: str) -> str:
    versions = []
    for name in names:
        found = re.search(r"\$NetBSD: \S+,v (\S+)", (folder / name).read_text(encoding="utf-8"))
        versions.append(f"sys/{name} {found[1]}" if found else f"sys/{name}")
    return f"{package()}, NetBSD's {' and '.join(versions)}"


def table(netbsd: NetBSD, abi: str) -> str:
    """The lines of the table of an ABI."""
    return "\n".join(
        line(
            call.number,
            call.name,
            None if call.params is None else in_registers(abi, call.params),
            call.returns,
        )
        for call in netbsd.calls
        if abi != "netbsd-amd64" or not call.ilp32_only
    )


def read_calls(numbers: str, arguments: str) -> list[Call]:
    """The calls of ``sys/syscall.h`` with the parameters of ``sys/syscallargs.h``.

    The latter has a struct for each call that takes any, by the name of the function that does the
    work, which is often another than the call's.  Both are made from syscalls.master and so in one
    order; the types, which both have, must agree.
    """
    structs = _structs(arguments)
    calls = []
    for ilp32_only, name, returns, types, number in _prototypes(numbers):
        params = next(structs, []) if types else []
        if not _agree(types, [param.rpartition(" ")[0] for param in params]):
            raise ValueError(f"{name}: {params} are not of types {types}")
        known = None if name in INDIRECT else [declaration(param) for param in params]
        calls.append(Call(number, name, known, returns, ilp32_only))
    if extra := list(structs):
        raise ValueError(f"parameters of no call: {extra}")
    return calls


def _prototypes(text: str) -> Iterator[tuple[bool, str, str, list[str], int]]:
    pattern = (
        r"^(#if !defined\(_LP64\)\n)?"
        r'/\* syscall: "(\w+)" ret: "([^"]+)" args:((?: "[^"]+")*) \*/\n'
        r"#define\tSYS_\w+\t(\d+)$"
    )
    for condition, name, returns, types, number in re.findall(pattern, text, re.MULTILINE):
        yield bool(condition), name, returns, re.findall(r'"([^"]+)"', types), int(number)


def _structs(text: str) -> Iterator[list[str]]:
    for body in re.findall(r"^struct \w+_args \{\n(.*?)^\};", text, re.MULTILINE | re.DOTALL):
        fields = re.findall(r"syscallarg\(([^)]+)\) (\w+)", body)
        yield [f"{type} {name}" for type, name in fields]


def _agree(prototype: list[str], struct: list[str]) -> bool:
    """Whether the types are the same, apart from those that a prototype with ``...`` leaves out."""
    if prototype[-1:] == ["..."]:
        return struct[: len(prototype) - 1] == prototype[:-1]
    return struct == prototype


def _signals(header: Path) -> dict[int, str]:
    found = {name: n for name, n in macros(header, "SIG").items() if "_" not in name}
    first, last = found.pop("SIGRTMIN"), found.pop("SIGRTMAX")
    realtime = {number: f"SIGRTMIN+{number - first}" for number in range(first + 1, last + 1)}
    return by_number(found) | {first: "SIGRTMIN"} | realtime
