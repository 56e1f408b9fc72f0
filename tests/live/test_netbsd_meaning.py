"""picotrace-truss shows what a program has meant: by NetBSD's headers and its kernel's answers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from test_truss import TRUSS, calls


def test_structures_of_each_kind(tracee: Callable[[str], str], tmp_path: Path) -> None:
    program, out = tracee("netbsd/meant"), tmp_path / "out"
    words = [*TRUSS, "-v", "-o", str(out), program, str(tmp_path / "made")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    meant = done.stdout.splitlines()
    assert len(meant) > 40
    lines = calls(out.read_text())
    place, missing = 0, []
    for want in meant:
        pattern = re.compile(re.escape(want).replace("@", ".*"))
        found = [i for i, line in enumerate(lines) if i >= place and pattern.fullmatch(line)]
        if found:
            place = found[0] + 1
        else:
            name = re.match(r"@?(\w+)", want)
            near = [line for line in lines[place:] if name and name[1] in line]
            missing.append(f"{want}\n  is not among\n    " + "\n    ".join(near[:3]))
    assert not missing, "\n".join(missing)
