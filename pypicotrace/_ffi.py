"""The compiled module. Nothing else imports it."""

from typing import Any

from pypicotrace._pico import ffi as _ffi
from pypicotrace._pico import lib as _lib

ffi: Any = _ffi
lib: Any = _lib
