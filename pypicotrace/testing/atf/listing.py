"""The list of test cases, as atf-test-program(1) prints it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from pypicotrace.testing.atf.cases import Case

HEADER = 'Content-Type: application/X-atf-tp; version="1"'


def listing(cases: Iterable[Case]) -> str:
    """The header, and for each case its name and its properties."""
    blocks = [HEADER]
    for case in cases:
        lines = [f"ident: {case.ident}"]
        lines += [f"{name}: {value}" for name, value in case.properties.items()]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"
