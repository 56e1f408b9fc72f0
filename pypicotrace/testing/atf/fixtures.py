"""What a test case may ask for by the names of its parameters, outside pytest."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pypicotrace.testing.atf.run import Run
from pypicotrace.testing.permission import why_not
from pypicotrace.testing.running import run_traced
from pypicotrace.testing.tracees import compile_tracee


def arguments(
    run: Run, function: Callable[..., Any], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments for a case's function; the case is skipped where one cannot be had."""
    given = dict(parameters)
    for name in inspect.signature(function).parameters:
        if name not in given and name in MAKERS:
            given[name] = MAKERS[name](run)
    return given


def _traced(run: Run) -> Any:
    reason = why_not()
    if reason:
        run.skip(reason)
    return run_traced


MAKERS: dict[str, Callable[[Run], Any]] = {
    "traced": _traced,
    "tracee": lambda run: compile_tracee,
    # Kyua has made it, and removes it.
    "tmp_path": lambda run: Path.cwd(),
}
