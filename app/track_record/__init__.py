"""Track record: what became of what a source said."""
