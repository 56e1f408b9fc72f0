"""picotrace-coredumper: a core file of a program that crashes, also where it handles the signal."""
