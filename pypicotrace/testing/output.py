"""What the commands say on standard output: at once, so that a full disk is theirs to tell of."""

from __future__ import annotations

import os


def put(text: str) -> None:
    """Write all of it.

    :raises OSError: it cannot be written; ``filename`` is then "standard output".
    """
    left = text.encode(errors="backslashreplace")
    try:
        while left:
            left = left[os.write(1, left) :]
    except OSError as error:
        error.filename = "standard output"
        raise
