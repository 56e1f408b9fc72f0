"""The decoders of one system call, put together: what is done at its entry, and at its exit."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from pypicotrace.syscalls import Param, Syscall
from pypicotrace.tools.decode import plain, structs
from pypicotrace.tools.decode.abi import Abi, abi
from pypicotrace.tools.decode.call import Decode
from pypicotrace.tools.decode.prototypes import foreign
from pypicotrace.tools.decode.table import (
    COMMON,
    DESCRIPTORS,
    DIRECTORIES,
    IDS,
    LINUX,
    NETBSD,
    OLD_IDS,
    PATHS,
    SETS,
    SIGNALS,
    TYPES,
    canonical,
    lines,
)
from pypicotrace.tools.decode.words import BOTH, ENTRY, EXIT, Decoder, decoder

PAD = "PAD"
"""NetBSD's name for an argument that is there for alignment."""

HALVES = (("_lo", "_hi"), ("_l", "_h"))
"""How Linux's names end of a number of 64 bits in two registers."""


class Plan(NamedTuple):
    """How a call is shown.

    ``kept``: the places of its arguments among those of the event, None: all; ``names``: what they
    are called. ``entry`` and ``exit`` have the arguments that are looked at then, and how;
    ``both``: those whose value after the call is told beside the one before it.
    """

    name: str
    kept: tuple[int, ...] | None
    names: tuple[str, ...]
    entry: tuple[tuple[int, Decode], ...]
    exit: tuple[tuple[int, Decode], ...]
    both: frozenset[int]
    result: Decode | None
    known: tuple[bool, ...]
    """Of each argument, whether more is known of it than that it is a number or a pointer."""


@cache
def plan(abi_name: str, sysnum: int, nargs: int) -> Plan:
    """The plan of a call; of one that no table has, with so many arguments."""
    where = abi(abi_name)
    call = where.table.by_number.get(sysnum)
    name = call.name if call is not None else f"syscall_{sysnum:#x}"
    params = _params(call, name, nargs)
    kept = [place for place, param in enumerate(params) if param.name != PAD]
    words, result = _lines(where.os).get(canonical(where.os, name), ([], ""))
    if any("arg_struct" in param.type for param in params):
        words = []  # i386's oldest calls get all their arguments in one structure
    shown = [params[place] for place in kept]
    made: list[Decoder] = []
    known: list[bool] = []
    rest = iter(words)
    for place, param in enumerate(shown):
        if _halves(shown[place - 1 : place + 1]):
            made.append(Decoder(plain.nothing, ENTRY))
            known.append(True)
            continue
        word = next(rest, "-")
        if _halves(shown[place : place + 2]):
            made.append(Decoder(plain.halves(where, place + 1), ENTRY))
            known.append(True)
            continue
        found = _meant(where, param, shown[place + 1 :], word)
        made.append(found or Decoder(plain.hexadecimal(where), ENTRY))
        known.append(found is not None)
    return Plan(
        name,
        None if len(kept) == len(params) else tuple(kept),
        tuple(
            param.name[: -len(_halves(shown[i : i + 2])) or None] for i, param in enumerate(shown)
        ),
        tuple((i, d.decode) for i, d in enumerate(made) if d.when != EXIT),
        tuple((i, d.decode) for i, d in enumerate(made) if d.when != ENTRY),
        frozenset(i for i, d in enumerate(made) if d.when == BOTH),
        _result(where, call, result),
        tuple(known),
    )


def _halves(params: list[Param]) -> str:
    """How the name of the first ends, where two parameters are the halves of one number."""
    names = [param.name for param in params]
    for low, high in HALVES:
        if len(names) == 2 and names[0].endswith(low) and names[1] == names[0][: -len(low)] + high:
            return low
    return ""


@cache
def _lines(os: str) -> dict[str, tuple[list[str], str]]:
    return lines(COMMON) | lines(LINUX if os == "linux" else NETBSD)


def _params(call: Syscall | None, name: str, nargs: int) -> list[Param]:
    if call is not None and call.known:
        return list(call.params)
    found = foreign(name)
    if found is not None:
        return found
    return [Param("", f"arg{place}", False) for place in range(nargs)]


def _meant(where: Abi, param: Param, later: list[Param], word: str) -> Decoder | None:
    """The decoder that the table's word, the parameter's name or its type says."""
    base = param.type.replace("const ", "").replace(" const", "")
    fills = "const" not in param.type
    if base in OLD_IDS:
        word = "-"
    if word.lstrip(">=") == "struct":
        return _structure(where, base, word)
    word = word.replace("*", base.removeprefix("struct ").removesuffix(" *"))
    by_type = TYPES.get(base, "")
    if base in SETS:
        by_type = ">signals:done" if fills else "signals"
    for candidate in (word, _by_name(param, base, later), by_type):
        if candidate in ("-", ""):
            continue
        try:
            return decoder(where, candidate)
        except KeyError:
            continue  # this system has no such names or layouts
    if base.startswith("struct "):
        return _structure(where, base, ">struct" if fills else "struct")
    if not base:
        return None
    if base.endswith("*"):
        return Decoder(plain.pointer(where), ENTRY)
    return Decoder(plain.integer(where) if param.narrow else plain.long_integer(where), ENTRY)


def _structure(where: Abi, base: str, word: str) -> Decoder:
    type = base.removesuffix("*").rstrip()
    when = EXIT if word.startswith(">") else ENTRY
    try:
        return Decoder(structs.structure(where, type, "done" if when == EXIT else ""), when)
    except KeyError:
        return Decoder(plain.pointer(where), ENTRY)


def _by_name(param: Param, base: str, later: list[Param]) -> str:
    """The word for a parameter that means the same in every call; empty where there is none."""
    if base.endswith("*"):
        if base != "char *":
            return ""
        return "path" if param.name in PATHS else "string" if "const" in param.type else ""
    if param.name in DESCRIPTORS:
        return "dirfd" if later[:1] and later[0].name in PATHS else "fd"
    named = {"dirfd": DIRECTORIES, "signal": SIGNALS, "user": IDS}
    return next((word for word, names in named.items() if param.name in names), "")


def _result(where: Abi, call: Syscall | None, word: str) -> Decode | None:
    """What shows the result; None: a signed number."""
    if word:
        return decoder(where, word).decode
    if call is not None and call.returns.endswith("*"):
        return plain.pointer(where)
    if call is not None and call.returns == "mode_t":
        return plain.octal(where)
    return None
