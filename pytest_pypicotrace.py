"""The pytest plugin: fixtures ``traced`` and ``tracee``, and markers that say what a test needs.

An ATF test program (a file ``t_*.py`` that imports `pypicotrace.testing.atf`) runs as it is, each
of its cases in a process of its own.

It stands beside the package and imports nothing of it until a test asks: a run of pytest without
such tests does not pay for it.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pypicotrace.testing import Trace
    from pypicotrace.testing.atf.result import Result

TRACED = "pypicotrace_traced"
"""The attribute of reports of tests that trace something."""
IS_TRACED = pytest.StashKey[bool]()
ATF = "pypicotrace.testing.atf"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The one option."""
    words = "a configuration variable of ATF test programs, as -v of theirs; may be given again"
    group = parser.getgroup("pypicotrace")
    group.addoption("--atf-var", action="append", default=[], metavar="NAME=VALUE", help=words)


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for words in (
        "requires_ptrace: skipped, with the reason, where no program can be traced",
        "requires_os(name, ...): skipped on other systems; names as sys.platform begins",
    ):
        config.addinivalue_line("markers", words)
    for text in config.getoption("--atf-var"):
        if "=" not in text:
            raise pytest.UsageError(f"--atf-var {text}: give NAME=VALUE")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here."""
    for mark in item.iter_markers("requires_os"):
        systems = mark.args
        if not systems or not all(isinstance(name, str) and name for name in systems):
            pytest.fail("requires_os takes names, such as requires_os('netbsd', 'linux')", False)
        if not sys.platform.startswith(tuple(name.lower() for name in systems)):
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


def _is_atf(module: Any) -> bool:
    """Whether a module is an ATF test program."""
    if ATF not in sys.modules or not module.__name__.rpartition(".")[2].startswith("t_"):
        return False
    values = vars(module).values()
    return any(
        value is sys.modules[ATF] or str(getattr(value, "__module__", "")).startswith(ATF)
        for value in values
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each case that a function of an ATF test program stands for."""
    if not _is_atf(metafunc.module):
        return
    from pypicotrace.testing.atf.cases import about, combinations

    names = list(about(metafunc.function).each)
    if names:
        cases = list(combinations(metafunc.function))
        values = [[parameters[name] for name in names] for _, parameters in cases]
        metafunc.parametrize(names, values, ids=[words for words, _ in cases])


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a case of an ATF test program, and say of it what ATF would."""
    if not _is_atf(pyfuncitem.module) or pyfuncitem.cls is not None:
        return None  # a method is no case of ATF's
    result = _run_case(pyfuncitem)
    if result.word.startswith("expected_"):
        raise pytest.xfail.Exception(result.reason, pytrace=False)
    if result.word == "skipped":
        pytest.skip(result.reason)
    if not result.good:
        pytest.fail(result.reason, pytrace=False)
    return True


def _run_case(item: pytest.Function) -> Result:
    from pypicotrace.testing.atf.cases import one_case
    from pypicotrace.testing.atf.isolated import Surroundings, run_isolated
    from pypicotrace.testing.atf.requirements import unmet
    from pypicotrace.testing.atf.result import Result

    config = dict(text.partition("=")[::2] for text in item.config.getoption("--atf-var"))
    names = item._fixtureinfo.argnames
    case = one_case(item.function, {name: item.funcargs[name] for name in names})
    reason = unmet(case.properties, config)
    if reason:
        return Result("skipped", reason)
    with tempfile.TemporaryDirectory() as folder:
        workdir = Path(str(item.funcargs.get("tmp_path", folder)))
        return run_isolated(case, Surroundings(workdir, item.path.parent, config))


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
    # One that fails as expected is reported as skipped, too.
    left_out = [it for it in reports.values() if it.skipped and not hasattr(it, "wasxfail")]
    skipped = Counter(map(_reason, left_out))
    ran = len(reports) - skipped.total()
    line = f"traced tests: {ran} ran"
    line += "".join(f"; {count} skipped: {reason}" for reason, count in skipped.items())
    terminalreporter.write_line(line)


def _reason(report: Any) -> str:
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(words).removeprefix("Skipped: ")
