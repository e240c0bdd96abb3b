"""Published reviews in the form of Google's Fact Check Tools: what counts as one, how it is told, and to whom."""

from typing import Any
from uuid import uuid4

import pytest
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]  # ships no types

from app.access.context import Context
from app.models.vocabulary import Scope
from tests.factories import assessment_body, attribution_body, claim_body, recorded_claim, source_body
from tests.fixtures.api import Api, make_key
from tests.fixtures.google import discovery_document, fact_check_tools
from tests.fixtures.queries import QueryRecorder

PATH = "/v1alpha1/claims:search"
REVIEW = "https://www.example.org/check/1"


def review_body(**fields: Any) -> dict[str, Any]:
    """An assessment that is a published review."""
    return {"assessor": "Example Checks", "verdict": "mostly_false", "review_url": REVIEW} | fields


def reviewed(api: Api, statement: str = "Nine workers defected.", **fields: Any) -> Any:
    """A claim with a published review."""
    return recorded_claim(api, **{"statement": statement, "assessment": review_body(), **fields})


def searched(api: Api, **params: Any) -> Any:
    """The claims of a page; by default those that Example Checks has reviewed."""
    return api.read(PATH, params=params or {"reviewPublisherSiteFilter": "example.org"})["claims"]


def texts(api: Api, **params: Any) -> list[str]:
    return [claim["text"] for claim in searched(api, **params)]


def refused(api: Api, **params: Any) -> list[tuple[str, str]]:
    """Where each error of a refusal points, and its code."""
    response = api.get(PATH, params=params)
    assert response.status_code == 422, response.text
    return [(error["parameter"], error["code"]) for error in response.json()["errors"]]


def by(name: str, **fields: Any) -> dict[str, Any]:
    """An attribution to a named person."""
    origin = source_body(anonymity="named", name=name, description=None)
    return attribution_body(chain=[{"role": "originator", "source": origin}], **fields)


def test_a_review_reads_as_google_has_it(api: Api) -> None:
    document = {"url": "https://example.org/check/1#top", "title": "Did nine defect?", "language": "ko"}
    attribution = by("Ada Clerk", said="2023-01-31") | {"document": document}
    review = review_body(rating_label="Mostly wrong", assessed_at="2023-02-01T10:00:00Z")
    review["review_url"] = "https://example.org/check/1"
    reviewed(api, attributions=[attribution], language="en", assessment=review)
    assert api.read(PATH, params={"query": "workers"}) == {
        "claims": [
            {
                "text": "Nine workers defected.",
                "claimant": "Ada Clerk",
                "claimDate": "2023-01-31T00:00:00Z",
                "claimReview": [
                    {
                        "publisher": {"name": "Example Checks", "site": "example.org"},
                        "url": "https://example.org/check/1",
                        "title": "Did nine defect?",
                        "reviewDate": "2023-02-01T10:00:00Z",
                        "textualRating": "Mostly wrong",
                        "languageCode": "ko",
                    }
                ],
            }
        ]
    }


def test_what_is_not_known_is_left_out(api: Api) -> None:
    reviewed(api, attributions=[by("Ada Clerk", said="2023-01")])
    (claim,) = searched(api)
    assert claim.keys() == {"text", "claimant", "claimReview"}
    (review,) = claim["claimReview"]
    assert review.keys() == {"publisher", "url", "reviewDate", "textualRating"}
    assert review["textualRating"] == "Mostly false"


def test_a_claim_not_dated_was_made_when_it_was_published(api: Api) -> None:
    document = {"title": "Workers defect", "published": "2023-02-03"}
    reviewed(api, attributions=[attribution_body(document=document)], occurred={"edtf": "2022-11-05"})
    assert [claim["claimDate"] for claim in searched(api)] == ["2023-02-03T00:00:00Z"]


@pytest.mark.parametrize(
    "assessment",
    [
        review_body(review_url=None),
        review_body(verdict=None, confidence=70),
        assessment_body(),
    ],
    ids=["no address", "no verdict", "neither"],
)
def test_what_is_no_published_verdict_is_not_found(api: Api, assessment: dict[str, Any]) -> None:
    recorded_claim(api, assessment=assessment)
    assert texts(api, query="workers") == []
    assert texts(api, reviewPublisherSiteFilter="example.org") == []


def test_an_assessment_of_an_attribution_alone_is_no_review(api: Api) -> None:
    claim = recorded_claim(api)
    review = review_body(attribution_id=claim["attributions"][0]["id"])
    api.create(f"/v1/claims/{claim['id']}/assessments", review)
    assert searched(api) == []


def test_a_claim_has_the_reviews_of_every_assessor_that_nothing_supersedes(api: Api) -> None:
    claim = reviewed(api)
    path = f"/v1/claims/{claim['id']}/assessments"
    api.create(path, review_body(rating_label="False", supersedes_id=claim["assessments"][0]["id"]))
    api.create(path, review_body(assessor="Others", review_url="https://other.example/1", rating_label="True"))
    (found,) = searched(api, query="workers")
    assert [review["textualRating"] for review in found["claimReview"]] == ["True", "False"]
    (of_site,) = searched(api)
    assert [review["textualRating"] for review in of_site["claimReview"]] == ["False"]


def test_a_review_that_is_taken_back_is_found_no_more(api: Api) -> None:
    claim = reviewed(api)
    again = assessment_body(supersedes_id=claim["assessments"][0]["id"])
    api.create(f"/v1/claims/{claim['id']}/assessments", again)
    assert searched(api) == searched(api, query="workers") == []


def test_a_retracted_claim_and_a_draft_are_not_found(api: Api) -> None:
    claim = reviewed(api)
    reviewed(api, status="draft")
    api.post(f"/v1/claims/{claim['id']}/retract", {"reason": "wrong"})
    assert searched(api) == searched(api, query="workers") == []


@pytest.mark.parametrize("given", ["example.org", "www.example.org", "EXAMPLE.org", "https://www.example.org/any"])
def test_a_site_is_found_with_and_without_www(api: Api, given: str) -> None:
    reviewed(api)
    reviewed(api, "Ten defected.", assessment=review_body(review_url="https://notexample.org/1"))
    reviewed(api, "Two defected.", assessment=review_body(review_url="https://sub.example.org/1"))
    assert texts(api, reviewPublisherSiteFilter=given) == ["Nine workers defected."]
    assert texts(api, reviewPublisherSiteFilter=given, query="defected") == ["Nine workers defected."]


def test_a_language_is_found_in_any_region(api: Api) -> None:
    for language in ("en", "en-GB", "de", None):
        reviewed(api, f"In {language}.", language=language)
    for asked in ("en", "en-US", "EN"):
        assert texts(api, reviewPublisherSiteFilter="example.org", languageCode=asked) == ["In en-GB.", "In en."]


def test_age_is_that_of_the_newer_of_claim_and_review(api: Api) -> None:
    old = review_body(assessed_at="2026-11-01T00:00:00Z")
    reviewed(api, "Old.", assessment=old, attributions=[attribution_body(said="2026-10")])
    reviewed(api, "Said lately.", assessment=old, attributions=[attribution_body(said="2026-11-20")])
    lately = attribution_body(document={"title": "News", "published": "2026-11-20"})
    reviewed(api, "Published lately.", assessment=old, attributions=[lately])
    denied = attribution_body(said="2026-11-20", stance="denies")
    reviewed(api, "Denied lately.", assessment=old, attributions=[attribution_body(said="2026-10"), denied])
    reviewed(api, "Reviewed lately.", assessment=review_body(assessed_at="2026-11-20T00:00:00Z"))
    recent = ["Reviewed lately.", "Published lately.", "Said lately."]
    assert texts(api, reviewPublisherSiteFilter="example.org", maxAgeDays=7) == recent
    assert len(texts(api, reviewPublisherSiteFilter="example.org", maxAgeDays=2**31 - 1)) == 5
    assert texts(api, query="lately", maxAgeDays=7) == recent


ADA = source_body(anonymity="named", name="Ada Clerk", description="an official of the ministry")


@pytest.mark.parametrize(
    ("source", "terms", "claimant"),
    [
        (ADA, "on_the_record", "Ada Clerk"),
        (ADA, "background", "an official of the ministry"),
        (ADA | {"description": "Ada Clerk of the ministry"}, "background", None),
        (ADA | {"description": None}, "background", None),
        (ADA, "deep_background", None),
        (source_body(), "unspecified", "a source familiar with the situation"),
        (source_body(), "deep_background", None),
        ({"kind": "unknown", "anonymity": "unattributed"}, "unspecified", None),
    ],
)
def test_a_claimant_is_told_as_the_terms_allow(
    api: Api, source: dict[str, Any], terms: str, claimant: str | None
) -> None:
    attribution = attribution_body(terms=terms, chain=[{"role": "originator", "source": source}])
    reviewed(api, attributions=[attribution])
    (claim,) = searched(api)
    assert claim.get("claimant") == claimant


def test_whoever_denies_a_claim_is_not_its_claimant(api: Api) -> None:
    reviewed(api, attributions=[by("Ada Clerk", stance="denies"), by("Bo Baker")])
    assert [claim["claimant"] for claim in searched(api)] == ["Bo Baker"]


def test_nothing_hidden_is_found_named_or_counted(api: Api) -> None:
    outside = api.with_scopes(Scope.CLAIMS_READ)
    hidden = source_body(anonymity="named", name="Ada Clerk", description=None, visibility="restricted")
    secret = attribution_body(said="2026-11-20", chain=[{"role": "originator", "source": hidden}])
    reviewed(api, "Secret.", visibility="restricted")
    reviewed(api, "Said in secret.", attributions=[secret])
    review = review_body(assessed_at="2026-01-01T00:00:00Z")
    reviewed(api, "Said twice.", attributions=[secret, attribution_body(said="2026-01")], assessment=review)
    reviewed(api, "Embargoed.", embargo_until="2026-12-24T00:00:00Z")
    (claim,) = searched(outside)
    assert (claim["text"], claim["claimant"]) == ("Said twice.", "a source familiar with the situation")
    assert "nextPageToken" not in outside.read(PATH, params={"query": "said", "pageSize": 1})
    assert texts(outside, query="Clerk") == texts(outside, query="secret") == []
    assert texts(outside, query="said", maxAgeDays=30) == []
    assert len(searched(api)) == 4
    assert texts(api, query="twice", maxAgeDays=30) == ["Said twice."]


def test_the_title_of_a_hidden_review_is_not_told(api: Api) -> None:
    reviewed(api)
    document = {"url": REVIEW, "title": "Draft review", "visibility": "internal"}
    api.create("/v1/documents", document)
    (inside,), (outside,) = searched(api), searched(api.with_scopes(Scope.CLAIMS_READ))
    assert inside["claimReview"][0]["title"] == "Draft review"
    assert "title" not in outside["claimReview"][0]
    api.create("/v1/documents", document | {"title": "Review", "visibility": "public"})
    assert searched(api)[0]["claimReview"][0]["title"] == "Review"


def test_pages_visit_each_claim_once_whatever_is_recorded_meanwhile(api: Api) -> None:
    recorded = [f"Worker {number} defected." for number in range(7)]
    for statement in recorded:
        reviewed(api, statement)
    for question in ({"query": "defected"}, {"reviewPublisherSiteFilter": "example.org"}):
        found, more = [], {"pageSize": 2}
        while more:
            page = api.read(PATH, params=question | more)
            found += [claim["text"] for claim in page["claims"]]
            reviewed(api, f"Another {uuid4()} defected.")
            token = page.get("nextPageToken")
            more = {"pageSize": 2, "pageToken": token} if token else {}
        assert found[-len(recorded) :] == recorded[::-1]
        assert len(set(found)) == len(found)


def test_a_page_has_ten_claims_unless_another_number_is_asked_for(api: Api) -> None:
    claims = [claim_body(statement=f"{number}.", assessment=review_body()) for number in range(12)]
    api.create("/v1/claims/batch", {"claims": claims})
    asked = {"reviewPublisherSiteFilter": "example.org"}
    for size, given in ((None, 10), (0, 10), (3, 3), (1_000_000, 12)):
        assert len(texts(api, **asked, **({} if size is None else {"pageSize": size}))) == given
    assert texts(api, **asked, offset=10) == ["1.", "0."]
    assert texts(api, **asked, offset=12) == []


def test_an_offset_counts_for_nothing_beside_a_token(api: Api) -> None:
    for number in range(4):
        reviewed(api, f"{number}.")
    asked = {"reviewPublisherSiteFilter": "example.org", "pageSize": 1, "offset": 1}
    page = api.read(PATH, params=asked)
    assert [claim["text"] for claim in page["claims"]] == ["2."]
    assert texts(api, **asked, pageToken=page["nextPageToken"]) == ["1."]


def test_a_token_is_good_for_its_question_and_its_audience_alone(api: Api) -> None:
    for number in range(2):
        reviewed(api, f"Worker {number}.")
    token = api.read(PATH, params={"query": "worker", "pageSize": 1})["nextPageToken"]
    wrong = [("pageToken", "wrong_cursor")]
    assert refused(api, query="workers", pageToken=token) == wrong
    assert refused(api, query="worker", languageCode="en", pageToken=token) == wrong
    assert refused(api, query="worker", maxAgeDays=1, pageToken=token) == wrong
    assert refused(api.with_scopes(Scope.CLAIMS_READ), query="worker", pageToken=token) == wrong
    assert refused(api, query="worker", pageToken="x" + token[1:]) == wrong
    assert texts(api, query="worker", pageToken=token, pageSize=5) == ["Worker 0."]


@pytest.mark.parametrize(
    ("params", "errors"),
    [
        ({}, [("query", "required")]),
        ({"query": "- !"}, [("query", "nothing_to_search")]),
        ({"query": " "}, [("query", "wrong_form")]),
        ({"reviewPublisherSiteFilter": "not a site"}, [("reviewPublisherSiteFilter", "wrong_form")]),
        ({"query": "a", "languageCode": "xx-nonsense-1"}, [("languageCode", "not_a_code")]),
        ({"query": "a", "pageSize": -1}, [("pageSize", "out_of_range")]),
        ({"query": "a", "offset": 10_001}, [("offset", "out_of_range")]),
        ({"query": "a", "maxAgeDays": 2**31}, [("maxAgeDays", "out_of_range")]),
        ({"query": "a", "maxAgeDays": "1.5"}, [("maxAgeDays", "wrong_type")]),
        ({"query": "a", "alt": "proto"}, [("alt", "not_a_term")]),
        ({"query": "a", "callback": "f"}, [("callback", "unknown_parameter")]),
        ({"query": "a", "access_token": "onr_x"}, [("access_token", "unknown_parameter")]),
        ({"query": "a", "page_size": 1}, [("page_size", "unknown_parameter")]),
    ],
)
def test_what_cannot_be_answered_is_refused(api: Api, params: dict[str, Any], errors: list[tuple[str, str]]) -> None:
    assert refused(api, **params) == errors


def test_parameters_that_google_s_clients_send_change_nothing(api: Api) -> None:
    reviewed(api)
    ignored = {"alt": "json", "key": "AIza", "fields": "claims", "prettyPrint": "false", "quotaUser": "a", "$.xgafv": 2}
    assert api.read(PATH, params={"query": "workers", **ignored}) == api.read(PATH, params={"query": "workers"})


def test_a_key_in_the_address_lets_nobody_in(api: Api, context: Context) -> None:
    response = api.without_key().get(PATH, params={"query": "workers", "key": make_key(context)})
    assert response.status_code == 401
    assert response.json()["error"]["status"] == "UNAUTHENTICATED"


def test_the_number_of_statements_does_not_grow_with_the_page(api: Api, query_recorder: QueryRecorder) -> None:
    def statements() -> int:
        with query_recorder() as sent:
            searched(api)
        return len(sent)

    reviewed(api)
    one = statements()
    for number in range(9):
        reviewed(api, f"{number}.", attributions=[by(f"Person {number}")])
    assert statements() == one
    assert len(searched(api)) == 10


def test_google_s_client_reads_what_is_there_and_follows_pages(api: Api) -> None:
    for number in range(5):
        reviewed(api, f"Worker {number} defected.")
    claims = fact_check_tools(api, developer_key="AIza").claims()
    asked = {"query": "defected", "languageCode": None, "maxAgeDays": 30, "pageSize": 2, "offset": 0}
    request = claims.search(**{name: value for name, value in asked.items() if value is not None})
    found: list[str] = []
    while request is not None:
        page = request.execute()
        found += [claim["text"] for claim in page["claims"]]
        request = claims.search_next(request, page)
    assert found == [f"Worker {number} defected." for number in (4, 3, 2, 1, 0)]


def test_every_field_is_one_that_google_describes(api: Api) -> None:
    schemas = discovery_document()["schemas"]
    ours = api.read("/openapi.json")["components"]["schemas"]
    prefix = "GoogleFactcheckingFactchecktoolsV1alpha1"
    for theirs, own in {
        "FactCheckedClaimSearchResponse": "FactCheckPage",
        "Claim": "FactCheckedClaim",
        "ClaimReview": "FactCheckReview",
        "Publisher": "Publisher",
    }.items():
        assert ours[own]["properties"].keys() == schemas[prefix + theirs]["properties"].keys()


def test_every_parameter_is_one_that_google_describes(api: Api) -> None:
    document = discovery_document()
    theirs = document["resources"]["claims"]["methods"]["search"]["parameters"]
    (operation,) = api.read("/openapi.json")["paths"][PATH].values()
    ours = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
    assert theirs.keys() <= ours <= theirs.keys() | document["parameters"].keys()


def test_google_s_client_prints_what_is_wrong(api: Api) -> None:
    claims = fact_check_tools(api).claims()
    with pytest.raises(HttpError, match="Give `query`, `reviewPublisherSiteFilter` or both") as raised:
        claims.search().execute()
    assert raised.value.status_code == 422
    outside = fact_check_tools(api.without_key()).claims()
    with pytest.raises(HttpError, match="Send an API key") as refusal:
        outside.search(query="workers").execute()
    assert refusal.value.status_code == 401


def test_images_are_not_searched(api: Api) -> None:
    with pytest.raises(HttpError) as raised:
        fact_check_tools(api).claims().imageSearch(imageUri="https://example.org/image").execute()
    assert raised.value.status_code == 404
