"""Whether the service is well, for what watches over it."""
