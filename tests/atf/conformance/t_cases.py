#!/usr/bin/env python3
"""The same test cases as in cases.c and cases.sh, which say the same of themselves."""

import os
import signal
import sys

from pypicotrace.testing import atf


def test_passes() -> None:
    """It passes"""


def test_passes_explicitly() -> None:
    """It says that it passes"""
    atf.pass_()


def test_fails() -> None:
    """It fails"""
    atf.fail("a reason: with a colon")


def test_skips() -> None:
    """It is skipped"""
    atf.skip("not today")


def test_checks_fail() -> None:
    """It fails at its end"""
    atf.fail_nonfatal("once")
    atf.fail_nonfatal("twice")


def test_a_check_fails_before_the_end() -> None:
    """It fails, and says that it passes"""
    atf.fail_nonfatal("once")
    atf.fail("fatally")


def test_expects_failure() -> None:
    """It fails as expected"""
    atf.expect_fail("a bug")
    atf.fail("it is there")


def test_expects_failures() -> None:
    """Its checks fail as expected"""
    atf.expect_fail("a bug")
    atf.fail_nonfatal("once")
    atf.fail_nonfatal("twice")


def test_expects_failure_and_then_none() -> None:
    """It fails as expected, and goes on"""
    atf.expect_fail("a bug")
    atf.fail_nonfatal("once")
    atf.expect_pass()


def test_expects_failure_in_vain() -> None:
    """It does not fail, as it should"""
    atf.expect_fail("a bug")


def test_expects_failure_in_vain_and_goes_on() -> None:
    """It does not fail, and expects no more to"""
    atf.expect_fail("a bug")
    atf.expect_pass()


def test_expects_failure_and_passes() -> None:
    """It says that it passes, and should fail"""
    atf.expect_fail("a bug")
    atf.pass_()


def test_expects_exit() -> None:
    """It exits"""
    atf.expect_exit(3, "with a status")
    sys.exit(3)


def test_expects_any_exit() -> None:
    """It exits, with any status"""
    atf.expect_exit(-1, "with any status")
    sys.exit(5)


def test_expects_exit_in_vain() -> None:
    """It does not exit"""
    atf.expect_exit(3, "with a status")


def test_expects_exit_and_fails() -> None:
    """It fails where it should exit"""
    atf.expect_exit(3, "with a status")
    atf.fail("it could not")


def test_expects_exit_and_passes() -> None:
    """It says that it passes where it should exit"""
    atf.expect_exit(3, "with a status")
    atf.pass_()


def test_expects_signal() -> None:
    """It is killed"""
    atf.expect_signal(9, "by this one")
    os.kill(os.getpid(), signal.SIGKILL)


def test_expects_any_signal() -> None:
    """It is killed by any signal"""
    atf.expect_signal(-1, "by any")
    os.kill(os.getpid(), signal.SIGKILL)


def test_expects_signal_in_vain() -> None:
    """It is not killed"""
    atf.expect_signal(9, "by this one")


def test_expects_death() -> None:
    """It dies"""
    atf.expect_death("somehow")
    os.kill(os.getpid(), signal.SIGKILL)


def test_expects_death_in_vain() -> None:
    """It does not die"""
    atf.expect_death("somehow")


def test_expects_timeout_in_vain() -> None:
    """It does not hang"""
    atf.expect_timeout("for ever")


@atf.timeout(10)
def test_expects_timeout() -> None:
    """It hangs"""
    atf.expect_timeout("for ever")
    signal.pause()


def test_expects_one_thing_and_then_another() -> None:
    """It expects to exit, and then to die"""
    atf.expect_exit(3, "first")
    atf.expect_death("then")


def test_exits_by_itself() -> None:
    """It leaves no result"""
    sys.exit(0)


def test_config() -> None:
    """It is told of variables"""
    there = "yes" if atf.config_has("absent") else "no"
    atf.skip(f"{atf.config_get('color')} {atf.config_get('absent', 'default')} {there}")


def test_srcdir() -> None:
    """It knows where it is"""
    atf.skip(str(atf.srcdir()))


def test_srcdir_is_a_variable() -> None:
    """It finds that among the variables, too"""
    atf.skip(str(atf.config_get("srcdir")))


def test_reason_has_spaces() -> None:
    """It says why with some space"""
    atf.fail(" two  and a\ttab ")


def clean() -> None:
    print("cleaned")


@atf.cleanup(clean)
def test_cleans() -> None:
    """It has a cleanup"""


@atf.timeout(60)
@atf.require_user("root")
@atf.require_progs("cat", "/bin/sh")
@atf.require_files("/etc/passwd", "/")
@atf.require_arch("amd64", "x86_64")
@atf.require_machine("amd64", "x86_64")
@atf.require_config("color")
@atf.require_memory("1M")
@atf.x("own", "a value: of its own")
@atf.cleanup(clean)
def test_properties() -> None:
    """It has all properties"""


if __name__ == "__main__":
    atf.main()
