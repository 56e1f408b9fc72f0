"""The pytest plugin: fixtures ``traced`` and ``tracee``, and markers that say what a test needs.

It stands beside the package and imports nothing of it until a test asks: a run of pytest without
such tests does not pay for it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pypicotrace.testing import Trace

TRACED = "pypicotrace_traced"
"""The attribute of reports of tests that trace something."""
IS_TRACED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for words in (
        "requires_ptrace: skipped, with the reason, where no program can be traced",
        "requires_os(name, ...): skipped on other systems; names as sys.platform begins",
    ):
        config.addinivalue_line("markers", words)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here."""
    systems = [name for mark in item.iter_markers("requires_os") for name in mark.args]
    if systems and not sys.platform.startswith(tuple(systems)):
        pytest.skip(f"it is for {' or '.join(systems)}, and this is {sys.platform}")
    if item.get_closest_marker("requires_ptrace") is not None:
        _require_ptrace(item)


def _require_ptrace(item: pytest.Item) -> None:
    from pypicotrace.testing.permission import why_not

    item.stash[IS_TRACED] = True
    reason = why_not()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def traced(request: pytest.FixtureRequest) -> Callable[..., Trace]:
    """Runs a program to its end under the tracer: `pypicotrace.testing.run_traced`."""
    from pypicotrace.testing import run_traced

    _require_ptrace(request.node)
    return run_traced


@pytest.fixture(scope="session")
def tracee() -> Callable[..., str]:
    """Compiles a C program, once: `pypicotrace.testing.compile_tracee`."""
    from pypicotrace.testing import compile_tracee

    return compile_tracee


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Mark the reports of traced tests; a report travels to where the summary is written."""
    outcome = yield
    if item.stash.get(IS_TRACED, False):
        setattr(outcome.get_result(), TRACED, True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many traced tests ran, and why others did not, where there were any."""
    reports = {
        report.nodeid: report
        for kind in terminalreporter.stats.values()
        for report in kind
        if getattr(report, TRACED, False) and (report.when == "call" or report.skipped)
    }
    if not reports:
        return
    skipped = Counter(_reason(report) for report in reports.values() if report.skipped)
    ran = len(reports) - skipped.total()
    line = f"traced tests: {ran} ran"
    line += "".join(f"; {count} skipped: {reason}" for reason, count in skipped.items())
    terminalreporter.write_line(line)


def _reason(report: Any) -> str:
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(words).removeprefix("Skipped: ")
