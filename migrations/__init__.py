"""Revisions of the database's tables, read by hand, for both engines alike."""
