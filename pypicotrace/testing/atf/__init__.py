"""ATF test programs in Python.

    #!/usr/bin/env python3
    import pypicotrace as pt
    from pypicotrace.testing import atf

    @atf.timeout(30)
    @atf.require_progs("cat")
    def test_fork_reports_child(traced):
        \"\"\"fork(2) is reported with the child's pid\"\"\"
        trace = traced(["/bin/sh", "-c", "(exit 0)"], follow=True)
        trace.expect(pt.Forked(pid=trace.root)).then(pt.Exited(status=0))

    if __name__ == "__main__":
        atf.main()

The functions whose names begin with ``test_`` are the test cases; the first line of a docstring is
what the case is described by. Kyua, or whatever else speaks the interface of atf-test-program(1),
runs such a file; pytest runs the same file, each case in a process of its own.
"""

from pypicotrace.testing.atf.cases import cleanup, each
from pypicotrace.testing.atf.current import (
    check,
    config_get,
    config_has,
    expect_death,
    expect_exit,
    expect_fail,
    expect_pass,
    expect_signal,
    expect_timeout,
    fail,
    fail_nonfatal,
    pass_,
    require_prog,
    skip,
    srcdir,
)
from pypicotrace.testing.atf.program import main
from pypicotrace.testing.atf.properties import (
    require_arch,
    require_config,
    require_diskspace,
    require_files,
    require_machine,
    require_memory,
    require_progs,
    require_user,
    timeout,
    x,
)

__all__ = [
    "check",
    "cleanup",
    "config_get",
    "config_has",
    "each",
    "expect_death",
    "expect_exit",
    "expect_fail",
    "expect_pass",
    "expect_signal",
    "expect_timeout",
    "fail",
    "fail_nonfatal",
    "main",
    "pass_",
    "require_arch",
    "require_config",
    "require_diskspace",
    "require_files",
    "require_machine",
    "require_memory",
    "require_prog",
    "require_progs",
    "require_user",
    "skip",
    "srcdir",
    "timeout",
    "x",
]
