"""A recording as a page to look at: what is counted of it, and how that is shown.

What is kept grows with what there is to tell apart (processes, calls, errors), up to the limits
here, and not with the number of events. What finds no room is counted, and the page says so.
"""

PROCESSES_MAX = 4000
"""Processes in the tree: the first ones."""
LWPS_MAX = 8000
"""LWPs of these, in all."""
MARKS_MAX = 20_000
"""Execs and signals on the time line, of all processes together."""
CALLS_MAX = 2000
"""Different calls; all systems' tables together have fewer names."""
KEYS_MAX = 10_000
"""Different errors, of calls and of paths; different descriptors."""
SHOWN_MAX = 500
"""Of those that many in the page, those that come most often."""
