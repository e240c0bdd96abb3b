"""What a caller may see: the one place that decides it, in SQL. Every query of a resource goes through it."""

from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, TextClause, and_, or_, text
from sqlmodel import col

from app.access.principals import Audience
from app.models.history import Rendition


def visible(audience: Audience, now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition on a rendition that lets `audience` read it at the instant `now`.

    At most one rendition of a resource satisfies it. An embargo holds for the public alone: whoever reads what is
    internal may prepare what is not out yet. What names a record that was hidden a moment ago, and is not recorded anew
    yet, is behind a veil: the rendition that there is was made for more readers than may read it.
    """
    covered = and_(col(Rendition.first_audience) <= audience, col(Rendition.last_audience) >= audience)
    if audience == Audience.RESTRICTED:
        return covered
    unveiled = and_(covered, _is_unveiled(audience))
    if audience > Audience.PUBLIC:
        return unveiled
    return and_(unveiled, or_(col(Rendition.embargo_until).is_(None), col(Rendition.embargo_until) <= now))


NAMES_SUBJECT: Final = """
    EXISTS (SELECT 1 FROM hop WHERE hop.claim_id = {claim}
            AND veil.subject_id IN (hop.source_id, hop.document_id))
    OR EXISTS (SELECT 1 FROM attribution JOIN document ON document.id = attribution.document_id
               WHERE attribution.claim_id = {claim} AND veil.subject_id IN (document.id, document.outlet_id))
    OR EXISTS (SELECT 1 FROM evidence WHERE evidence.claim_id = {claim} AND evidence.document_id = veil.subject_id)
"""
"""That a claim names what a veil is drawn for, or was read in a document of its."""
VEILS: Final = """
    NOT EXISTS (SELECT 1 FROM follow_up WHERE follow_up.veiled_below > {audience})
    OR NOT EXISTS (
        SELECT 1 FROM follow_up AS veil WHERE veil.veiled_below > {audience} AND CASE rendition.kind
            WHEN 'claim' THEN {names_subject}
            WHEN 'document' THEN EXISTS (
                SELECT 1 FROM document WHERE document.id = rendition.resource_id
                AND document.outlet_id = veil.subject_id)
            WHEN 'source' THEN EXISTS (
                SELECT 1 FROM source WHERE source.id = rendition.resource_id
                AND source.organization_id = veil.subject_id)
            WHEN 'source_relation' THEN EXISTS (
                SELECT 1 FROM source_relation WHERE source_relation.id = rendition.resource_id
                AND veil.subject_id IN (source_relation.source_id, source_relation.other_id))
            WHEN 'relation' THEN EXISTS (
                SELECT 1 FROM relation WHERE relation.id = rendition.resource_id
                AND (veil.subject_id IN (relation.claim_id, relation.other_claim_id)
                     OR {one_end_names_subject} OR {other_end_names_subject}))
            ELSE FALSE END
    )
"""


@cache
def _is_unveiled(audience: Audience) -> TextClause:
    """That a rendition names nothing that a veil is drawn for below an audience that is wider than this one.

    As text, which stands in nearly every statement and takes no time to put there. While there is no veil, that is one
    look at an empty index; else each row that is about to be read is held against each veil.
    """
    ends = (NAMES_SUBJECT.format(claim=f"relation.{each}") for each in ("claim_id", "other_claim_id"))
    one_end, other_end = (f"({each})" for each in ends)
    return text(
        "("
        + VEILS.format(
            audience=int(audience),
            names_subject=f"({NAMES_SUBJECT.format(claim='rendition.resource_id')})",
            one_end_names_subject=one_end,
            other_end_names_subject=other_end,
        )
        + ")"
    )
