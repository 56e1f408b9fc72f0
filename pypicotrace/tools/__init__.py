"""Tools on the public API alone: what they need of the tracer, any program can have."""
