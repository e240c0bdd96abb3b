"""Who may let the public read a claim: `claims:write` alone records drafts and what stays inside."""

from datetime import timedelta
from typing import Any

import pytest

from app.models.vocabulary import Scope
from tests.conftest import START
from tests.factories import claim_body, recorded_claim, recorded_document, recorded_source, said_by
from tests.fixtures.api import Api

SOON, LATER = ((START + timedelta(days=days)).isoformat() for days in (1, 2))


@pytest.fixture
def reporter(api: Api) -> Api:
    """A key that writes for the newsroom and publishes nothing."""
    return api.with_scopes(Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.SOURCES_WRITE, Scope.INTERNAL_READ)


@pytest.mark.parametrize("fields", [{}, {"embargo_until": LATER}])
def test_what_the_public_is_to_read_cannot_be_recorded_without_the_scope(
    reporter: Api, api: Api, fields: dict[str, Any]
) -> None:
    for path, body in (
        ("/v1/claims", claim_body(**fields)),
        ("/v1/claims/batch", {"claims": [claim_body(status="draft"), claim_body(**fields)]}),
    ):
        refused = reporter.post(path, body)
        assert refused.status_code == 403
        assert refused.json()["scope"] == Scope.CLAIMS_PUBLISH
    assert api.read("/v1/claims")["items"] == []


@pytest.mark.parametrize("fields", [{"status": "draft"}, {"visibility": "internal"}])
def test_a_reporter_records_and_changes_what_stays_inside_and_an_editor_publishes_it(
    reporter: Api, api: Api, fields: dict[str, Any]
) -> None:
    publishing = {"status": "published", "visibility": "public"}
    attribution = said_by(recorded_source(reporter), document_id=recorded_document(reporter))
    attribution.pop("document")
    path = f"/v1/claims/{reporter.create('/v1/claims', claim_body(attributions=[attribution], **fields))['id']}"
    reporter.change(path, {"statement": "Ten workers defected."})
    refused = reporter.patch(path, publishing, etag="*")
    assert (refused.status_code, refused.json()["scope"]) == (403, Scope.CLAIMS_PUBLISH)
    assert api.with_scopes(Scope.CLAIMS_READ).get(path).status_code == 404
    api.change(path, publishing)
    assert api.with_scopes(Scope.CLAIMS_READ).get(path).status_code == 200


def test_an_embargo_is_shortened_by_who_may_publish_and_prolonged_by_any_writer(reporter: Api, api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api, embargo_until=LATER)['id']}"
    for sooner in (SOON, None):
        assert reporter.patch(path, {"embargo_until": sooner}, etag="*").status_code == 403
    reporter.change(path, {"embargo_until": (START + timedelta(days=3)).isoformat()})
    api.change(path, {"embargo_until": SOON})


def test_a_public_claim_is_corrected_and_narrowed_without_the_scope(reporter: Api, api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    reporter.change(path, {"statement": "Ten workers defected."})
    reporter.change(path, {"visibility": "internal"})
    assert reporter.patch(path, {"visibility": "public"}, etag="*").status_code == 403
