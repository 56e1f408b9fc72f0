"""The table of LWPs."""

from pypicotrace.lwps import LwpNow
from pypicotrace.table import table


def test_a_line_per_lwp() -> None:
    lwps = [
        LwpNow(10, 10, b"sh", "wait4", 1_000_000_000),
        LwpNow(10, 11, b"a b\\", None, 0),
    ]
    assert table(lwps, now_ns=3_500_000_000).splitlines() == [
        "   pid    lwp        program    seconds call",
        "    10     10             sh      2.500 wait4",
        r"    10     11       a\040b\\          - -",
    ]
