"""The picture of the start page: what draws it runs, and draws what is checked in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
CHECKED_IN = DOCS / "pictures" / "pipeline.svg"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def made_now(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "pipeline.svg"
    subprocess.run([sys.executable, DOCS / "picture.py", path], check=True)
    return path


def lanes(picture: Path) -> dict[str, ElementTree.Element]:
    """The processes, by what they have run: ``sh → date``."""
    root = ElementTree.parse(picture).getroot()  # noqa: S314  # made by ourselves
    found = root.findall(f"{SVG}g[@class='process']")
    return {str(lane.findtext(f"{SVG}text")): lane for lane in found}


@pytest.fixture(params=["made now", "checked in"])
def picture(request: pytest.FixtureRequest, made_now: Path) -> Path:
    return made_now if request.param == "made now" else CHECKED_IN


def test_a_lane_for_each_process(picture: Path) -> None:
    assert set(lanes(picture)) == {"sh", "sh → date", "sh → wc"}


@pytest.mark.parametrize(
    ("name", "call"), [("sh", "wait4"), ("sh → date", "write"), ("sh → wc", "read")]
)
def test_the_calls_are_those_of_the_program(picture: Path, name: str, call: str) -> None:
    titles = [title.text or "" for title in lanes(picture)[name].iter(f"{SVG}title")]
    assert len(titles) > 10
    assert call in {title.partition(",")[0] for title in titles}


def test_an_arrow_to_each_child(picture: Path) -> None:
    root = ElementTree.parse(picture).getroot()  # noqa: S314  # made by ourselves
    assert len(root.findall(f"{SVG}path[@class='line arrow']")) == len(lanes(picture)) - 1


def test_all_of_it_is_on_the_paper(picture: Path) -> None:
    root = ElementTree.parse(picture).getroot()  # noqa: S314  # made by ourselves
    width = float(root.attrib["width"])
    for bar in root.iter(f"{SVG}rect"):
        left = float(bar.get("x", 0))
        assert 0 <= left <= left + float(bar.attrib["width"]) <= width + 1
    assert {bar.get("class") for bar in root.iter(f"{SVG}rect")} > {"life", "call call"}
