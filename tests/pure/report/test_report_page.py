"""The page of a report: the same each time, of one piece, and nobody else's."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_parts import Parsed, facts_of
from records import HEADER, batch_of_all
from story import LONG, counted

from pypicotrace.formats.header import Header
from pypicotrace.report import KEYS_MAX, SHOWN_MAX
from pypicotrace.report import page as page_module
from pypicotrace.report.collected import Collected
from pypicotrace.report.facts import Made, left_out
from pypicotrace.report.meaning import failed, shown
from pypicotrace.report.page import SCRIPTS, as_json, page, part

HOSTILE = "</script><script>alert(1)</script><!--\"'&\x00\x1b[31m\u202e\u2028\udcff\\"


@pytest.fixture(scope="module")
def plain() -> bytes:
    return page(HEADER, counted(LONG.batch()), "")


def test_it_is_the_same_each_time(plain: bytes) -> None:
    assert page(HEADER, counted(LONG.batch()), "") == plain


def test_it_has_the_facts(plain: bytes) -> None:
    facts = facts_of(plain)
    made = json.loads(json.dumps(Made(HEADER, counted(LONG.batch())).facts()))
    assert {key: facts[key] for key in made} == made
    about = dict(facts["about"])
    assert about["Events"] == f"{len(LONG.records):,}"
    assert about["Command"] == "ls -l '\\xff\\\\x\u00e9'"


def test_it_fetches_nothing(plain: bytes) -> None:
    parsed = Parsed(plain)
    for tag, attributes in parsed.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "audio", "video"}
        assert not attributes.keys() & {"src", "srcset", "style", "action", "data", "poster"}
        assert attributes.get("href", "#")[:1] == "#"  # type: ignore[index]
        assert not any(name.startswith("on") for name in attributes)
    text = "".join(map(part, [*SCRIPTS, "report.css", "report.html"]))
    for word in ("http:", "https:", "//cdn", "@import", "url(", "fetch(", "XMLHttpRequest", "eval"):
        assert word not in text
    for word in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "new Function"):
        assert word not in text


def test_its_policy_names_what_is_in_it(plain: bytes) -> None:
    parsed = Parsed(plain)
    [policy] = [
        str(attributes["content"])
        for tag, attributes in parsed.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    directives = dict(each.split(" ", 1) for each in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert set(directives) == {
        *("default-src", "script-src", "style-src", "base-uri", "form-action"),
    }
    source = plain.decode()
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"


def hostile_header() -> Header:
    told = HOSTILE.encode("utf-8", "surrogateescape")
    return HEADER._replace(
        command=(told, b"\xff\xfe"), host=HOSTILE, release="{{script}}", epoch_ns=2**63
    )


@pytest.mark.parametrize("title", ["", HOSTILE, "{{facts}} {{script}}"])
def test_what_a_recording_has_is_no_part_of_the_page(plain: bytes, title: str) -> None:
    made = page(hostile_header(), counted(batch_of_all(3000)), title, warning=HOSTILE)
    parsed, wanted = Parsed(made), Parsed(plain)
    assert [tag for tag, _ in parsed.elements] == [tag for tag, _ in wanted.elements]
    [text] = re.findall(rb'id="facts">(.*?)</script>', made)
    assert not re.search(rb"[<>&]", text)
    assert all(32 <= byte < 127 for byte in text)
    assert facts_of(made)["warning"] == shown(HOSTILE)
    subject = title or "</script><script>alert(1)</script>"
    assert parsed.texts["title"][0].startswith(shown(subject)[:20])
    assert facts_of(made)["names"] == "picotrace-truss -f -Z -e trace=%file COMMAND"


@given(st.text())
def test_all_that_is_shown_can_be_seen(text: str) -> None:
    assert shown(text).isprintable()
    if text.isprintable():
        assert shown(text) == text


@given(st.recursive(st.text() | st.integers(), st.lists))
def test_json(value: Any) -> None:
    text = as_json(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert not set("<>&") & set(text)


def test_what_cannot_be_shown_is_written_as_a_number() -> None:
    assert shown("a\x1b\u202e\U000e0001\u00e9") == "a\\x1b\\u202e\\U000e0001\u00e9"


@pytest.mark.parametrize("error", [512, 513, 514, 516, 0, -3, -2])
def test_what_the_kernel_says_to_itself_is_no_error(error: int) -> None:
    assert not failed(error)


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ((), "picotrace-truss -f -Z -e trace=%file -p PID"),
        ((b"make", b"a b"), "picotrace-truss -f -Z -e trace=%file make 'a b'"),
        ((b"\xff",), "picotrace-truss -f -Z -e trace=%file COMMAND"),
    ],
)
def test_how_paths_can_be_had(command: tuple[bytes, ...], names: str) -> None:
    made = page(HEADER._replace(command=command), Collected(), "")
    assert facts_of(made)["names"] == names


def test_what_it_is_called() -> None:
    """What was traced, in a line that can be read."""
    command = (b"sh", b"-c", b"one\n\ttwo\xff " + b"x" * 100)
    told = Parsed(page(HEADER._replace(command=command), Collected(), "")).texts["title"][0]
    assert told == f"sh -c one two\\xff {'x' * 62} ..."
    told = Parsed(page(HEADER._replace(command=()), Collected(), "")).texts["title"][0]
    assert told == "A trace"


def test_of_nothing() -> None:
    nothing = Collected()
    nothing.finish()
    facts = facts_of(page(HEADER._replace(os="plan9"), nothing, "Nothing"))
    assert (facts["processes"], facts["calls"], facts["duration"], facts["left"]) == ([], [], 0, {})


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    made = counted(LONG.batch())
    assert set(left_out(made)) <= {"calls"}
    monkeypatch.setattr("pypicotrace.report.facts.SHOWN_MAX", 3)
    rows = made.failures.by_call.first(1000, lambda times: times.count)
    rest = sum(times.count for _, times in rows[3:])
    assert left_out(made)["errors"] == [
        f"Not shown: {len(rows) - 3:,} more rows, with {rest:,} failures."
    ]
    made.failures.by_call.refused = 1234
    made.processes.more, made.processes.events_elsewhere = 7, 1000
    said = left_out(made)
    assert said["errors"][1] == (
        f"Not shown: 1,234 calls that would have a row beyond the first {KEYS_MAX:,}."
    )
    assert said["time"] == [
        "Not shown: 7 more processes, made after these.",
        "Not shown: 1,000 events of theirs; the other sections have them.",
    ]
    facts = Made(HEADER, made).facts()
    assert len(facts["errors"]) == 3
    assert facts["left"] == said
    assert SHOWN_MAX <= KEYS_MAX


def test_the_page_is_the_packages_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parts are ASCII, so that it means the same wherever it is opened."""
    for name in (*SCRIPTS, "report.css", "report.html"):
        assert part(name).isascii()
    assert page_module.page is page
