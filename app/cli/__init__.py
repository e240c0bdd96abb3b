"""The command line: serve, migrate, demo, keys, openapi and verify."""

from app.cli.commands import main

__all__ = ["main"]
