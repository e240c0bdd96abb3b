"""Questions that are often put to the claims, of a ledger of `benchmarks.ledger`."""

from typing import Any

from sqlalchemy import text
from sqlmodel import Session

Question = dict[str, Any]


def common_questions(session: Session) -> dict[str, Question]:
    """The parameters of each question, by its name; the sources and outlets of them are of this ledger."""
    by_claims = "SELECT source_id FROM hop WHERE position = 0 GROUP BY source_id ORDER BY count(*) DESC, source_id"
    sources = list(session.connection().execute(text(by_claims)).scalars())
    outlets = list(
        session.connection()
        .execute(text("SELECT outlet_id FROM document GROUP BY outlet_id ORDER BY count(*) DESC, outlet_id"))
        .scalars()
    )
    documents = "SELECT document_id FROM attribution ORDER BY claim_id LIMIT 1"
    document = session.connection().execute(text(documents)).scalar_one()
    largest, rare = sources[0], sources[-1]
    return {
        "all": {},
        "source of a tenth": {"source_id": [largest]},
        "rare source": {"source_id": [rare]},
        "two sources": {"source_id": [largest, rare]},
        "document": {"document_id": [document]},
        "large outlet": {"outlet_id": [outlets[0]]},
        "small outlet": {"outlet_id": [outlets[-1]]},
        "topic": {"topic": ["topic 1"]},
        "rare topic": {"topic": ["topic 299"]},
        "two topics": {"topic": ["topic 1", "topic 2"]},
        "kind": {"kind": ["event"]},
        "retracted": {"status": ["retracted"]},
        "country": {"country": ["KR"]},
        "verdict": {"verdict": ["false"]},
        "confidence": {"confidence_min": 90},
        "credibility": {"credibility_max": 2},
        "terms": {"terms": ["background"]},
        "anonymity": {"anonymity": ["anonymous"]},
        "reliability": {"reliability": ["A"]},
        "occurred, a year": {"occurred": "2014"},
        "occurred, a day certainly": {"occurred": "2014-03-03", "occurred_match": "certainly"},
        "said in a month": {"said_from": "2024-06-01", "said_to": "2024-06-30"},
        "unit": {"unit": ["tonne"]},
        "unit and range": {"unit": ["worker"], "quantity_min": "1000", "quantity_max": "2000"},
        "range": {"quantity_min": "10000000"},
        "contradicted": {"contradicted": True},
        "not contradicted": {"contradicted": False},
        "circular": {"circular": True},
        "single source": {"single_source": True},
        "two origins": {"independent_origins_min": 2},
        "recorded in a month": {"recorded_from": "2024-01-05T00:00:00Z", "recorded_to": "2024-02-05T00:00:00Z"},
        "changed since": {"changed_since": "2024-01-14T00:00:00Z"},
        "source, topic": {"source_id": [largest], "topic": ["topic 1"]},
        "source, topic, verdict": {"source_id": [largest], "topic": ["topic 1"], "verdict": ["false"]},
        "topic, country, kind": {"topic": ["topic 1"], "country": ["KR"], "kind": ["event"]},
        "rare topic, terms": {"topic": ["topic 299"], "terms": ["background"]},
        "occurred, country": {"occurred": "2014", "country": ["KR"]},
        "by confidence": {"sort": "-confidence"},
        "by confidence, of a source": {"sort": "-confidence", "source_id": [largest]},
        "by confidence, of a rare topic": {"sort": "-confidence", "topic": ["topic 299"]},
        "by day": {"sort": "occurred"},
        "by day, of a topic": {"sort": "-occurred", "topic": ["topic 1"]},
    }


STREAMED: tuple[str, ...] = (
    "all",
    "source of a tenth",
    "document",
    "topic",
    "kind",
    "retracted",
    "country",
    "verdict",
    "terms",
    "circular",
    "single source",
    "recorded in a month",
)
"""Those whose pages an index gives in order, so that nothing is sorted."""
