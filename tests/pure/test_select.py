"""Which system calls are meant."""

from __future__ import annotations

import pytest

from pypicotrace import syscalls
from pypicotrace.syscalls import Table
from pypicotrace.syscalls.select import Selection
from pypicotrace.syscalls.select import select as select_in_all

NAMES = {0: "read", 1: "write", 2: "open", 3: "close", 7: "openat", 9: "exit", 10: "exit_group"}
TABLE = Table("test", "\n".join(f"{number} {name}(int fd)" for number, name in NAMES.items()))


def select(words: list[str], table: Table) -> Selection:
    """What the words choose in one table."""
    [chosen] = select_in_all(words, [table])
    return chosen


def chosen(*words: str) -> set[str]:
    return {NAMES[number] for number in select(words, TABLE).numbers}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["read"], {"read"}),
        (["read", "read", "open"], {"read", "open"}),
        (["/open/"], {"open", "openat"}),
        (["/^open$/"], {"open"}),
        (["/^(open|exit).{0,2}$/"], {"open", "openat", "exit"}),
        (["/e$/", "exit"], {"write", "close", "exit"}),
        (["none"], set()),
        (["none", "read"], {"read"}),
        (["!none"], set(NAMES.values())),
        ([], set()),
    ],
)
def test_what_words_choose(words: list[str], names: set[str]) -> None:
    assert select(words, TABLE) == Selection(
        frozenset(number for number, name in NAMES.items() if name in names), words == ["!none"]
    )


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["!read"], set(NAMES.values()) - {"read"}),
        (["!/./"], set()),
        (["!read", "!write"], set(NAMES.values()) - {"read", "write"}),
        (["/open/", "!openat"], {"open"}),
        (["!openat", "/open/"], set(NAMES.values())),
        (["openat", "!/open/"], set()),
        (["all", "!/o/"], {"read", "write", "exit"}),
        (["all", "!all", "read"], {"read"}),
        (["read", "!all", "!write"], set()),
        (["!all"], set()),
        (["!all", "read"], {"read"}),
    ],
)
def test_words_are_taken_one_after_the_other(words: list[str], names: set[str]) -> None:
    assert chosen(*words) == names


@pytest.mark.parametrize(
    ("words", "others"),
    [
        (["all"], True),
        (["!read"], True),
        (["/./"], False),
        (["read"], False),
        (["none"], False),
        (["!all"], False),
        (["all", "!read"], True),
        (["all", "none"], True),
        (["read", "!write"], False),
    ],
)
def test_calls_without_a_name(words: list[str], others: bool) -> None:
    """They are among all, and are not meant by any name."""
    assert select(words, TABLE).others is others


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("", "an empty word; give the name of a system call"),
        ("!", "an empty word; give the name of a system call"),
        ("raed", "'raed' is not a system call of test; did you mean read?"),
        ("!raed", "'raed' is not a system call of test; did you mean read?"),
        ("opennat", "'opennat' is not a system call of test; did you mean openat or open?"),
        ("xyzzy", "'xyzzy' is not a system call of test"),
        ("Read", "'Read' is not a system call of test; did you mean read?"),
        ("!!read", "'!read' is not a system call of test; did you mean read?"),
        ("rea\nd", "'rea\\nd' is not a system call of test; did you mean read?"),
        ("5", "'5' is not a system call of test"),
        ("/", "'/' lacks the / that ends a regular expression"),
        ("/open", "'/open' lacks the / that ends a regular expression"),
        ("//", "an empty regular expression; 'all' means every system call"),
        ("/[/", "'/[/' is not a regular expression: "),
        ("/a{99999999999999999999}/", "'/a{99999999999999999999}/' is not a regular expression: "),
        ("/[[:alpha:]]/", "'/[[:alpha:]]/' is not a regular expression: Possible nested set"),
        ("/(?au)a/", "'/(?au)a/' is not a regular expression: "),
        (f"/{'(' * 5000}{')' * 5000}/", f"'/{'(' * 5000}"),
        ("/xyzzy/", "'/xyzzy/' matches no system call of test"),
    ],
)
def test_errors(word: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        select(["read", word], TABLE)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("words", "bits"),
    [
        (["read"], [0]),
        (["exit_group", "close"], [3, 10]),
        (["all"], list(range(11))),
        (["!read"], list(range(1, 11))),
        (["/./"], list(NAMES)),
        (["none"], []),
    ],
)
def test_bits(words: list[str], bits: list[int]) -> None:
    """A bit per number up to the last; one without a name counts where all are meant."""
    packed, count = select(words, TABLE).bits(TABLE)
    assert count == 11
    assert [n for n in range(8 * len(packed)) if packed[n // 8] >> n % 8 & 1] == bits


def test_bits_of_an_empty_table() -> None:
    empty = Table("empty", "")
    assert select(["all"], empty).bits(empty) == (b"\0", 0)


@pytest.mark.parametrize("abi", syscalls.ABIS)
def test_every_name_is_a_word(abi: str) -> None:
    table = syscalls.load(abi)
    for number, call in table.by_number.items():
        assert select([call.name], table) == Selection(frozenset({number}), False)
