"""The audit: what was done with keys, by whom, and nothing about what its reader may not see."""

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session

from app.access import audit
from app.access.authentication import person_id
from app.access.context import Context
from app.access.principals import Principal
from app.keys.service import at_the_server
from app.models.vocabulary import AuditAction, Scope
from tests.access.conftest import ABSENT
from tests.factories import recorded_source
from tests.fixtures.api import Api
from tests.fixtures.keys import With

BODY = {"name": "CMS", "scopes": ["keys:manage", "claims:read"]}


def entries(api: Api, **filters: Any) -> list[Any]:
    return list(api.read("/v1/audit", params=filters)["items"])


def recorded(context: Context, action: AuditAction, subject_id: str, reason: str | None = None) -> str:
    """The id of a new entry of whoever runs the server."""
    return context.database.write(
        lambda session: audit.record(at_the_server(context, session), action, subject_id, reason).id
    )


def test_what_is_done_with_a_key_is_in_the_audit(api: Api, caller_with: With) -> None:
    manager = api.create("/v1/keys", BODY)
    caller = caller_with(manager)
    made = caller.create("/v1/keys", BODY)
    rotated = caller.create(f"/v1/keys/{made['id']}/rotate", {})
    for _ in range(2):
        caller.delete(f"/v1/keys/{made['id']}")
    found = entries(api, actor_id=manager["id"])
    assert [(entry["action"], entry["subject_id"]) for entry in found] == [
        ("key_revoked", made["id"]),
        ("key_created", rotated["id"]),
        ("key_rotated", made["id"]),
        ("key_created", made["id"]),
    ]
    assert [entry["id"] for entry in entries(api, subject_id=made["id"])] == [found[at]["id"] for at in (0, 2, 3)]
    assert {entry["reason"] for entry in found} == {None}
    assert {entry["actor_name"] for entry in found} == {"CMS"}


def test_a_refused_attempt_leaves_no_entry(api: Api) -> None:
    before = entries(api)
    manager = api.with_scopes(Scope.KEYS_MANAGE)
    assert manager.post("/v1/keys", BODY).status_code == 403
    assert [entry["action"] for entry in entries(api)][1:] == [entry["action"] for entry in before]


def test_what_is_done_at_the_server_bears_no_actor(api: Api, context: Context) -> None:
    entry_id = recorded(context, AuditAction.CUSTODIAN_ADDED, ABSENT, "a new editor")
    assert entries(api)[0] == {
        "id": entry_id,
        "action": "custodian_added",
        "subject_id": ABSENT,
        "actor_id": None,
        "actor_name": None,
        "reason": "a new editor",
        "recorded_at": entries(api)[0]["recorded_at"],
    }


def test_a_person_is_in_the_audit_by_id_alone(api: Api, context: Context) -> None:
    person = Principal(person_id(context, "https://issuer.example", "jane"), frozenset())

    def work(session: Session) -> None:
        unit = replace(at_the_server(context, session), principal=person)
        audit.record(unit, AuditAction.CUSTODIAN_ADDED, ABSENT)

    context.database.write(work)
    newest = entries(api)[0]
    assert (newest["actor_id"], newest["actor_name"]) == (person.caller_id, None)


def test_the_audit_is_filtered_and_paged(api: Api, context: Context) -> None:
    made = [recorded(context, AuditAction.CUSTODIAN_ADDED, ABSENT) for _ in range(3)]
    recorded(context, AuditAction.CUSTODIAN_RETIRED, ABSENT)
    added = {"action": "custodian_added", "subject_id": ABSENT}
    assert [entry["id"] for entry in entries(api, **added)] == made[::-1]
    assert [entry["id"] for entry in entries(api, sort="recorded_at", **added)] == made
    both = entries(api, action=["custodian_added", "custodian_retired"])
    assert len(both) == 4
    middle = next(entry["recorded_at"] for entry in both if entry["id"] == made[1])
    assert [entry["id"] for entry in entries(api, recorded_from=middle, recorded_to=middle)] == [made[1]]
    page = api.read("/v1/audit", params={"limit": 2, "include_total": "true", **added})
    assert (len(page["items"]), page["total"]) == (2, 3)
    rest = api.read("/v1/audit", params={"limit": 2, "cursor": page["next_cursor"], **added})
    assert [entry["id"] for entry in page["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None
    assert api.get("/v1/audit", params={"cursor": page["next_cursor"]}).status_code == 422


@pytest.mark.parametrize(
    "filters",
    [
        {"action": "stolen"},
        {"subject_id": "x"},
        {"actor_id": "X" * 36},
        {"recorded_from": "yesterday"},
        {"recorded_from": "2026-11-24T00:00:00Z", "recorded_to": "2026-11-23T00:00:00Z"},
        {"sort": "action"},
        {"reason": "x"},
    ],
)
def test_a_filter_that_breaks_a_rule_is_refused(api: Api, filters: dict[str, str]) -> None:
    assert api.get("/v1/audit", params=filters).status_code == 422


def test_what_was_done_with_a_hidden_source_is_there_for_who_may_read_the_source(api: Api, context: Context) -> None:
    shown, hidden = recorded_source(api), recorded_source(api, visibility="restricted")
    about_shown = recorded(context, AuditAction.IDENTITY_READ, shown, "the court asks")
    about_hidden = recorded(context, AuditAction.IDENTITY_READ, hidden, "the deputy minister's driver")
    recorded(context, AuditAction.IDENTITY_SEALED, ABSENT)
    auditor = api.with_scopes(Scope.AUDIT_READ)
    response = auditor.get("/v1/audit", params={"include_total": "true", "action": "identity_read"})
    assert [entry["id"] for entry in response.json()["items"]] == [about_shown]
    assert response.json()["total"] == 1
    assert hidden not in auditor.get("/v1/audit").text
    assert [entry["id"] for entry in entries(api, action="identity_read")] == [about_hidden, about_shown]
    assert entries(api, action="identity_sealed") == []
