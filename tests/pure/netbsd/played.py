"""The recordings, played through decoder and loop.

Run as a program, it writes the text of each into ``expected/``: see the README.md there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pypicotrace.testing.recording import Recording, read_recording
from pypicotrace.testing.script import Played, Scripted, play
from pypicotrace.text import Text

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in (FOLDER / "recordings").glob("*.jsonl"))


@cache
def recording(name: str) -> Recording:
    return read_recording(FOLDER / "recordings" / f"{name}.jsonl")


def play_recording(name: str, stops: list[Scripted] | None = None, **options: Any) -> Played:
    """Play a recording, or the same stops in another order, as it was made: with steps or not."""
    recorded = recording(name)
    attach = [recorded.stops[0].id] if recorded.attached else []
    options.setdefault("whole_results", recorded.stepped)
    return play(stops or recorded.stops, os="netbsd", attach=attach, **options)


def text_of(name: str, style: Text = Text.PLAIN) -> str:
    return play_recording(name, text=style).text.decode()


def told(name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The stops and ends of a recording, each with its pid, as the recorder has understood them."""
    for line in (FOLDER / "recordings" / f"{name}.jsonl").read_text().splitlines():
        for kind, fields in json.loads(line).items():
            if kind in ("stop", "end"):
                signo = fields["status"] >> 8 & 0xFF
                yield fields["pid"], {"signo": signo, "told": fields.get("siginfo"), **fields}


if __name__ == "__main__":
    for name in NAMES:
        (FOLDER / "expected" / f"{name}.txt").write_text(text_of(name))
