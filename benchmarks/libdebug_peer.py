"""libdebug with a handler for every call that does nothing.

python benchmarks/libdebug_peer.py PROGRAM [ARG ...]
"""

from __future__ import annotations

import sys
from typing import Any

from libdebug import debugger  # type: ignore[import-not-found]


def nothing(*_: Any) -> None:
    """What is done at an entry and at an exit."""


traced = debugger(sys.argv[1:])
traced.run()
traced.handle_syscall("*", on_enter=nothing, on_exit=nothing)
traced.cont()
traced.wait()
traced.kill()
