"""``python -m pypicotrace.tools.singlestepper``."""

import sys

from pypicotrace.tools.singlestepper.command import main

sys.exit(main())
