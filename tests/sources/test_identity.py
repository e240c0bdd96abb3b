"""Nothing in the open says who a source is whom the reporting does not name."""

import pytest

from tests.factories import recorded_outlet, recorded_source
from tests.fixtures.api import Api, codes

NAMED = {"anonymity": "named", "name": "Jane Example", "description": None}


@pytest.mark.parametrize("kind", ["same_as", "possibly_same"])
def test_an_anonymous_source_is_not_said_to_be_a_named_one(api: Api, kind: str) -> None:
    anonymous, named = recorded_source(api), recorded_source(api, **NAMED)
    for one, other in ((anonymous, named), (named, anonymous)):
        refused = api.post(f"/v1/sources/{one}/relations", {"other_id": other, "kind": kind})
        assert codes(refused) == [("/other_id", "identity_not_allowed")]
    api.create(f"/v1/sources/{anonymous}/relations", {"other_id": named, "kind": "distinct_from"})


def test_a_source_does_not_become_named_while_it_is_another_without_a_name(api: Api) -> None:
    one, other = recorded_source(api), recorded_source(api)
    relation = api.create(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "possibly_same"})
    path = f"/v1/sources/{other}"
    refused = api.patch(path, NAMED, etag=api.etag(path))
    assert (refused.status_code, refused.json()["existing_id"]) == (409, relation["id"])
    removed = f"/v1/sources/{one}/relations/{relation['id']}"
    assert api.delete(removed, etag=api.etag(removed)).status_code == 204
    assert api.change(path, NAMED)["name"] == "Jane Example"


def test_only_a_body_has_members_and_only_a_publisher_publishes(api: Api) -> None:
    person, outlet = recorded_source(api), recorded_outlet(api)
    refused = api.post("/v1/sources", {**NAMED, "kind": "person", "organization_id": person})
    assert codes(refused) == [("/organization_id", "not_an_organization")]
    refused = api.post("/v1/documents", {"title": "A", "outlet_id": person})
    assert codes(refused) == [("/outlet_id", "not_an_outlet")]
    assert api.create("/v1/documents", {"title": "A", "outlet_id": outlet})["outlet_id"] == outlet
