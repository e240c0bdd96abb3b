"""Sourcing: how to print who says so, and what to mind before doing it."""
