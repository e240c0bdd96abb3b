"""Search: which stored claims a text repeats."""
