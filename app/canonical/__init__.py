"""The canonical documents: what each audience reads of each resource, rendered from the rows at every write."""
