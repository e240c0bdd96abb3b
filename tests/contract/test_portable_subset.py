"""Models and migrations keep to what both engines, and sharded ones, do alike (docs: the portable subset)."""

import ast
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import Connection, text
from sqlmodel import SQLModel

from app.assessments.schemas import AssessmentCreate, EvidenceCreate
from app.attributions.schemas import AttributionCreate
from app.canonical.values import Occurred, Place, Quantity
from app.claims.schemas import ClaimCreate, RetractRequest
from app.documents.schemas import DocumentCreate
from app.keys.schemas import KeyCreate
from app.kit.columns import JsonText, UtcDateTime
from app.relations.schemas import RelationCreate
from app.sources.schemas import RatingCreate, SourceCreate, SourceRelationCreate
from tests.contract.test_structure import ROOT

TABLES = list(SQLModel.metadata.tables.values())
COLUMNS = [column for table in TABLES for column in table.columns]
REVISIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))

WRITTEN_FROM: dict[str, tuple[tuple[type[BaseModel], str], ...]] = {
    # table: the wire types that its strings come from, each with what the columns' names begin with
    "source": ((SourceCreate, ""),),
    "source_rating": ((RatingCreate, ""),),
    "source_relation": ((SourceRelationCreate, ""),),
    "document": ((DocumentCreate, ""),),
    "claim": ((ClaimCreate, ""), (Place, "place_"), (Occurred, "occurred_")),
    "quantity": ((Quantity, ""),),
    "attribution": ((AttributionCreate, ""),),
    "assessment": ((AssessmentCreate, ""),),
    "evidence": ((EvidenceCreate, ""),),
    "relation": ((RelationCreate, ""),),
    "api_key": ((KeyCreate, ""),),
}


def test_no_column_counts_generates_or_fills_itself() -> None:
    for column in COLUMNS:
        assert column.server_default is None, column
        assert column.server_onupdate is None, column
        assert column.computed is None, column
        assert column.identity is None, column
        assert column.default is None or not column.default.is_sequence, column
        if isinstance(column.type, sa.Integer):
            assert column.autoincrement is False or not column.primary_key, column


def test_enums_are_varchars_with_a_named_check() -> None:
    enums = [column for column in COLUMNS if isinstance(column.type, sa.Enum)]
    assert len(enums) >= 30
    for column in enums:
        assert isinstance(column.type, sa.Enum)
        assert not column.type.native_enum, column
        assert column.type.create_constraint, column
        assert column.type.name == column.name
        assert all(value == value.strip() and len(value) <= 32 for value in column.type.enums)


def test_no_constraint_is_deferrable_and_no_deletion_spreads() -> None:
    for table in TABLES:
        for constraint in table.constraints:
            assert not constraint.deferrable, constraint
        for reference in table.foreign_key_constraints:
            assert (reference.ondelete, reference.onupdate) == (None, None), reference


def test_whatever_hangs_on_a_claim_has_its_id_first_in_the_primary_key() -> None:
    children = [table for table in TABLES if "claim_id" in table.columns]
    assert len(children) == 10
    for table in children:
        assert next(iter(table.primary_key.columns)).name == "claim_id", table
    for table in TABLES:
        for reference in table.foreign_key_constraints:
            if reference.referred_table.name in {child.name for child in children}:
                assert "claim_id" in reference.column_keys, reference


def test_every_column_has_a_type_that_the_engines_treat_alike() -> None:
    allowed = (sa.String, sa.Integer, sa.Float, sa.Date, UtcDateTime, JsonText)
    for column in COLUMNS:
        assert isinstance(column.type, allowed), column


def test_the_database_holds_nothing_beyond_tables_and_indexes(connection: Connection, engine_name: str) -> None:
    if engine_name == "sqlite":
        kinds = connection.execute(text("SELECT DISTINCT type FROM sqlite_master")).scalars()
        assert set(kinds) == {"table", "index"}
        return
    beyond = {
        "triggers": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal",
        "sequences": "SELECT count(*) FROM information_schema.sequences",
        "enum types": "SELECT count(*) FROM pg_enum",
        "functions": "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "defaults": "SELECT count(*) FROM information_schema.columns "
        "WHERE table_schema = 'public' AND (column_default IS NOT NULL OR is_generated <> 'NEVER')",
        "nameless constraints": "SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace "
        r"AND contype <> 'n' AND conrelid <> 'alembic_version'::regclass AND conname !~ '^(pk|fk|uq|ck)_'",
    }
    assert {what: connection.execute(text(query)).scalar() for what, query in beyond.items()} == dict.fromkeys(
        beyond, 0
    )


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: path.stem)
def test_a_revision_stands_by_itself(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= {"sqlalchemy", "alembic", "json"}
    arguments = {keyword.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for keyword in node.keywords}
    assert not arguments & {"server_default", "ondelete", "deferrable", "initially"}
    calls = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not calls & {"Sequence", "Identity", "Computed", "JSON", "ARRAY", "FetchedValue"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            given = {keyword.arg for keyword in node.keywords}
            if node.func.attr.endswith("Constraint"):
                assert "name" in given, f"line {node.lineno}"
            if node.func.attr == "Enum":
                assert {"name", "native_enum", "create_constraint", "length"} <= given, f"line {node.lineno}"


def lengths(wire: type[BaseModel]) -> dict[str, int]:
    """The most characters of each string field of a wire type."""
    found = {}
    for name, described in TypeAdapter(wire).json_schema()["properties"].items():
        bounds = [each["maxLength"] for each in [described, *described.get("anyOf", [])] if "maxLength" in each]
        if bounds:
            found[name] = min(bounds)
    return found


@pytest.mark.parametrize("table", sorted(WRITTEN_FROM))
def test_every_string_that_is_accepted_fits_its_column(table: str) -> None:
    # SQLite would keep a longer one; PostgreSQL would raise.
    columns = SQLModel.metadata.tables[table].columns
    compared = 0
    for wire, prefix in WRITTEN_FROM[table]:
        for name, most in lengths(wire).items():
            column = columns.get(prefix + name)
            if column is not None and isinstance(column.type, sa.String) and column.type.length is not None:
                assert most <= column.type.length, f"{table}.{column.name}"
                compared += 1
    assert compared


def test_the_reason_of_a_retraction_fits_its_column() -> None:
    length = SQLModel.metadata.tables["claim"].columns["retraction_reason"].type.length  # type: ignore[attr-defined]
    assert lengths(RetractRequest)["reason"] <= length
