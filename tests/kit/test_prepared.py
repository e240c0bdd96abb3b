"""What PostgreSQL has prepared for a connection of tests is kept from read to read: all tests take less time by it."""

from sqlalchemy import Connection

from tests.fixtures.api import Api

READS = 10
"""More than the five after which the driver prepares a statement."""


def test_what_is_prepared_is_kept_when_a_read_ends(api: Api, connection: Connection) -> None:
    for _ in range(READS):
        api.read("/v1/sources")
    if connection.dialect.name == "postgresql":
        prepared = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements")
        assert prepared.scalar_one() > 0
