"""The page about performance has the numbers of what was measured, and no others."""

from __future__ import annotations

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


def test_the_page_shows_all_of_it() -> None:
    page = (DOCS / "performance.md").read_text()
    for name in ("generated/targets.md", "generated/parts.md", "pictures/performance.svg"):
        assert name in page


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
    for name, text in texts.items():
        assert (DOCS / name).read_text() != text


def test_every_row_is_in_a_table(folder: Path) -> None:
    told = json.loads(MEASURED.read_text())
    shown = written(MEASURED, folder)["generated/targets.md"]
    for row in told["rows"]:
        assert f"| {row['row']} | {row['measured']} |" in shown
