"""``python -m pypicotrace.tools.coredumper``."""

import sys

from pypicotrace.tools.coredumper.command import main

sys.exit(main())
