"""Full text: one index for each audience, the same on both engines, and what stands in it."""
