"""A system call tracer for NetBSD and Linux: picotrace, as a command and as a library.

>>> import pypicotrace as pt
>>> with pt.spawn(["ls", "-l"], events=pt.SCX) as loop:
...     for event in loop:
...         print(event.lwp, event.name, event.args, event.retval, event.error)
>>> print(loop.status)
"""

from __future__ import annotations

from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pypicotrace.api import *  # noqa: F403
    from pypicotrace.api import __all__ as __all__
else:

    def __getattr__(name: str) -> object:
        """A name of `pypicotrace.api`: the command, which needs few of them, starts without."""
        # ``from pypicotrace import events`` asks for a name before it imports the module.
        if PathFinder.find_spec(f"{__name__}.{name}", __spec__.submodule_search_locations) is None:
            from pypicotrace import api

            globals().update({public: vars(api)[public] for public in ("__all__", *api.__all__)})
        if name in globals():
            return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
