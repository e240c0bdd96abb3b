"""Claims: the statements, and everything that is recorded on them."""
