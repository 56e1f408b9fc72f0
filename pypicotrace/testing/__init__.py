"""What tests of tracers need: so far, a kernel that plays a script."""
