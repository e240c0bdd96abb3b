#!/bin/sh
# PostgreSQL's image runs this once, on a new and empty database. The service signs on as a role that owns its schema and
# may nothing else: make no role, no database, no extension, no temporary table, and reach no other schema or database.
# The superuser is left without a password, so that it signs on over the socket in the container alone.
set -eu

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv password POSTGRES_PASSWORD
\getenv superuser POSTGRES_USER
\getenv database POSTGRES_DB

CREATE ROLE onrecord LOGIN PASSWORD :'password'
    NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
REVOKE ALL ON DATABASE :"database", postgres, template1 FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO onrecord;
CREATE SCHEMA onrecord AUTHORIZATION onrecord;
ALTER ROLE onrecord IN DATABASE :"database" SET search_path = onrecord;
ALTER ROLE :"superuser" PASSWORD NULL;
SQL
