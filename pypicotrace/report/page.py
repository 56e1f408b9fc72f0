"""The page: facts, scripts and styles in one file that asks for nothing from anywhere. Pure.

Whatever comes from a recording stands in it as JSON, of which no character means anything to HTML,
and is shown as text by the scripts. Only the styles and scripts that were put in here are let run:
the page's own policy names them by their digests.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import html
import json
import re
import shlex
from importlib.resources import files
from typing import Any

from pypicotrace.formats.header import Header
from pypicotrace.formats.values import text_of
from pypicotrace.report.collected import Collected
from pypicotrace.report.facts import Made
from pypicotrace.report.meaning import shown

SCRIPTS = (
    *("parts.js", "state.js", "table.js", "histogram.js", "signs.js", "span.js", "overview.js"),
    *("timeline.js", "sections.js", "main.js"),
)
"""In the order in which each may use what the ones before it have."""
FOR_HTML = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
TITLE_MAX = 80
FIELD = re.compile(r"\{\{(\w+)\}\}")


def page(header: Header, collected: Collected, title: str, warning: str = "") -> bytes:
    """The page of a recording, in ASCII; of the same recording the same bytes.

    :param title: what it is called; nothing: what was traced.
    :param warning: what went wrong when the recording was read.
    """
    script = "\n".join(map(part, SCRIPTS))
    style = part("report.css")
    facts = Made(header, collected).facts()
    facts |= {"about": about(header, collected), "names": names(header), "warning": shown(warning)}
    values = {
        "title": html.escape(shown(title) or subject(header)),
        "policy": policy(script, style),
        "style": style,
        "facts": as_json(facts),
        "script": script,
    }
    whole = FIELD.sub(lambda found: values[found[1]], part("report.html"))
    return whole.encode("ascii", errors="xmlcharrefreplace")


def part(name: str) -> str:
    return (files("pypicotrace.report") / name).read_text("ascii")


def policy(script: str, style: str) -> str:
    """Of Content-Security-Policy: nothing is fetched, and only these two run."""
    return (
        f"default-src 'none'; script-src '{digest(script)}'; style-src '{digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def as_json(value: Any) -> str:
    """JSON that can stand in a script element: in ASCII, without ``<``, ``>`` and ``&``."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).translate(FOR_HTML)


def about(header: Header, collected: Collected) -> list[tuple[str, str]]:
    """What is known of the trace as a whole: what, and in words."""
    known = collected.processes.all
    lwps = sum(len(process.lwps) for process in known)
    more = collected.processes
    return [
        ("Command", shlex.join(words(header)) or "processes that ran already"),
        ("Machine", shown(f"{header.host}: {header.os} {header.release}, {header.machine}")),
        ("Begun", begun(header.epoch_ns + collected.begin_ns)),
        ("Events", f"{collected.events:,}"),
        ("Processes", f"{len(known) + more.more:,}"),
        ("LWPs", f"{lwps + more.more_lwps:,}"),
        ("Calls", f"{collected.counts.count:,}"),
        ("Failed", f"{collected.counts.errors:,}"),
        ("Recorded by", shown(f"pypicotrace {header.version}")),
    ]


def words(header: Header) -> list[str]:
    return [shown(text_of(word)) for word in header.command]


def subject(header: Header) -> str:
    """What was traced, in a line."""
    text = " ".join(b" ".join(header.command).decode(errors="backslashreplace").split())
    short = text if len(text) <= TITLE_MAX else f"{text[:TITLE_MAX]} ..."
    return shown(short) or "A trace"


def names(header: Header) -> str:
    """The command that shows the names of the paths that were not found."""
    command = words(header)
    plain = all(word.isascii() and "\\" not in word for word in command)
    what = (shlex.join(command) if plain else "COMMAND") if command else "-p PID"
    return f"picotrace-truss -f -Z -e trace=%file {what}"


def begun(epoch_ns: int) -> str:
    """A time since 1970 in words."""
    try:
        at = datetime.datetime.fromtimestamp(epoch_ns // 10**9, datetime.timezone.utc)
    except (OSError, OverflowError, ValueError):
        return f"{epoch_ns} ns after 1970 began"
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
