"""What must hold of every file in the Trace Event format, whatever was traced."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import jsonschema

from pypicotrace import formats

SCHEMA = json.loads(Path(formats.__file__).with_name("trace-event.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

Event = dict[str, Any]


def opened(text: bytes, every: int = 1) -> list[Event]:
    """The events of a file, checked.

    :param every: one of so many is held against the schema, which takes its time.
    :raises AssertionError: a viewer would show something else than was meant.
    """
    trace = json.loads(text)
    events: list[Event] = trace["traceEvents"]
    VALIDATOR.validate({**trace, "traceEvents": events[::every]})
    check_slices(events)
    check_arrows(events)
    check_names(events)
    return events


def track(event: Event) -> tuple[int, int]:
    return event["pid"], event["tid"]


def check_slices(events: list[Event]) -> None:
    """They nest, each that begins ends, and on a track time never runs back."""
    opens: dict[tuple[int, int], list[Event]] = defaultdict(list)
    now: dict[tuple[int, int], float] = defaultdict(float)
    for event in events:
        where = track(event)
        if event["ph"] in "BEi":
            assert event["ts"] >= now[where], event
            now[where] = event["ts"]
        if event["ph"] == "B":
            opens[where].append(event)
        elif event["ph"] == "E":
            assert opens[where], f"nothing has begun that ends here: {event}"
            assert opens[where].pop()["name"] == event["name"], event
        elif event["ph"] == "X":
            assert opens[where], f"outside of its LWP: {event}"
    assert not any(opens.values()), opens


def lives(events: list[Event]) -> dict[tuple[int, int], list[tuple[float, float]]]:
    """When there is a slice, by track."""
    found: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    depth: dict[tuple[int, int], int] = defaultdict(int)
    begun: dict[tuple[int, int], float] = {}
    for event in events:
        where = track(event)
        if event["ph"] == "B":
            if depth[where] == 0:
                begun[where] = event["ts"]
            depth[where] += 1
        elif event["ph"] == "E":
            depth[where] -= 1
            if depth[where] == 0:
                found[where].append((begun[where], event["ts"]))
    return found


def check_arrows(events: list[Event]) -> None:
    """Each has two ends, the second not before the first, and both are in slices."""
    first = {event["id"]: event for event in events if event["ph"] == "s"}
    second = {event["id"]: event for event in events if event["ph"] == "f"}
    assert first.keys() == second.keys()
    assert len(first) * 2 == sum(event["ph"] in "sf" for event in events)
    alive = lives(events)
    for name, start in first.items():
        end = second[name]
        assert (start["name"], start["cat"]) == (end["name"], end["cat"])
        assert start["ts"] <= end["ts"]
        for each in (start, end):
            assert any(a <= each["ts"] <= b for a, b in alive[track(each)]), each


def check_names(events: list[Event]) -> None:
    """Each track has a name before anything lies on it."""
    named: set[tuple[str, int]] = set()
    for event in events:
        if event["ph"] == "M":
            named.add((event["name"], event["pid" if event["name"] == "process_name" else "tid"]))
        elif event["ph"] == "B" and event["cat"] == "lwp":
            assert ("thread_name", event["tid"]) in named, event
