"""Which tests are for which system: all on Linux, elsewhere all but the files named here."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest

CALLS = "its tracees make Linux's own calls, by Linux's numbers"
PROC = "it looks at the tracees by Linux's /proc"
CLONE = "it is about clone(2) and LWPs as Linux has them"
SIGNALS = "it is about signals, stops and restarts as Linux has them"
USERS = "it needs setpriv(1), unshare(1) or prlimit(1)"
HEADERS = "the headers it compares with come with ziglang, which has no wheel for this system"

LINUX_ALONE = {
    "live/test_abi.py": CALLS,
    "live/test_altering.py": CALLS,
    "live/test_attaching.py": PROC,
    "live/test_calls.py": CALLS,
    "live/test_cli_attach.py": PROC,
    "live/test_cli_launch.py": USERS,
    "live/test_cli_strace.py": "strace(1) is what it compares with",
    "live/test_completeness.py": CALLS,
    "live/test_coredumper.py": "it has gdb(1) read core files of Linux's",
    "live/test_delay.py": CLONE,
    "live/test_delivery.py": SIGNALS,
    "live/test_detach.py": CLONE,
    "live/test_docs.py": "what the pages print is from Linux",
    "live/test_endings.py": CALLS,
    "live/test_execve.py": CALLS,
    "live/test_families.py": CLONE,
    "live/test_failing.py": "what it loads before a tracer interposes Linux's calls",
    "live/test_faults.py": SIGNALS,
    "live/test_gather.py": CLONE,
    "live/test_handlers.py": SIGNALS,
    "live/test_host_children.py": CLONE,
    "live/test_interrupted_calls.py": CALLS,
    "live/test_kin.py": PROC,
    "live/test_letting_go.py": PROC,
    "live/test_leaks.py": "it asks Linux's C library and /proc what is held",
    "live/test_like_strace.py": "strace(1) is what it compares with",
    "live/test_memory.py": PROC,
    "live/test_processes.py": CLONE,
    "live/test_programs.py": PROC,
    "live/test_registers.py": "it knows registers by Linux's layout",
    "live/test_report_browser.py": "the browser that opens the page is Debian's Chromium",
    "live/test_run_calls.py": CALLS,
    "live/test_security.py": USERS,
    "live/test_seccomp.py": "no other system has seccomp(2)",
    "live/test_kernel_filter.py": "no other system has filters in the kernel",
    "live/test_overload.py": PROC,
    "live/test_picture.py": "what the picture shows is from Linux",
    "live/test_pinning.py": "no other system lets one process pin another",
    "live/test_signals.py": SIGNALS,
    "live/test_steps.py": CALLS,
    "live/test_storms.py": CLONE,
    "live/test_surroundings.py": PROC,
    "live/test_threads.py": CLONE,
    "live/test_tracers.py": "its tracees are tracers by Linux's ptrace(2)",
    "live/test_true_attached.py": PROC,
    "live/test_true_calls.py": CALLS,
    "live/test_true_lwps.py": CLONE,
    "live/test_true_processes.py": CLONE,
    "live/test_true_signals.py": SIGNALS,
    "live/test_transparency.py": PROC,
    "live/test_turns.py": PROC,
    "live/test_truss_stacks.py": "libdw unwinds stacks of Linux",
    "live/test_unreturned.py": CALLS,
    "live/test_whims.py": CLONE,
    "pure/netbsd/test_netbsd_system.py": "the stand-in of NetBSD runs on another system",
    "pure/netbsd/test_static_asserts.py": HEADERS,
    "pure/test_auxv.py": HEADERS,
    "pure/test_core_layouts.py": HEADERS,
    "pure/test_decode_tables.py": HEADERS,
    "pure/test_histories.py": "hypothesis is not among what the tests need there",
    "pure/test_syscall_tables.py": HEADERS,
    "pure/test_typing.py": "it runs mypy, which is not among what the tests need there",
}
"""What is Linux's alone, by its path in this folder, and why. live/test_portable_*.py have the same
subjects for every system."""

collect_ignore_glob = ["live/test_netbsd_*.py"] if sys.platform == "linux" else []
"""And what is NetBSD's alone."""

NEEDS = {
    "live/test_cli_ndjson.py": ("msgspec", "jsonschema"),
    "live/test_cli_trace_event.py": ("msgspec", "jsonschema", "duckdb"),
    "live/test_converting.py": ("msgspec", "jsonschema", "pyarrow", "duckdb"),
    "live/test_truss_live_table.py": ("rich",),
    "pure/formats/test_convert.py": ("msgspec", "jsonschema", "pyarrow", "rich"),
    "pure/formats/test_dividing.py": ("msgspec", "jsonschema"),
    "pure/formats/test_ndjson.py": ("msgspec", "jsonschema"),
    "pure/formats/test_parquet.py": ("msgspec", "pyarrow", "duckdb"),
    "pure/formats/test_trace_event.py": ("msgspec", "jsonschema"),
    "pure/report/test_durations.py": ("hypothesis",),
    "pure/report/test_report_command.py": ("msgspec",),
    "pure/report/test_report_counts.py": ("hypothesis",),
    "pure/report/test_report_page.py": ("hypothesis",),
    "pure/test_completions.py": ("shtab",),
}
"""What only some tests need, and not every system has."""

HERE = Path(__file__).parent


@pytest.fixture(autouse=True, scope="session")
def as_in_a_terminal() -> None:
    """What a shell or nohup(1) ignores for a job in the background is not ignored for tracees."""
    for signo, handler in {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGQUIT: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }.items():
        if signal.getsignal(signo) is signal.SIG_IGN:
            signal.signal(signo, handler)


class Elsewhere(pytest.File):
    """A file of tests that is not even imported here."""

    reason: str

    def collect(self) -> Iterable[pytest.Item]:
        pytest.skip(self.reason)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Collector | None:
    name = str(module_path.relative_to(HERE))
    reason = LINUX_ALONE.get(name) if sys.platform != "linux" else None
    missing = [package for package in NEEDS.get(name, ()) if find_spec(package) is None]
    if missing:
        reason = f"it needs {', '.join(missing)}"
    if reason is None:
        return None
    file = Elsewhere.from_parent(parent, path=module_path)
    file.reason = f"{sys.platform}: {reason}"
    return file
