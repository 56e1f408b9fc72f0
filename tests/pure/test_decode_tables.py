"""The tables of picotrace-truss: every word means something, every line is of a call.

The headers that they are held against are those of ziglang.
"""

from __future__ import annotations

import pytest

from pypicotrace import syscalls
from pypicotrace.tools.decode import table
from pypicotrace.tools.decode._generate import texts
from pypicotrace.tools.decode.abi import abi
from pypicotrace.tools.decode.plan import plan
from pypicotrace.tools.decode.words import WORDS, decoder

OWN = {"linux": table.LINUX, "netbsd": table.NETBSD}
ABIS = {os: [name for name in syscalls.ABIS if name.startswith(os)] for os in OWN}


@pytest.mark.parametrize("os", OWN)
def test_constants_and_layouts_are_those_of_the_headers(os: str) -> None:
    for path, text in texts(os).items():
        assert path.read_text() == text


@pytest.mark.parametrize("os", OWN)
def test_lines_are_of_calls(os: str) -> None:
    names = {
        table.canonical(os, call.name)
        for name in ABIS[os]
        for call in syscalls.load(name).by_name.values()
    }
    assert table.lines(OWN[os]).keys() <= names


def test_common_lines_are_of_calls() -> None:
    names = {
        table.canonical(os, call.name)
        for os, abis in ABIS.items()
        for name in abis
        for call in syscalls.load(name).by_name.values()
    }
    assert table.lines(table.COMMON).keys() <= names


@pytest.mark.parametrize("text", [table.COMMON, *OWN.values()])
def test_words_are_known(text: str) -> None:
    for words, result in table.lines(text).values():
        for word in [*words, result]:
            bare = word.lstrip(">=").partition(":")[0]
            assert bare in ("", "-") or bare in WORDS


@pytest.mark.parametrize("os", OWN)
def test_groups_and_structures_are_there(os: str) -> None:
    first = abi(ABIS[os][0])
    for words, result in table.lines(OWN[os]).values():
        for word in [*words, result]:
            name, _, rest = word.lstrip(">=").partition(":")
            if name in ("flags", "enum"):
                assert all(first.constants(group) for group in rest.split(",")), word
            elif name in ("struct", "array") and rest and "*" not in rest:
                decoder(first, word)


@pytest.mark.parametrize(
    ("os", "name", "canonical"),
    [
        ("linux", "rt_sigaction", "sigaction"),
        ("linux", "newfstatat", "fstatat"),
        ("linux", "clock_gettime64", "clock_gettime"),
        ("linux", "pselect6_time64", "pselect6"),
        ("linux", "fadvise64_64", "fadvise"),
        ("linux", "getdents64", "getdents64"),
        ("linux", "sigaction", "old_sigaction"),
        ("netbsd", "__stat50", "stat"),
        ("netbsd", "compat_50___lstat30", "lstat"),
        ("netbsd", "__wait450", "wait4"),
        ("netbsd", "____sigtimedwait50", "sigtimedwait"),
        ("netbsd", "___lwp_park60", "_lwp_park"),
        ("netbsd", "_lwp_create", "_lwp_create"),
        ("netbsd", "__posix_rename", "rename"),
        ("netbsd", "__dup3100", "dup3"),
        ("netbsd", "dup2", "dup2"),
    ],
)
def test_all_versions_of_a_call_are_one(os: str, name: str, canonical: str) -> None:
    assert table.canonical(os, name) == canonical


@pytest.mark.parametrize("name", syscalls.ABIS)
def test_every_call_has_a_plan(name: str) -> None:
    for call in syscalls.load(name).by_number.values():
        made = plan(name, call.number, 6)
        assert len(made.names) == len(made.known)
        assert {place for place, _ in (*made.entry, *made.exit)} == set(range(len(made.names)))


def test_layouts() -> None:
    stat = abi("netbsd-amd64").layout("struct stat")
    assert (stat.size, stat.members["st_size"].offset, stat.members["st_size"].code) == (
        152,
        112,
        "q",
    )
    assert abi("linux-i386").layout("struct linux_rlimit").size == 8
    with pytest.raises(KeyError):
        abi("linux-x86_64").layout("struct kevent")


def test_what_an_abi_has_otherwise() -> None:
    assert abi("linux-aarch64").constants("open")["O_DIRECTORY"] == 0o40000
    assert abi("linux-x86_64").constants("open")["O_DIRECTORY"] == 0o200000
    assert "MAP_32BIT" not in abi("linux-aarch64").constants("map")
