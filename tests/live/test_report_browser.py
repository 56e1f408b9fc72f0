"""The page of a report, opened in a browser: what it shows, and what it does when it is used."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import records
from browser import Browser, PageError, browser
from cli_support import LONG_BOUND, picotrace, untraced
from records import HEADER, batch_of_all
from story import LONG, Story, counted

from pypicotrace._ffi import ffi
from pypicotrace.batch import Batch
from pypicotrace.formats import new
from pypicotrace.kinds import Kind
from pypicotrace.report.collected import Collected
from pypicotrace.report.facts import left_out
from pypicotrace.report.meaning import RESTARTS
from pypicotrace.report.page import page

MAIN = "import sys; from pypicotrace.report.command import main; sys.exit(main())"
PROGRAM = """
i=0; while [ $i -lt 25000 ]; do i=$((i+1)); [ -e /x ]; done
ls /nonexistent; (sleep 0.1; exit 3) & wait
"""
pytestmark = pytest.mark.bound(120)


@pytest.fixture(autouse=True)
def nothing_left() -> None:
    """In place of what all other live tests have: the browser stays from test to test."""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recording") / "trace.ndjson"
    picotrace("-f", "--format", "ndjson", "-o", str(file), "sh", "-c", PROGRAM, bound=LONG_BOUND)
    return file


@pytest.fixture(scope="module")
def events(recording: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in recording.read_bytes().splitlines()[1:]]


def made(file: Path, out: Path) -> str:
    run = untraced([sys.executable, "-c", MAIN, str(file), "-o", str(out)], bound=LONG_BOUND)
    assert (run.status, run.err) == (0, b"")
    return out.as_uri()


@pytest.fixture(scope="module")
def url(recording: Path) -> str:
    return made(recording, recording.with_name("report.html"))


def rows(tab: Browser, table: str) -> list[list[str]]:
    """The texts of a table's rows."""
    found: list[list[str]] = tab.evaluate(
        f"[...document.querySelectorAll('#{table} tbody tr')]"
        ".map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return found


def test_of_fifty_thousand_events(tab: Browser, url: str, events: list[dict[str, Any]]) -> None:
    assert len(events) > 50_000
    tab.open(url)
    about = tab.evaluate("document.getElementById('about').textContent")
    assert f"Events{len(events):,}" in about
    entered = Counter(event["name"] for event in events if event["ev"] == "sce")
    exits = [event for event in events if event["ev"] == "scx"]
    errors = Counter(event["name"] for event in exits if 0 < event["error"] not in RESTARTS)
    told = {row[0]: (row[1], row[2]) for row in rows(tab, "calls")}
    assert told == {name: (f"{n:,}", f"{errors[name]:,}") for name, n in entered.items()}
    labels = tab.evaluate("document.getElementById('rows').textContent")
    for word in ("ls ", "sleep ", "status 2", "status 3", "SIGCHLD"):
        assert word in labels


def test_a_link_says_what_is_looked_for_and_in_which_order(tab: Browser, url: str) -> None:
    tab.open(f"{url}#search=open&sort=errors")
    names = [row[0] for row in rows(tab, "calls")]
    assert "openat" in names
    assert all("open" in name for name in names)
    assert tab.evaluate("document.getElementById('search').value") == "open"
    tab.open(f"{url}#sort=errors")
    errors = [int(row[2].replace(",", "")) for row in rows(tab, "calls")]
    assert errors == sorted(errors, reverse=True)
    tab.open(f"{url}#sort=-errors")
    errors = [int(row[2].replace(",", "")) for row in rows(tab, "calls")]
    assert errors == sorted(errors)
    tab.open(f"{url}#sort=name")
    names = [row[0] for row in rows(tab, "calls")]
    assert names == sorted(names)


def test_search_is_live(tab: Browser, url: str) -> None:
    """In all tables and the processes, by all words; and what was typed is in the address."""
    tab.open(url)
    tab.evaluate("document.getElementById('search').focus()")
    tab.type("ENOENT sh")
    found = rows(tab, "errors")
    assert found
    assert all(row[0] == "sh" and row[2] == "ENOENT" for row in found)
    assert rows(tab, "calls") == [["None has what is looked for."]]
    assert tab.evaluate("location.hash") == "#search=ENOENT+sh"
    assert "rows" in tab.evaluate("document.getElementById('found').textContent")
    tab.open(f"{url}#search=sleep")
    labels = tab.evaluate("document.getElementById('rows').textContent")
    assert "sleep " in labels
    assert "ls " not in labels


def test_heads_sort(tab: Browser, url: str) -> None:
    tab.open(url)
    head = "document.querySelector('#calls th:nth-child(2) button')"
    tab.evaluate(f"{head}.click()")
    counts = [int(row[1].replace(",", "")) for row in rows(tab, "calls")]
    assert counts == sorted(counts, reverse=True)
    assert tab.evaluate(f"{head}.parentElement.ariaSort") == "descending"
    tab.evaluate(f"{head}.click()")
    counts = [int(row[1].replace(",", "")) for row in rows(tab, "calls")]
    assert counts == sorted(counts)
    assert tab.evaluate("location.hash") == "#sort=-count"


def test_keys(tab: Browser, url: str) -> None:
    """All that can be clicked can be reached, and the time line is moved by keys."""
    tab.open(url)
    unreachable = tab.evaluate(
        "[...document.querySelectorAll('button, input, select, a, summary')]"
        ".filter((each) => each.tabIndex < 0).length"
    )
    assert unreachable == 0
    tab.evaluate("document.getElementById('rows').focus()")
    for key, times in (("+", 2), ("ArrowRight", 1), ("-", 1)):
        for _ in range(times):
            tab.press(key)
    begin, end = map(int, tab.evaluate("state.get('span')").split(","))
    whole = tab.evaluate("facts.duration")
    assert abs((end - begin) / whole - 0.5) < 0.01
    assert begin > 0
    tab.press("0")
    assert tab.evaluate("state.get('span')") == ""


def test_a_calls_latency(tab: Browser, url: str) -> None:
    tab.open(f"{url}#call=clone")
    label = tab.evaluate("document.getElementById('histogram').ariaLabel")
    assert label.startswith("clone: ")
    tab.evaluate("document.querySelector('#calls .link').click()")
    name = tab.evaluate("document.querySelector('#calls .link').textContent")
    assert tab.evaluate("document.getElementById('call').value") == name
    assert tab.evaluate("document.querySelectorAll('#histogram .bar').length") > 0


@pytest.mark.parametrize("count", [0, 1])
def test_of_next_to_nothing(tab: Browser, tmp_path: Path, count: int) -> None:
    form, file = new("ndjson"), tmp_path / "short.ndjson"
    file.write_bytes(form.begin(HEADER) + form.events(batch_of_all(count)))
    tab.open(made(file, tmp_path / "short.html"))
    assert rows(tab, "errors") == [["None."]]
    assert ("None." in tab.evaluate("document.getElementById('rows').textContent")) == (not count)


AXIS = "[...document.querySelectorAll('#axis text')].map((text) => text.textContent)"


@pytest.mark.parametrize(("since", "labels"), [(0, "0 ns"), (1_800_000_200_000, "1,800.0002 s")])
@pytest.mark.parametrize("size", [10, 10**6, 10**10])
def test_its_times_can_be_told_apart(
    tab: Browser, tmp_path: Path, since: int, labels: str, size: int
) -> None:
    """However small a part of however long a trace is shown; also where all is at one moment."""
    told = Collected()
    told.add(at_times(10**12, 10**12 + 2 * since))
    told.finish()
    file = tmp_path / "long.html"
    file.write_bytes(page(HEADER, told, ""))
    tab.open(f"{file.as_uri()}#span={since},{since + size}")
    axis = tab.evaluate(AXIS)
    assert len(set(axis)) == len(axis) > 2
    if size < 10**10:
        assert axis[0].replace("\u00a0", " ").startswith(labels[:-2])
    boxes = "[...document.querySelectorAll('#axis text')].map((text) => text.getBBox())"
    ends = tab.evaluate(f"{boxes}.map((box) => [box.x, box.x + box.width])")
    assert all(end < begin for (_, end), (begin, _) in pairwise(ends))


def at_times(*times: int) -> Batch:
    made = ffi.new("struct pico_event[]", len(times))
    for place, ts_ns in enumerate(times):
        made[place].seq, made[place].ts_ns = place + 1, ts_ns
        made[place].kind, made[place].pid, made[place].lwp = int(Kind.SCE), 7, 7
    return Batch(made, len(times))


def test_pictures_stay_in_their_frames(tab: Browser, tmp_path: Path) -> None:
    """Of a trace whose calls all took alike, and of one with every kind of end."""
    file = tmp_path / "frames.html"
    file.write_bytes(page(HEADER, counted(LONG.batch()), ""))
    tab.open(file.as_uri())
    box = "document.querySelector('#overview {}').getBBox()"
    bars, window = (
        tab.evaluate(f"(b => [b.x, b.x + b.width])({box.format(name)})")
        for name in (".bar", ".window")
    )
    assert window[0] <= bars[0] < bars[1] <= window[1] + 1
    ends = tab.evaluate(
        "[...document.querySelectorAll('#rows .end')].map((each) => [each.textContent, "
        "each.getBoundingClientRect().right])"
    )
    assert "SIGSEGV (core)" in dict(ends)
    right = tab.evaluate("byId('rows').getBoundingClientRect().right")
    assert all(end <= right for _, end in ends)


def test_a_histogram_has_a_scale(tab: Browser, tmp_path: Path) -> None:
    """Also where all calls took alike."""
    made = Story()
    made.step((0, 0, 0, 0))
    made.step((0, 0, 0, 300))
    file = tmp_path / "alike.html"
    file.write_bytes(page(HEADER, counted(made.batch()), ""))
    tab.open(file.as_uri())
    texts = "[...document.querySelectorAll('#histogram text')].map((text) => text.textContent)"
    assert {"100\u00a0ns", "1.00\u00a0\u00b5s"} <= set(tab.evaluate(texts))
    sizes = "[...document.querySelectorAll('#histogram .bar')].map((bar) => bar.getBBox().width)"
    [width] = tab.evaluate(sizes)
    assert width < 200


def test_it_says_what_is_left_out(
    tab: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that the recording broke off."""
    monkeypatch.setattr("pypicotrace.report.facts.SHOWN_MAX", 5)
    monkeypatch.setattr("pypicotrace.report.processes.PROCESSES_MAX", 5)
    told = counted(LONG.batch())
    file = tmp_path / "left.html"
    file.write_bytes(page(HEADER, told, "", warning="Only the beginning"))
    tab.open(file.as_uri())
    assert tab.evaluate("document.getElementById('warning').textContent") == "Only the beginning"
    assert tab.evaluate("document.getElementById('warning').checkVisibility()")
    assert len(rows(tab, "errors")) == len(rows(tab, "tree")) == 5
    for section in ("time", "errors", "descriptors"):
        text = tab.evaluate(f"document.getElementById('{section}').textContent")
        for line in left_out(told)[section]:
            assert line in text


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (600, "dark")])
def test_it_fits(tab: Browser, url: str, width: int, scheme: str) -> None:
    """No part of it is wider than the window; tables have room to be moved in."""
    tab.open(url, width=width, scheme=scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")


def test_nothing_that_a_recording_has_is_run(
    tab: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs call themselves whatever they like; values that no kernel tells are shown, too."""
    names = [b"</script>", b"<img src=x onerror=r()>", b"\x1b[31m", b"\xe2\x80\xae", b"\xff\"'\\"]
    monkeypatch.setattr(records, "PROGRAMS", names)
    hostile = b"</script><script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"
    form, file = new("ndjson"), tmp_path / "hostile.ndjson"
    header = HEADER._replace(command=(hostile,), host=hostile.decode())
    file.write_bytes(form.begin(header) + form.events(batch_of_all(3000)))
    url = made(file, tmp_path / "hostile.html")
    for fragment in ("", "#search=</script><img src=x>", "#span=1e999,-4&sort=nothing&call=<b>"):
        tab.open(url + fragment)
        assert tab.evaluate("'ran' in window") is False
        assert tab.evaluate("document.images.length") == 0
        assert "<script>window.ran = 1</script>" in tab.evaluate("document.title")
    legend = tab.evaluate("document.getElementById('legend').textContent")
    for shown in ("</script>", "<img src=x onerror=r()>", "\\x1b[31m", "\\u202e", "\\xff\"'\\\\"):
        assert shown in legend


def test_its_policy_keeps_it_from_the_network(tab: Browser, recording: Path, url: str) -> None:
    """And from scripts that are not its own: also those of somebody who has got one in."""
    tab.open(url)
    tab.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/'}))")
    said = tab.evaluate("new Promise(requestAnimationFrame)")
    assert said is not None
    with pytest.raises(PageError, match=r"img-src|default-src"):
        tab.check(url)
    changed = recording.with_name("changed.html")
    text = recording.with_name("report.html").read_bytes()
    changed.write_bytes(text.replace(b"</main>", b"</main><script>window.ran = 1</script>"))
    with pytest.raises(PageError, match="script-src"):
        tab.open(changed.as_uri())
    assert tab.evaluate("'ran' in window") is False
