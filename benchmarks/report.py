"""What picotrace-report takes for a long recording, and a browser for its page.

    .venv/bin/python benchmarks/report.py [EVENTS]

Records a program of about so many events (1,000,000, if not said otherwise) with the installed
commands, and opens the page in Chromium as tests/live/test_report_browser.py does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "live"))
from browser import browser

COMMANDS = Path(sysconfig.get_path("scripts"))
PROGRAM = """
tests() { i=0; while [ $i -lt $1 ]; do i=$((i+1)); [ -e /x ]; done; }
for job in 1 2 3 4; do tests {tests} & done
n=0; while [ $n -lt {processes} ]; do n=$((n+1)); /bin/true; done
wait
"""
PER_TEST, PER_PROCESS = 8, 100
"""Events of four jobs' next test; of a process that does nothing."""


def record(file: Path, events: int) -> None:
    """A tenth of the events are of processes that come and go."""
    processes = events // 10 // PER_PROCESS
    tests = (events - processes * PER_PROCESS) // PER_TEST
    program = PROGRAM.replace("{tests}", str(tests)).replace("{processes}", str(processes))
    picotrace = [str(COMMANDS / "picotrace"), "-f", "--format", "ndjson", "-o", str(file)]
    subprocess.run([*picotrace, "sh", "-c", program], check=True)


def report(file: Path, page: Path) -> tuple[float, float, int]:
    """Seconds, those of the processor, and the most memory that it had, in kB."""
    begun = time.monotonic()
    pid = os.posix_spawn(
        COMMANDS / "picotrace-report",
        ["picotrace-report", "-o", str(page), str(file)],
        os.environ,
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit("picotrace-report has failed")
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def main(events: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file, page = folder / "trace.ndjson", folder / "report.html"
        record(file, events)
        with file.open("rb") as recording:
            lines = sum(1 for _ in recording) - 1
        print(f"recording: {lines:,} events, {file.stat().st_size / 1e6:.0f} MB")
        took, processor, memory = report(file, page)
        print(f"picotrace-report: {took:.1f} s, {processor:.1f} s of the processor")
        print(f"memory at most: {memory / 1000:.0f} MB")
        print(f"page: {page.stat().st_size / 1e6:.2f} MB")
        with browser(folder) as tab:
            for _ in range(3):
                took = tab.open(page.as_uri())
                print(f"loaded and drawn: {took:.2f} s")
            begun = time.monotonic()
            tab.evaluate("document.getElementById('search').focus()")
            tab.type("newfstatat")
            tab.evaluate("new Promise(requestAnimationFrame)")
            print(f"searched: {time.monotonic() - begun:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
