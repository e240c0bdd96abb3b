"""Nobody waits for those who write what they cannot see: how long it took would tell that it is there."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from app.kit.db import Database
from app.models.vocabulary import Scope
from tests.factories import (
    assessment_body,
    claim_body,
    document_body,
    recorded_claim,
    recorded_document,
    recorded_source,
    said_by,
    source_body,
)
from tests.fixtures.api import Api

WRITER: Final = (Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.CLAIMS_ASSESS, Scope.CLAIMS_PUBLISH, Scope.SOURCES_WRITE)

pytestmark = pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
"""SQLite has one writer at a time: there everybody waits for everybody."""


def by_a_chain(source: str, _document: str, _claim: str) -> tuple[str, dict[str, Any]]:
    return "/v1/claims", claim_body(attributions=[said_by(source)])


def by_a_document(_source: str, document: str, _claim: str) -> tuple[str, dict[str, Any]]:
    chain = [{"role": "originator", "source": source_body()}]
    attribution = {"speech": "indirect", "document_id": document, "chain": chain}
    return "/v1/claims", claim_body(attributions=[attribution])


def by_evidence(_source: str, document: str, claim: str) -> tuple[str, dict[str, Any]]:
    piece = {"relation": "supports", "document_id": document}
    return f"/v1/claims/{claim}/assessments", assessment_body(evidence=[piece])


def by_membership(source: str, _document: str, _claim: str) -> tuple[str, dict[str, Any]]:
    return "/v1/sources", source_body(organization_id=source)


def by_an_outlet(source: str, _document: str, _claim: str) -> tuple[str, dict[str, Any]]:
    return "/v1/documents", document_body(outlet_id=source)


Naming = Callable[[str, str, str], tuple[str, dict[str, Any]]]


@pytest.mark.parametrize("naming", [by_a_chain, by_a_document, by_evidence, by_membership, by_an_outlet])
def test_who_names_what_they_cannot_see_does_not_wait_for_its_writer(
    committing_api: Api, own_database: Database, naming: Naming
) -> None:
    source = recorded_source(
        committing_api, kind="organization", anonymity="named", name="The Board", visibility="restricted"
    )
    document = recorded_document(committing_api, visibility="restricted")
    claim = recorded_claim(committing_api)["id"]
    writer = committing_api.with_scopes(*WRITER)
    path, body = naming(source, document, claim)
    with own_database.engine().connect() as connection:
        connection.exec_driver_sql("SELECT 1 FROM source WHERE visibility = 'restricted' FOR UPDATE")
        connection.exec_driver_sql("SELECT 1 FROM document WHERE visibility = 'restricted' FOR UPDATE")
        refused = writer.post(path, body)
        connection.rollback()
    assert refused.status_code == 422, refused.text
    assert {error["code"] for error in refused.json()["errors"]} == {"unknown_reference"}
