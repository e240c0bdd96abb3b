"""Removes relations of sources: those that somebody asks for, and those that stand hidden in the way of a write."""

from typing import Final

from app.access import audit
from app.access.queries import read_from
from app.access.units import Unit
from app.canonical import queries as rows
from app.canonical.reach.naming import count_relation, locked_to_be_counted
from app.canonical.reach.portions import Part, Parts, few_of
from app.canonical.sources import record_source_relation
from app.follow_ups.queries import ask
from app.models import FollowUpKind, SourceRelation
from app.models.vocabulary import AuditAction, ChangeAction
from app.sources import queries


def remove(unit: Unit, relation: SourceRelation) -> None:
    """Removes a relation; the history keeps it."""
    locked_to_be_counted(unit, [relation.source_id, relation.other_id])
    record_source_relation(unit, relation, ChangeAction.DELETED)
    unit.session.delete(relation)
    unit.session.flush()
    count_relation(unit, relation)


def withdraw_identifying(unit: Unit, source_id: str) -> None:
    """Withdraws what would say who a source is, now that this one is identified otherwise.

    Whoever may know of a relation sees that it is gone, and the audit has why: nobody asked for it. Few are withdrawn
    with the write.
    """
    few = few_of(queries.identifying)(unit.session, source_id)
    if few is None:
        ask(unit, FollowUpKind.SOURCE_IDENTIFIED, [source_id])
    else:
        _withdraw(unit, few)


def _withdraw(unit: Unit, relation_ids: list[str]) -> None:
    """Withdraws those of the relations that still say who a source is, now that nobody else can change either end."""
    for place, relation_id in enumerate(relation_ids):
        relation = rows.locked(unit.session, SourceRelation, relation_id)
        if relation is None:
            continue
        locked_to_be_counted(unit, [relation.source_id, relation.other_id])
        if queries.is_identifying(unit.session, relation_id):
            # Of whom fewer may know, so that nobody learns by the audit that there was a relation; nor later, when
            # that source is shown.
            seen_from = rows.shown_from(unit.session, [relation.source_id, relation.other_id])
            subject_id = max(seen_from, key=lambda each: (seen_from[each], each))
            audience = read_from(unit.session, relation_id, unit.now)
            remove(unit, relation)
            audit.record(unit, AuditAction.RELATION_WITHDRAWN, subject_id, audience=audience, place=place)


WITHDRAWN: Final[Parts] = (Part("identifying", queries.identifying, _withdraw, few_of(queries.identifying)),)
