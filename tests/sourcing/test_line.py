"""Attribution lines: they read like edited copy, and tell no more than the terms allow."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from app.canonical.claim_schemas import AttributionRead, Included
from app.canonical.schemas import DocumentRead, SourceRead
from app.kit.edtf import parse_edtf
from app.models.vocabulary import Terms
from app.sourcing.line import AttributionLine, LineStyle, Withheld, attribution_line, combined_line

DEMO = Path(__file__).parents[2] / "app" / "cli" / "demo_claims.json"
NOW = "2026-11-23T09:30:00.000000Z"


def id_of(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name.rpartition(":")[2]))


def source(name: str, /, **fields: Any) -> SourceRead:
    """A source as it is read; anonymous if it has no name."""
    given = {"kind": "person", "anonymity": "named" if "name" in fields else "anonymous", **fields}
    read = {"label": given.get("name") or given.get("description") or "source", "reliability": "F", "version": 1}
    days = {"recorded_on": "2026-11-23", "updated_on": "2026-11-23"}
    return SourceRead.model_validate({"id": id_of(name), **read, **days, **given})


def document(name: str, /, **fields: Any) -> DocumentRead:
    days = span(fields.get("published"), "published")
    read = {"published_basis": "unknown", "recorded_at": NOW, "updated_at": NOW, "version": 1}
    given = {**fields, "outlet_id": id_of(fields["outlet_id"]) if "outlet_id" in fields else None}
    return DocumentRead.model_validate({"id": id_of(name), **read, **days, **given})


def attribution(*way: tuple[str, str], document_id: str = "article", **fields: Any) -> AttributionRead:
    """An attribution over these (role, source) steps."""
    chain = [
        {"position": position, "role": role, "source_id": id_of(name), "document_id": None}
        for position, (role, name) in enumerate(way)
    ]
    return read_attribution({"speech": "indirect", "document_id": document_id, "chain": chain, **fields})


def read_attribution(sent: dict[str, Any]) -> AttributionRead:
    quote = sent.get("quote")
    empty = dict.fromkeys(("prefix", "suffix", "start", "end", "language", "original"))
    whole = {"quote": empty | quote if quote else None, **span(sent.get("said"), "said")}
    names = {"id": id_of("attribution"), "document_id": id_of(sent["document_id"])}
    return AttributionRead.model_validate({**sent, **whole, **names})


def span(edtf: str | None, name: str) -> dict[str, str | None]:
    parsed = parse_edtf(edtf) if edtf else None
    days = (parsed.earliest, parsed.latest) if parsed else (None, None)
    return {f"{name}_earliest": days[0], f"{name}_latest": days[1]}


@cache
def demo() -> dict[str, tuple[list[AttributionRead], Included]]:
    """The demo's attributions by claim, with all its sources and documents."""
    sent = json.loads(DEMO.read_text())
    sources = [source(name, **fields) for name, fields in sent["sources"].items()]
    documents = [document(name, **fields) for name, fields in sent["documents"].items()]
    included = Included(
        sources={each.id: each for each in sources}, documents={each.id: each for each in documents}
    )
    claims = {}
    for name, claim in sent["claims"].items():
        for each in claim["attributions"]:
            for position, hop in enumerate(each["chain"]):
                at = id_of(hop["document_id"]) if "document_id" in hop else None
                hop |= {"position": position, "source_id": id_of(hop["source_id"]), "document_id": at}
        claims[name] = ([read_attribution(each) for each in claim["attributions"]], included)
    return claims
