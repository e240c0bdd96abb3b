"""Exposure: what the public can put together about a source that is not named."""
