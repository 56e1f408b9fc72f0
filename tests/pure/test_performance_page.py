"""The page about performance has the numbers of what was measured, and no others."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
MEASURED = DOCS / "performance.json"
PAGE = ROOT / "benchmarks" / "page.py"


def written(measured: Path, folder: Path) -> dict[str, str]:
    subprocess.run([sys.executable, PAGE, measured, folder], check=True)
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the page is written to."""
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


def test_what_is_checked_in_is_what_was_measured(folder: Path) -> None:
    for name, text in written(MEASURED, folder).items():
        assert (DOCS / name).read_text() == text, "run benchmarks/page.py docs/performance.json"


def test_the_page_shows_all_of_it(folder: Path) -> None:
    page = (DOCS / "performance.md").read_text()
    assert [name for name in written(MEASURED, folder) if name not in page] == []


def test_no_number_of_a_measurement_is_typed_by_hand() -> None:
    """Ratios and times have a decimal point; versions of systems are elsewhere."""
    page = (DOCS / "performance.md").read_text()
    assert re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", page) == []


def test_another_number_is_another_page(folder: Path, tmp_path: Path) -> None:
    told = json.loads(MEASURED.read_text())
    [row] = [row for row in told["rows"] if row["row"] == "text, over the floor"]
    row.update(measured="9.876", verdict="MISSED")
    for cost in told["costs"]:
        cost["us"] = [us * 2 for us in cost["us"]]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(told))
    texts = written(other, folder)
    assert (
        "| text, over the floor | 9.876 | <= 1.15 | **missed** |" in texts["generated/targets.md"]
    )
    same = [name for name, text in texts.items() if (DOCS / name).read_text() == text]
    assert same == ["generated/profile.md"]


def test_every_row_is_in_a_table(folder: Path) -> None:
    told = json.loads(MEASURED.read_text())
    shown = written(MEASURED, folder)["generated/targets.md"]
    for row in told["rows"]:
        assert f"| {row['row']} | {row['measured']} |" in shown


SAMPLED = """\
dense
\tffffffff81000001 finish_task_switch.isra.0+0x9f ([kernel.kallsyms])
\tffffffff81000002 ptrace_notify+0x1 ([kernel.kallsyms])
\t    7f0000000003 syscall+0x1d (/usr/lib/libc.so.6)

dense
\t    55000000000a main+0x1d (/tmp/dense)

python
\tffffffff81000001 schedule+0x1 ([kernel.kallsyms])
\tffffffff81000002 kernel_wait4+0x1 ([kernel.kallsyms])
\t    7f0000000003 __GI___wait4+0x1d (/usr/lib/libc.so.6)
\t               0 [unknown] ([unknown])

python
\tffffffff81000001 bpf_get_current_task+0x1 ([kernel.kallsyms])
\tffffffff81000002 __x64_sys_ptrace+0x1 ([kernel.kallsyms])

python
\t    7f0000000003 pico_loop_take+0x1d (/x/pypicotrace/_pico.abi3.so)
\t               0 [unknown] ([unknown])

python
\t    7f0000000003 _PyEval_EvalFrameDefault+0x1d (/usr/lib/libpython3.11.so.1.0)
"""


def test_whose_a_sample_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PAGE.parent)
    where = importlib.import_module("where")
    assert list(where.samples(SAMPLED)) == [
        "the tracee stops: it wakes up the tracer, and sleeps",
        "the tracee: the call itself, and into the kernel and back",
        "the tracer waits for a stop: wait4(2)",
        "eBPF programs of the machine, at each system call of the tracer",
        "the tracer's own loop, in C",
        "Python",
    ]
