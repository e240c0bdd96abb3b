"""Bodies of requests, valid as they are; a test names only what it asserts on."""

from typing import Any

from tests.fixtures.api import Api


def source_body(**fields: Any) -> dict[str, Any]:
    """An anonymous person."""
    return {"kind": "person", "anonymity": "anonymous", "description": "a source familiar with the situation"} | fields


def outlet_body(**fields: Any) -> dict[str, Any]:
    """A named outlet."""
    return {"kind": "outlet", "anonymity": "named", "name": "The Daily Record"} | fields


def document_body(**fields: Any) -> dict[str, Any]:
    """A document with a title and no address."""
    return {"title": "Workers defect"} | fields


def attribution_body(**fields: Any) -> dict[str, Any]:
    """An anonymous person says so, in a new document."""
    return {
        "speech": "indirect",
        "document": document_body(),
        "chain": [{"role": "originator", "source": source_body()}],
    } | fields


def claim_body(**fields: Any) -> dict[str, Any]:
    """A published claim with one attribution."""
    return {"statement": "Nine workers defected.", "kind": "event", "attributions": [attribution_body()]} | fields


def assessment_body(**fields: Any) -> dict[str, Any]:
    """An assessment with a confidence."""
    return {"assessor": "verification desk", "confidence": 70} | fields


def recorded_source(api: Api, **fields: Any) -> str:
    """The id of a new anonymous source."""
    return str(api.create("/v1/sources", source_body(**fields))["id"])


def recorded_outlet(api: Api, **fields: Any) -> str:
    """The id of a new outlet."""
    return str(api.create("/v1/sources", outlet_body(**fields))["id"])


def recorded_document(api: Api, **fields: Any) -> str:
    """The id of a new document."""
    return str(api.create("/v1/documents", document_body(**fields))["id"])


def recorded_claim(api: Api, **fields: Any) -> Any:
    """A new claim, as read."""
    return api.create("/v1/claims", claim_body(**fields))


def said_by(source_id: str, **fields: Any) -> dict[str, Any]:
    """An attribution to a recorded source."""
    return attribution_body(chain=[{"role": "originator", "source_id": source_id}], **fields)
