"""What a change of a source or a document changes beside it: what names it, and the claims that it is counted in.

A record that becomes hidden must vanish at once from all that names it. So where that is much, the write that hides it
also draws a veil over what names it, which is lifted once all of it is recorded anew (`app.access.visibility`).
"""

from collections.abc import Mapping
from typing import Final

from sqlmodel import Session

from app.access.principals import AUDIENCE_OF, Audience
from app.access.units import Unit
from app.access.visibility import veil
from app.canonical import queries
from app.canonical.claims import RELATIONS_OF_CLAIM, record_claim, record_claim_rows
from app.canonical.joining import join_released, name_joined
from app.canonical.reach import queries as reach
from app.canonical.reach.naming import (
    NAMING,
    OTHERS_COUNTED,
    READ_IN,
    SOURCE_COUNTED,
    SOURCE_RELEASED,
    count_claims,
    of_claims,
)
from app.canonical.reach.portions import Part, Parts, few_of, follow
from app.canonical.reach.queries import Page
from app.models import Document, FollowUpKind, Source
from app.models.vocabulary import ChangeAction, Scope


def show_source(unit: Unit, source: Source, before: Audience) -> None:
    """Records anew all that names the source, which was seen from that audience on before.

    Raises Forbidden where a claim comes out by it that the caller may not publish.
    """
    _show(unit, FollowUpKind.SOURCE_SHOWN, source, before)


def show_document(unit: Unit, document: Document, before: Audience) -> None:
    """Records anew the claims that name the document, which was seen from that audience on. Raises as `show_source`."""
    _show(unit, FollowUpKind.DOCUMENT_SHOWN, document, before)


def _show(unit: Unit, kind: FollowUpKind, record: Source | Document, before: Audience) -> None:
    seen_from = AUDIENCE_OF[record.visibility]
    unit.session.flush()
    if (
        seen_from is Audience.PUBLIC
        and Scope.CLAIMS_PUBLISH not in unit.principal.scopes
        and reach.brings_claims_out(unit.session, record.id)
    ):
        unit.principal.require(Scope.CLAIMS_PUBLISH)
    follow(unit, kind, record.id, PARTS[kind], veil=veil(before, seen_from))


def retell_source(unit: Unit, source: Source, *, in_days: bool) -> None:
    """Records anew the claims that name the source, since the reporting names it now, or no longer.

    Where the public is told days alone from now on, it reads none of them until it is told so.
    """
    kind = FollowUpKind.SOURCE_SHOWN
    seen_from = AUDIENCE_OF[source.visibility]
    follow(unit, kind, source.id, PARTS[kind], veil=veil(seen_from, Audience.INTERNAL) if in_days else None)


def reword_source(unit: Unit, source: Source, *, veiled: bool) -> None:
    """Has the claims that show the source found by its words as they are now.

    `veiled` where words are gone that may say who it is: until none is found, the widest of the source's readers do not
    read the claims.
    """
    seen_from = AUDIENCE_OF[source.visibility]
    next_to = Audience(min(seen_from + 1, Audience.RESTRICTED))
    kind = FollowUpKind.SOURCE_CLAIMS
    follow(unit, kind, source.id, PARTS[kind], veil=veil(seen_from, next_to) if veiled else None)


def reword_document(unit: Unit, document_id: str) -> None:
    """Has the claims that were read in the document found by its words, and counted by its outlet, as these are now."""
    follow(unit, FollowUpKind.DOCUMENT_CLAIMS, document_id, PARTS[FollowUpKind.DOCUMENT_CLAIMS])


def _record_claims(unit: Unit, claim_ids: list[str]) -> None:
    for claim in queries.locked_claims(unit.session, claim_ids).values():
        record_claim(unit, claim, ChangeAction.UPDATED)


def _rename_documents(unit: Unit, claim_ids: list[str]) -> None:
    """Has the claims name what the documents that they name were joined with."""
    claims = list(queries.locked_claims(unit.session, claim_ids).values())
    for rows in queries.rows_of_claims(unit.session, claims).values():
        name_joined(unit.session, rows)
        record_claim_rows(unit, rows, ChangeAction.UPDATED)


def _itself(_session: Session, subject_id: str, after: str, _limit: int) -> Page:
    """The subject, once."""
    return [] if after else [(subject_id, subject_id)]


PARTS: Final[Mapping[FollowUpKind, Parts]] = {
    FollowUpKind.SOURCE_SHOWN: (
        *NAMING,
        OTHERS_COUNTED,
        of_claims("claims", reach.claims_naming_source, _record_claims),
        READ_IN,
    ),
    FollowUpKind.SOURCE_RELEASED: SOURCE_RELEASED,
    FollowUpKind.SOURCE_COUNTED: SOURCE_COUNTED,
    FollowUpKind.SOURCE_CLAIMS: (of_claims("claims", reach.claims_naming_source, count_claims), READ_IN),
    FollowUpKind.DOCUMENT_SHOWN: (of_claims("claims", reach.claims_naming_document, _record_claims),),
    FollowUpKind.DOCUMENT_CLAIMS: (of_claims("claims", reach.claims_naming_document, count_claims),),
    FollowUpKind.DOCUMENT_RELEASED: (Part("itself", _itself, join_released, few_of(_itself)),),
    FollowUpKind.DOCUMENT_JOINED: (
        of_claims("claims", reach.claims_naming_document, _rename_documents),
        of_claims("of_public", reach.claims_naming_joined, count_claims),
    ),
    FollowUpKind.CLAIM_SHOWN: RELATIONS_OF_CLAIM,
}
"""What each kind changes, in the order in which it is recorded: sources before claims, as everybody locks them."""
