"""Walks from source to source: what those of a claim stand for, and what stands for a source."""
