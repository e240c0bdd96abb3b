"""Documents: where claims are read."""
