"""The append-only history: one row a version of what an audience reads, written with the write itself."""
