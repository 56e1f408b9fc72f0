"""Whether programs can be traced here at all, and if not, why."""

from __future__ import annotations

import functools
import os
import re
import sysconfig

from pypicotrace.errors import LaunchError, PicotraceError
from pypicotrace.kinds import Mask
from pypicotrace.start import spawn

SANITIZER = re.compile(r"lib(?:clang_rt\.)?(?:asan|tsan|msan|lsan|ubsan)")


def under_sanitizer() -> str:
    """The sanitizer that this process runs under, in words; empty where it is none.

    LeakSanitizer itself traces the process at its end, and all of them change what calls are made.
    """
    found = SANITIZER.search(os.environ.get("LD_PRELOAD", ""))
    if found is not None:
        return f"{found[0]} is preloaded"
    flags = f"{sysconfig.get_config_var('CFLAGS')} {sysconfig.get_config_var('PY_CFLAGS')}"
    found = re.search(r"-fsanitize=\S+", flags)
    return f"this Python is built with {found[0]}" if found is not None else ""


@functools.cache
def refusal() -> str:
    """Why nothing can be traced here, in words; empty where it can. Tried out, once."""
    try:
        with spawn(["/bin/sh", "-c", ":"], events=Mask.EXIT) as loop:
            for _ in loop:
                pass
    except LaunchError as error:
        return f"ptrace is refused: {error.strerror}"
    except PicotraceError as error:
        return f"ptrace is refused: {error}"
    return ""


def why_not() -> str:
    """Why traced tests cannot run here; empty where they can."""
    sanitizer = under_sanitizer()
    return f"not under a sanitizer: {sanitizer}" if sanitizer else refusal()
