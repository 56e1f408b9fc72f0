"""Fixtures of the pure tests."""

import sys

import pytest


@pytest.fixture
def as_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another system's calls less is said: no words for errors, and ids of LWPs."""
    monkeypatch.setattr(sys, "platform", "linux")
