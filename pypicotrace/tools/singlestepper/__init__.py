"""picotrace-singlestepper: how many instructions each LWP executes, and which."""
