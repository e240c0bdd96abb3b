"""API keys, as their managers see them."""
