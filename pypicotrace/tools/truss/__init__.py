"""picotrace-truss: system calls as text, with what their arguments mean."""
