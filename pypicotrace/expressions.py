"""The words of ``-e``: which events and which system calls are wanted. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pypicotrace.kinds import Kind, Mask
from pypicotrace.syscalls import near

# The kinds of event as they are written in the trace, and the kernel's names for groups of them.
EVENTS: dict[str, Mask] = {
    **{kind.name.lower(): Mask(1 << kind) for kind in Kind},
    **{name.lower(): mask for name, mask in Mask.__members__.items()},
    "none": Mask(0),
}


class Wanted(NamedTuple):
    """What the expressions ask for; ``syscalls`` None: every call."""

    events: Mask
    syscalls: list[str] | None


def parse(expressions: list[str]) -> Wanted:
    """Put several ``-e`` together; each kind of expression continues the one before it.

    :raises ValueError: an expression or a word of it is not known; the message names it. Names of
        system calls are checked where the table is known.
    """
    events: Mask | None = None
    calls: list[str] | None = None
    for expression in expressions:
        key, equals, value = expression.partition("=")
        # Without a key it is a list of calls; the = of a regular expression is no key's.
        if not equals or key.startswith(("/", "!")):
            key, value = "trace", expression
        if key == "trace":
            calls = (calls or []) + _split(value)
        elif key == "event":
            events = _events(_split(value), events)
        else:
            raise ValueError(f"{key!r} in {expression!r} is neither 'trace' nor 'event'")
    return Wanted(Mask.ALL if events is None else events, calls)


def _events(words: list[str], mask: Mask | None) -> Mask:
    for word in words:
        name = word.removeprefix("!").lower()
        if name not in EVENTS:
            like = near(name, EVENTS)
            hint = f"; did you mean {' or '.join(like)}?" if like else ""
            raise ValueError(f"{name!r} is not a kind of event{hint}")
        if word.startswith("!"):
            mask = (Mask.ALL if mask is None else mask) & ~EVENTS[name]
        else:
            mask = (Mask(0) if mask is None else mask) | EVENTS[name]
    return Mask(0) if mask is None else mask


def _split(text: str) -> list[str]:
    """Words between commas; a comma inside ``/.../`` belongs to the regular expression."""
    words, rest = [], text
    while True:
        bare = rest.removeprefix("!")
        closing = bare.find("/", 1) if bare.startswith("/") else -1
        cut = rest.find(",", len(rest) - len(bare) + closing if closing > 0 else 0)
        word = rest if cut < 0 else rest[:cut]
        if not word:
            raise ValueError(f"an empty word in {text!r}")
        words.append(word)
        if cut < 0:
            return words
        rest = rest[cut + 1 :]
