"""What docs/security.md says of tracing somebody who does not mean well."""

from __future__ import annotations

import os
import shutil
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_support import NOBODY, Finished, as_user, needs_root, picotrace, untraced
from rows import from_events
from runs import Trace, asks_for_results, until
from truth import glance, let_go, read_truth
from truthful import check_truth

import pypicotrace as pt

Tracee = Callable[[str], str]


@asks_for_results
def test_what_was_read_is_not_what_the_kernel_reads(
    trace: Trace, tracee: Tracee, tmp_path: Path
) -> None:
    """Another LWP changes the name of the file between the tracer's look and the kernel's."""
    file = tmp_path / "truth"
    seen = []

    def body(ev: Any) -> None:
        if type(ev) is pt.SyscallEntry and ev.name == "openat" and glance(file).ready == 1:
            seen.append(ev.stop.read_cstring(ev.args[1]))
            let_go(file)
            until(lambda: glance(file).ready == 2, "the name is another")

    run = trace([tracee("hasty"), str(file)], body=body)
    truth = read_truth(file)
    check_truth(from_events(run.events), truth)
    assert seen == [b"/dev/null"]
    (opened,) = (call for call in truth.accounts[0].calls if call.name == "openat")
    assert opened.result == -2, "it is the other, which does not exist, that was to be opened"


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may pass through, which pytest's are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@pytest.fixture
def set_user_id(public: Path) -> Path:
    """A program of root's that tells as whom it runs."""
    if os.statvfs(public).f_flag & os.ST_NOSUID:
        pytest.skip(f"{public} is on a file system where nobody gets another's rights (nosuid)")
    program = public / "id"
    shutil.copy(shutil.which("id") or "/usr/bin/id", program)
    program.chmod(0o4755)
    return program


@needs_root
def test_a_set_user_id_program_has_no_privilege_and_that_is_said(set_user_id: Path) -> None:
    run = picotrace("-o", "/dev/null", str(set_user_id), "-u", before=as_user())
    warning = (
        f"picotrace: {set_user_id} is a set-user-ID program: traced, it runs without that right"
    )
    assert run == (0, f"{NOBODY}\n".encode(), f"{warning}\n".encode())


@needs_root
def test_a_program_with_capabilities_has_none_and_that_is_said(public: Path) -> None:
    program = public / "grep"
    shutil.copy(shutil.which("grep") or "/usr/bin/grep", program)
    # struct vfs_cap_data (linux/capability.h): revision 2, effective; CAP_CHOWN permitted.
    os.setxattr(program, "security.capability", struct.pack("<5I", 0x02000001, 1, 0, 0, 0))
    ask = [str(program), "CapEff", "/proc/self/status"]
    plain = untraced([*as_user(), *ask])
    if not int(plain.out.split()[1], 16) & 1:
        pytest.skip(f"{public} is on a file system where nobody gets rights (nosuid)")
    run = picotrace("-o", "/dev/null", *ask, before=as_user())
    warning = f"picotrace: {program} has file capabilities: traced, it runs without them\n"
    assert (run.status, run.err) == (0, warning.encode())
    assert not int(run.out.split()[1], 16) & 1


@needs_root
def test_root_leaves_a_set_user_id_program_its_privilege(set_user_id: Path) -> None:
    run = picotrace("-o", "/dev/null", "-u", "nobody", str(set_user_id), "-u")
    assert run == (0, b"0\n", b"")


@needs_root
@pytest.mark.parametrize(
    ("before", "who"),
    [
        (["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace", "--"], "root"),
        (as_user(rights="+sys_ptrace,+dac_read_search"), "another user"),
    ],
)
def test_it_is_the_capability_that_counts(set_user_id: Path, before: list[str], who: str) -> None:
    """Not uid 0: a root without it is warned, and somebody who has it is not."""
    options = ["-u", "nobody"] if who == "root" else []
    run = picotrace("-o", "/dev/null", *options, str(set_user_id), "-u", before=before)
    assert (run.status, run.out == b"0\n") == (0, who != "root")
    assert (b"traced, it runs without that right" in run.err) == (who == "root")


@needs_root
def test_another_user_comes_at_neither_the_tracer_nor_the_trace(public: Path) -> None:
    trace = public / "trace"
    script = f"kill -0 $PPID; cat {trace}; echo forged >>{trace}; echo tried"
    run = picotrace("-o", str(trace), "-u", "nobody", "sh", "-c", script)
    assert (run.status, run.out) == (0, b"tried\n")
    assert run.err.count(b"ermi") == 3, run.err
    assert b"forged" not in trace.read_bytes().splitlines()


COMMANDS = pytest.mark.parametrize("name", ["", ".tools.truss", ".tools.sigtracer"])
"""Those that write a file, as modules of the package."""


def written(name: str, path: Path) -> Finished:
    """What a command tells that writes to a file."""
    return untraced([sys.executable, "-m", f"pypicotrace{name}", "-o", str(path), "true"])


@COMMANDS
def test_the_trace_is_its_owners_alone(name: str, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert written(name, tmp_path / "trace") == (0, b"", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "trace").stat().st_mode & 0o777 == 0o600


@COMMANDS
def test_the_trace_goes_where_nobody_else_has_led_it(name: str, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "trace").symlink_to(tmp_path / "precious")
    told = written(name, shared / "trace")
    assert (told.status, told.out) == (1, b"")
    assert b"it is a symbolic link in a folder that anybody can write to" in told.err
    assert not (tmp_path / "precious").exists()


@pytest.mark.parametrize("tool", ["truss", "sigtracer", "singlestepper", "coredumper"])
def test_help_of_a_tool_that_cannot_be_written(tool: str) -> None:
    with open("/dev/full", "wb") as full:
        run = untraced([sys.executable, "-m", f"pypicotrace.tools.{tool}", "--help"], stdout=full)
    words = f"picotrace-{tool}: standard output: No space left on device\n"
    assert run == (1, b"", words.encode())


def test_the_command_has_no_descriptor_of_the_tracers(tmp_path: Path) -> None:
    show = ["sh", "-c", "ls /proc/$$/fd"]
    run = picotrace("-o", str(tmp_path / "trace"), *show)
    assert run.out.split() == [b"0", b"1", b"2"]
