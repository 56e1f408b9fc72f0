"""The loop in a program: a tracer that does nothing with what it gets.

python benchmarks/embedded.py stop|stream|text PROGRAM [ARG ...]
"""

from __future__ import annotations

import os
import sys

import pypicotrace as pt


def main() -> None:
    """Trace, in one of the ways that there are."""
    way, *argv = sys.argv[1:]
    with pt.spawn(argv, follow=True) as loop:
        if way == "stop":
            for _ in loop:
                pass
        elif way == "stream":
            for _ in loop.stream():
                pass
        else:
            fd = os.open(os.devnull, os.O_WRONLY)
            loop.write_text(fd)
    sys.exit(getattr(loop.status, "status", 1))


if __name__ == "__main__":
    main()
