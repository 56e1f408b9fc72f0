"""Events to bytes: what a trace can be written as, besides the text that C writes.

A format is a module here that is imported when it is asked for: what it needs of other packages is
no part of the command's start.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from pypicotrace.errors import MissingExtra

if TYPE_CHECKING:
    from pypicotrace.batch import Batch
    from pypicotrace.formats.header import Header


class Format(Protocol):
    """A trace on its way to bytes, in pieces: ``begin``, ``events`` again and again, ``end``.

    After the end another ``begin`` goes on with the same trace in another file.
    """

    def begin(self, header: Header) -> bytes:
        """What comes first."""

    def events(self, batch: Batch) -> bytes:
        """What is known of these events, and of those before them. It may be nothing yet."""

    def end(self) -> bytes:
        """What is left to be said when no more come."""


FORMATS = {"ndjson": "Ndjson", "strace": "Strace", "trace-event": "TraceEvent"}
"""The formats by name, and the class in the module of that name, its `-` being `_`."""


def new(name: str) -> Format:
    """A format of `FORMATS`.

    :raises MissingExtra: it needs a package that is not installed.
    """
    module = needed(f"pypicotrace.formats.{name.replace('-', '_')}", f"the format {name}")
    make: Callable[[], Format] = getattr(module, FORMATS[name])
    return make()


def needed(module: str, what: str, extra: str = "formats") -> Any:
    """A module that only some uses need.

    :param what: what needs it, for the message.
    :param extra: what pip is to install.
    :raises MissingExtra: it, or what it imports, is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or module).partition(".")[0]
        if missing == "pypicotrace":
            raise
        raise MissingExtra(
            f"{what} needs the package {missing}: pip install 'pypicotrace[{extra}]'"
        ) from None
