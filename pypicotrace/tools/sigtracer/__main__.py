"""``python -m pypicotrace.tools.sigtracer``."""

import sys

from pypicotrace.tools.sigtracer.command import main

sys.exit(main())
