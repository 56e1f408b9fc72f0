"""Who does not test does not pay for it."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("what", "absent"),
    [
        ("pypicotrace", "pypicotrace.testing"),
        ("pypicotrace", "pytest"),
        ("pypicotrace.testing", "pytest"),
        ("pypicotrace.testing.atf", "pytest"),
        ("pypicotrace.testing", "pypicotrace.testing.atf"),
    ],
)
def test_what_is_not_imported(what: str, absent: str) -> None:
    code = f"import sys, {what}; sys.exit({absent!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
