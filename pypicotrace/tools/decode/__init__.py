"""What the arguments and results of system calls mean, as text. Pure: no kernel is asked.

A decoder is an entry of `table`; `plan` puts those of a call together. They read the memory of a
stopped LWP by what they are given, and know the constants and layouts of each system's ABIs.
"""
