"""What earlier versions recorded is upgraded: the history tells when what is part of a record came out for whom."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from sqlmodel import Session, col, select, update

from app.access.context import Context
from app.canonical.claim_contents import rests_on
from app.canonical.coming_out import DECISION, PART, RETRACTION
from app.canonical.upgrade import upgrade
from app.cli import verify
from app.models import Assessment, Attribution, Claim, Relation, Rendition
from app.models.vocabulary import Scope
from tests.conftest import Clock
from tests.factories import assessment_body, document_body, recorded_claim, recorded_outlet, recorded_source, said_by
from tests.fixtures.api import Api

NOTED: Final[dict[Any, Sequence[str]]] = {
    Attribution: list(PART.values()),
    Assessment: list(PART.values()),
    Claim: list(RETRACTION.values()),
    Relation: list(DECISION.values()),
}


def noted(session: Session) -> dict[str, list[datetime | None]]:
    """When everything that is part of a record came out, by its id."""
    return {
        row.id: [getattr(row, column) for column in columns]
        for table, columns in NOTED.items()
        for row in session.exec(select(table))
    }


def forget(session: Session) -> None:
    """Leaves the tables as the migration of an earlier version's does."""
    for table, columns in NOTED.items():
        session.exec(update(table).values(dict.fromkeys(columns)))
    session.exec(update(Rendition).values(in_days=None).where(col(Rendition.kind) != "key"))


def test_the_history_tells_when_everything_came_out(api: Api, context: Context, clock: Clock) -> None:
    hidden = recorded_source(api, anonymity="named", name="Jo Doe", description=None, visibility="internal")
    outlet = recorded_outlet(api)
    other = recorded_claim(api, attributions=[said_by(outlet)])["id"]
    claim = f"/v1/claims/{recorded_claim(api, attributions=[said_by(outlet)], assessment=assessment_body())['id']}"

    def later(path: str, body: dict[str, Any]) -> Any:
        clock.now += timedelta(hours=1)
        return api.create(path, body)

    own = later(f"{claim}/attributions", said_by(hidden, document=document_body(visibility="public")))["id"]
    later(f"{claim}/attributions", said_by(outlet, terms="off_the_record"))
    later(f"{claim}/assessments", assessment_body(attribution_id=own))
    related = later(f"{claim}/relations", {"other_claim_id": other, "kind": "contradicts"})
    clock.now += timedelta(hours=1)
    api.change(f"{claim}/relations/{related['id']}", {"status": "rejected"})
    clock.now += timedelta(hours=1)
    api.change(f"/v1/sources/{hidden}", {"visibility": "public"})
    clock.now += timedelta(hours=1)
    assert api.post(f"{claim}/retract", {"reason": "It was ten."}).status_code == 200
    before = api.read(claim)
    with context.database.reading() as session:
        expected = noted(session)
    assert len({at for instants in expected.values() for at in instants}) == 8
    upgraded(context, expected)
    assert api.read(claim) == before


@pytest.mark.parametrize("anonymity", ["named", "anonymous"])
def test_a_decision_that_was_made_on_drafts_came_out_with_them(
    api: Api, context: Context, clock: Clock, anonymity: str
) -> None:
    name = {"name": "Jo Doe", "description": None} if anonymity == "named" else {}
    source = recorded_source(api, anonymity=anonymity, **name)
    drafts = [recorded_claim(api, status="draft", attributions=[said_by(source)])["id"] for _ in range(2)]
    related = f"/v1/claims/{drafts[0]}/relations"
    relation = api.create(related, {"other_claim_id": drafts[1], "kind": "contradicts", "decided_by": "desk"})["id"]
    clock.now += timedelta(hours=8)
    for each in drafts:
        api.change(f"/v1/claims/{each}", {"status": "published"})
    reader = api.with_scopes(Scope.CLAIMS_READ)
    before = reader.read(f"{related}/{relation}")
    with context.database.reading() as session:
        expected = noted(session)
    upgraded(context, expected)
    assert reader.read(f"{related}/{relation}") == before


def upgraded(context: Context, expected: dict[str, list[datetime | None]]) -> None:
    """Upgrades what an earlier version is made to have left; the same must be noted as this version had noted."""
    context.database.write(forget)
    context.database.write(upgrade)
    with context.database.reading() as session:
        assert noted(session) == expected
        assert list(verify.differences(session)) == []


def test_what_a_version_rests_on_is_kept_alike_in_whatever_order_its_attributions_stand() -> None:
    said = [{"id": each, "document_id": None, "chain": [{"source_id": each * 2}]} for each in ("b", "a")]
    claims = [{"status": "published", "attributions": each} for each in (said, said[::-1])]
    assert rests_on(claims[0]) == rests_on(claims[1]) is not None
