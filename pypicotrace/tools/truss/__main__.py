"""``python -m pypicotrace.tools.truss``."""

import sys

from pypicotrace.tools.truss.command import main

sys.exit(main())
