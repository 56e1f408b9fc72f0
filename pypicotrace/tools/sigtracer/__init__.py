"""picotrace-sigtracer: processes, LWPs and signals, with all that signals say of themselves."""
