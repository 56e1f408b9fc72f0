"""Prototypes of python-ptrace, where no table of ours has one: with that package, and without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from pypicotrace.tools.decode.plan import plan
from pypicotrace.tools.decode.prototypes import foreign

MODULE = "ptrace.syscall.prototypes"
BDFLUSH = 134


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in the shape of python-ptrace's."""
    made = ModuleType(MODULE)
    vars(made)["SYSCALL_PROTOTYPES"] = {"bdflush": ("long", (("int", "func"), ("long", "data")))}
    for name in ("ptrace", "ptrace.syscall"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, MODULE, made)
    plan.cache_clear()


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, MODULE, None)
    plan.cache_clear()


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What was planned with another package is not kept."""
    yield
    plan.cache_clear()


@pytest.mark.usefixtures("there")
def test_with_it() -> None:
    found = foreign("bdflush")
    assert found is not None
    assert [str(param) for param in found] == ["int func", "long data"]
    assert foreign("vserver") is None
    assert plan("linux-i386", BDFLUSH, 6).names == ("func", "data")


@pytest.mark.usefixtures("missing")
def test_without_it() -> None:
    assert foreign("bdflush") is None
    assert plan("linux-i386", BDFLUSH, 6).names == tuple(f"arg{place}" for place in range(6))
