"""The route that explains every fixed vocabulary."""
