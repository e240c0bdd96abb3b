"""Reach: what else a write changes, done with it where that is little, and in portions after it where it is much."""
