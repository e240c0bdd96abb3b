"""What PostgreSQL has prepared for a connection of tests is kept from read to read: all tests take less time by it."""

import pytest
from sqlalchemy import Connection

from tests.fixtures.api import Api

READS = 10
"""More than the five after which the driver prepares a statement."""


def test_what_is_prepared_is_kept_when_a_read_ends(api: Api, connection: Connection, engine_name: str) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite's driver forgets nothing.")
    for _ in range(READS):
        api.read("/v1/sources")
    prepared = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements")
    assert prepared.scalar_one() > 0
