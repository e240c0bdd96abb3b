"""Makes of what earlier versions recorded what this one keeps of it beside the tables' own migrations.

Earlier versions told the public to the instant when a thing was first written down. Its documents are told anew; when
what is part of a record came out, and what was removed, is read off the history.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson
from sqlmodel import Session

from app.access.principals import Audience
from app.access.visibility import sees
from app.canonical import queries
from app.canonical.claim_contents import claim_contents, rests_on, rests_on_unnamed
from app.canonical.claims import relation_written
from app.canonical.coming_out import DECISION, PART, RETRACTION, Columns
from app.canonical.derived import derive, derive_source
from app.canonical.documents import document_written
from app.canonical.quantities import fill_keys
from app.canonical.queries import ClaimRows
from app.canonical.sources import source_relation_written, source_written
from app.changes import queries as changes
from app.changes.record import Contents, Written, retell
from app.kit.tables import Table
from app.models import (
    Assessment,
    Attribution,
    Change,
    Claim,
    Document,
    Relation,
    RemovedAttribution,
    Source,
    SourceRelation,
)
from app.models.vocabulary import ChangeAction, ResourceKind

AT_ONCE: Final = 500
"""Records that are upgraded together."""


def upgrade(session: Session) -> None:
    """Brings every record to what this version keeps of it. Does nothing where all of them are."""
    for kind, (table, upgrade_some) in UPGRADES.items():
        after = ""
        while ids := changes.told_before(session, kind, after, AT_ONCE):
            upgrade_some(session, queries.rows_with(session, table, ids))
            session.flush()
            session.expunge_all()
            after = ids[-1]


def _each(written: Callable[[Session, Any, ChangeAction], Written]) -> Callable[[Session, Sequence[Any]], None]:
    def upgrade_some(session: Session, rows: Sequence[Any]) -> None:
        for row in rows:
            retell(session, written(session, row, ChangeAction.UPDATED))

    return upgrade_some


def _upgrade_sources(session: Session, sources: Sequence[Source]) -> None:
    _each(source_written)(session, sources)
    for source in sources:
        derive_source(session, source)


def _upgrade_claims(session: Session, claims: Sequence[Claim]) -> None:
    contents: dict[str, Contents] = {}
    for claim_id, rows in queries.rows_of_claims(session, claims).items():
        for quantity in rows.quantities:
            fill_keys(quantity)
        _read_history(session, rows)
        contents[claim_id] = retell(
            session,
            Written(
                ResourceKind.CLAIM,
                claim_id,
                ChangeAction.UPDATED,
                partial(claim_contents, rows),
                embargo_until=rows.claim.embargo_until,
                public_in_days=rests_on_unnamed(rows, Audience.PUBLIC),
            ),
        )
    derive(session, contents)


def _read_history(session: Session, rows: ClaimRows) -> None:
    """Notes what each version rests on, when what hangs on the claim came out for each audience, and what was removed.

    Who might know of an attribution when it was removed, the lines tell that lost it then; where none does, only
    restricted readers are taken to have known.
    """
    parts: dict[str, Attribution | Assessment] = {row.id: row for row in rows.attributions}
    parts.update((row.id, row) for row in rows.assessments)
    lost: dict[str, dict[int, datetime | None]] = defaultdict(dict)
    for version in changes.lines(session, rows.claim.id):
        document = orjson.loads(version.document)
        version.rests_on = rests_on(document)
        held = {each["id"] for each in document["attributions"]}
        for part_id in held.union(each["id"] for each in document.get("assessments", ())) & parts.keys():
            _note(parts[part_id], PART, version)
        if document.get("retraction") is not None:
            _note(rows.claim, RETRACTION, version)
        for attribution_id in held:
            lost[attribution_id][version.audience] = None
        for attribution_id, of_lines in lost.items():
            if attribution_id not in held and version.audience in of_lines:
                of_lines[version.audience] = of_lines[version.audience] or version.recorded_at
    for attribution_id in lost.keys() - {row.id for row in rows.attributions}:
        if session.get(RemovedAttribution, (rows.claim.id, attribution_id)) is None:
            knew = _knew(lost[attribution_id])
            session.add(RemovedAttribution(claim_id=rows.claim.id, id=attribution_id, audience=knew))


def _upgrade_relations(session: Session, relations: Sequence[Relation]) -> None:
    for relation in relations:
        if relation.decided_at is not None:
            _read_decision(session, relation, relation.decided_at)
    _each(relation_written)(session, relations)


def _read_decision(session: Session, relation: Relation, decided_at: datetime) -> None:
    """Notes when the decision came out: what a version tells of it is later where it was hidden, and a day in days."""
    for version in changes.lines(session, relation.id):
        if version.recorded_at >= decided_at and orjson.loads(version.document).get("decided_at") is not None:
            _note(relation, DECISION, version)


def _note(row: Table, columns: Columns, version: Change) -> None:
    """Notes that whoever reads the version has known it since then, unless they had before."""
    for column in (column for seen_by, column in columns.items() if sees(seen_by, version.audience)):
        earlier = getattr(row, column)
        if earlier is None or version.recorded_at < earlier:
            setattr(row, column, version.recorded_at)


def _knew(lost: Mapping[int, datetime | None]) -> Audience:
    """The widest audience whose line lost an attribution when the last of all lines did."""
    instants = {audience: at for audience, at in lost.items() if at is not None}
    removed_at = max(instants.values(), default=None)
    return Audience(min((each for each, at in instants.items() if at == removed_at), default=Audience.RESTRICTED))


Upgrade = Callable[[Session, Sequence[Any]], None]
UPGRADES: Final[Mapping[ResourceKind, tuple[Any, Upgrade]]] = {
    ResourceKind.SOURCE: (Source, _upgrade_sources),
    ResourceKind.SOURCE_RELATION: (SourceRelation, _each(source_relation_written)),
    ResourceKind.DOCUMENT: (Document, _each(document_written)),
    ResourceKind.CLAIM: (Claim, _upgrade_claims),
    ResourceKind.RELATION: (Relation, _upgrade_relations),
}
"""The kinds in the order in which one is told by another, with their rows. A key's document stays as it is."""
