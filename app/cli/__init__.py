"""The command line: serve, migrate, demo, keys, openapi and verify; custodian, seal and unseal."""

from app.cli.commands import main

__all__ = ["main"]
