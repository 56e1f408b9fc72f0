"""``python -m pypicotrace`` is the command ``picotrace``."""

import sys

from pypicotrace.cli import main

sys.exit(main())
