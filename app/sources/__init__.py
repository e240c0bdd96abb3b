"""Sources: who speaks."""
