"""Was this said before: what the API finds for a text and for a claim, for each reader and on both engines."""

import time
from typing import Any

import pytest

from app.models.vocabulary import Scope
from app.search import queries
from tests.conftest import Clock
from tests.factories import attribution_body, claim_body, document_body, recorded_claim, recorded_source, said_by
from tests.fixtures.api import Api, codes
from tests.fixtures.asgi import Bytes
from tests.fixtures.queries import QueryRecorder

STATEMENT = "Nine North Korean workers sent to Vladivostok defected to South Korea."
POST = "BREAKING: 9 #NorthKorean workers have defected in #Vladivostok!! https://t.co/ab12 @dailyrecord 😮"
OTHERS = (
    "The ministry of fisheries opened a harbour in Busan.",
    "Exports of coal rose by a third last year.",
    "A bridge to Vladivostok was closed for repairs.",
    "Workers of the shipyard went on strike over wages.",
)
FUTURE = "2027-01-01T00:00:00Z"


def record(api: Api, *statements: str, **fields: Any) -> list[str]:
    """The ids of new claims, in documents without words in their titles."""
    attributions = [attribution_body(document=document_body(title="…"))]
    return [
        recorded_claim(api, **{"statement": each, "attributions": attributions, **fields})["id"] for each in statements
    ]


def match(api: Api, text: str, **fields: Any) -> Any:
    """What the API answers to a text."""
    response = api.post("/v1/match", {"text": text, **fields})
    assert response.status_code == 200, response.text
    return response.json()


def found(answer: Any) -> dict[str, float]:
    """The ids of the claims in their order, with their scores."""
    return {item["claim"]["id"]: item["score"] for item in answer["items"]}


def test_a_post_finds_the_claim_that_it_repeats(api: Api) -> None:
    claim_id, *_ = record(api, STATEMENT, *OTHERS, language="en")
    answer = match(api, POST, language="en")
    [item] = answer["items"]
    assert item["claim"] == {
        name: each for name, each in api.read(f"/v1/claims/{claim_id}").items() if name != "included"
    }
    assert 0.4 < item["score"] < 1
    assert item["claim"]["attributions"][0]["document_id"] in answer["included"]["documents"]
    assert match(api, STATEMENT, language="en")["items"][0]["score"] == 1


def test_the_scores_are_the_same_on_both_engines(api: Api) -> None:
    ids = record(api, STATEMENT, *OTHERS, "Rotterdam's harbour was closed to coal from Vladivostok.", language="en")
    answer = match(api, POST + " The harbour is closed; coal exports and wages fell.", language="en", threshold=0)
    assert [(ids.index(claim_id), score) for claim_id, score in found(answer).items()] == [
        (0, 0.3736),
        (5, 0.2981),
        (4, 0.175),
        (3, 0.1662),
        (2, 0.1661),
        (1, 0.1112),
    ]


def test_where_the_words_stand_comes_with_each_claim(api: Api) -> None:
    attributions = [attribution_body(document=document_body(title="The Vladivostok nine"))]
    record(api, STATEMENT, attributions=attributions, language="en")
    [item] = match(api, "Who defected in Vladivostok?", language="en", threshold=0)["items"]
    shown = {each["in"]: [each["text"][start:end] for start, end in each["highlights"]] for each in item["snippets"]}
    assert shown == {"statement": ["Vladivostok", "defected"], "document_title": ["Vladivostok"]}


def test_a_claim_is_found_by_the_title_of_its_document(api: Api) -> None:
    title = "Did nine loggers vanish from a camp near Khabarovsk?"
    attributions = [attribution_body(document=document_body(title=title))]
    [claim_id] = record(api, "Some of them left.", attributions=attributions, language="en")
    assert found(match(api, "nine loggers vanish from camp near Khabarovsk", language="en")) == {
        claim_id: pytest.approx(1, abs=0.3)
    }


TITLE = "Loggers vanish near Khabarovsk while ministers argue over coal"
IN_THE_ARTICLE = (
    "Nine loggers vanished near Khabarovsk.",
    "The minister of energy wants to leave the cabinet.",
    "Exports doubled within a year.",
)


def record_in_article(api: Api, document_id: str, *statements: str, **fields: Any) -> list[str]:
    """The ids of new claims that were read in the document."""
    attribution = {key: each for key, each in attribution_body().items() if key != "document"}
    in_article = [attribution | {"document_id": document_id}]
    return [
        recorded_claim(api, **{"statement": each, "attributions": in_article, "language": "en", **fields})["id"]
        for each in statements
    ]


def article(api: Api) -> str:
    """The id of a document with the title of an article."""
    return str(api.create("/v1/documents", document_body(title=TITLE))["id"])


def test_the_title_of_an_article_with_several_claims_counts_for_none_of_them(api: Api) -> None:
    loggers, minister, exports = record_in_article(api, article(api), *IN_THE_ARTICLE)
    answer = match(api, TITLE, language="en", threshold=0)
    scores = found(answer)
    assert next(iter(scores)) == loggers
    assert 0.3 < scores[loggers] < 0.7
    assert scores.get(minister, 0) < 0.3
    assert exports not in scores
    assert {each["in"] for item in answer["items"] for each in item["snippets"]} == {"statement"}
    assert list(found(match(api, TITLE, language="en"))) == [loggers]


def test_a_title_counts_where_one_claim_alone_was_read_in_the_document(api: Api) -> None:
    article_id = article(api)
    [alone] = record_in_article(api, article_id, IN_THE_ARTICLE[2])
    api.create(
        f"/v1/claims/{alone}/attributions",
        {key: each for key, each in attribution_body().items() if key != "document"} | {"document_id": article_id},
    )
    record(api, *OTHERS, language="en")
    assert found(match(api, TITLE, language="en"))[alone] == 1
    record_in_article(api, article_id, IN_THE_ARTICLE[1])
    assert alone not in found(match(api, TITLE, language="en"))


def test_a_claim_keeps_the_title_of_the_document_that_is_about_it_alone(api: Api) -> None:
    [in_both, _] = record_in_article(api, article(api), *IN_THE_ARTICLE[1:])
    api.create(f"/v1/claims/{in_both}/attributions", attribution_body(document=document_body(title="Cabinet crumbles")))
    assert found(match(api, "Cabinet crumbles", language="en"))[in_both] == 1
    assert found(match(api, TITLE, language="en")).get(in_both, 0) < 0.3


def test_the_titles_of_articles_do_not_make_their_claims_similar(api: Api) -> None:
    [one, *_] = record_in_article(api, article(api), *IN_THE_ARTICLE)
    [saying_the_title] = record(api, TITLE, language="en")
    assert list(found(api.read(f"/v1/claims/{saying_the_title}/similar"))) == [one]


@pytest.mark.parametrize(
    "hidden", [{"visibility": "restricted"}, {"visibility": "internal"}, {"embargo_until": FUTURE}, {"status": "draft"}]
)
def test_another_claim_takes_the_title_only_from_those_who_may_read_it(api: Api, hidden: dict[str, str]) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    article_id = article(api)
    [shown] = record_in_article(api, article_id, IN_THE_ARTICLE[2])
    before = match(reader, TITLE, language="en", threshold=0)
    assert found(before) == {shown: 1}
    record_in_article(api, article_id, IN_THE_ARTICLE[1], **hidden)
    assert match(reader, TITLE, language="en", threshold=0) == before
    assert shown not in found(match(api, TITLE, language="en", threshold=0))


def test_an_attribution_that_is_hidden_takes_no_title(api: Api) -> None:
    """The other claim may be read, but not that it was read in this document too."""
    reader = api.with_scopes(Scope.CLAIMS_READ)
    article_id = article(api)
    [shown] = record_in_article(api, article_id, IN_THE_ARTICLE[2])
    [other] = record(api, IN_THE_ARTICLE[1], language="en")
    before = match(reader, TITLE, language="en", threshold=0)
    source_id = recorded_source(api, visibility="restricted")
    hidden = {key: each for key, each in said_by(source_id).items() if key != "document"}
    api.create(f"/v1/claims/{other}/attributions", hidden | {"document_id": article_id})
    assert match(reader, TITLE, language="en", threshold=0) == before
    assert found(before)[shown] == 1
    assert shown not in found(match(api, TITLE, language="en", threshold=0))


def test_the_end_of_an_embargo_ends_what_a_title_stands_for(api: Api, clock: Clock) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    article_id = article(api)
    [shown] = record_in_article(api, article_id, IN_THE_ARTICLE[2])
    record_in_article(api, article_id, IN_THE_ARTICLE[1], embargo_until="2026-12-01T00:00:00Z")
    assert found(match(reader, TITLE, language="en"))[shown] == 1
    clock.now = clock.now.replace(month=12)
    assert shown not in found(match(reader, TITLE, language="en", threshold=0))


def test_the_threshold_and_the_limit_cut_the_list(api: Api) -> None:
    ids = record(api, STATEMENT, "Workers defected to South Korea.", "Workers defected.", language="en")
    scores = found(match(api, STATEMENT, language="en", threshold=0))
    assert list(scores) == ids
    assert sorted(scores.values(), reverse=True) == list(scores.values())
    first, second, _third = scores.values()
    assert list(found(match(api, STATEMENT, language="en", threshold=second))) == ids[:2]
    assert list(found(match(api, STATEMENT, language="en", threshold=1))) == ids[:1]
    assert list(found(match(api, STATEMENT, language="en", threshold=0, limit=1))) == ids[:1]
    assert first == 1


def test_of_claims_that_are_as_good_the_newest_come_first(api: Api) -> None:
    ids = record(api, STATEMENT, STATEMENT, STATEMENT)
    assert list(found(match(api, STATEMENT))) == ids[::-1]


def test_inflected_words_are_found_in_their_language(api: Api) -> None:
    [claim_id] = record(api, "Os trabalhadores brasileiros deixaram as obras.", language="pt")
    in_portuguese = found(match(api, "o trabalhador brasileiro deixou a obra", language="pt", threshold=0))
    assert list(in_portuguese) == [claim_id]
    unknown = found(match(api, "o trabalhador brasileiro deixou a obra", threshold=0))
    assert unknown.get(claim_id, 0) < in_portuguese[claim_id]


def test_sources_are_not_found(api: Api) -> None:
    api.create("/v1/sources", {"kind": "person", "anonymity": "named", "name": "Kvothe Arliden"})
    assert match(api, "Kvothe Arliden", threshold=0)["items"] == []


def test_a_retracted_claim_is_found_and_its_status_says_so(api: Api) -> None:
    [claim_id] = record(api, STATEMENT)
    api.post(f"/v1/claims/{claim_id}/retract", {"reason": "It was eight."})
    [item] = match(api, STATEMENT)["items"]
    assert item["claim"]["status"] == "retracted"


@pytest.mark.parametrize(
    "hidden", [{"visibility": "restricted"}, {"visibility": "internal"}, {"embargo_until": FUTURE}, {"status": "draft"}]
)
def test_what_is_hidden_is_not_found_and_moves_no_score(api: Api, hidden: dict[str, str]) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    record(api, "Workers defected to South Korea.", *OTHERS, language="en")
    before = match(reader, STATEMENT, language="en", threshold=0)
    made = record(api, STATEMENT, "Workers of Vladivostok", "Korea", language="en", **hidden)
    assert match(reader, STATEMENT, language="en", threshold=0) == before
    assert made[0] in found(match(api, STATEMENT, language="en", threshold=0))
    assert api.get(f"/v1/claims/{made[0]}/similar").status_code == 200
    assert reader.get(f"/v1/claims/{made[0]}/similar").status_code == 404


def test_an_embargo_ends_by_itself(api: Api, clock: Clock) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    [claim_id] = record(api, STATEMENT, embargo_until="2026-12-01T00:00:00Z")
    assert found(match(reader, STATEMENT)) == {}
    clock.now = clock.now.replace(month=12)
    assert list(found(match(reader, STATEMENT))) == [claim_id]


def test_titles_of_hidden_documents_are_not_compared(api: Api) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    attributions = [attribution_body(document=document_body(title="Nothing"))]
    claim_id = recorded_claim(api, statement="Some of them left.", attributions=attributions)["id"]
    hidden = document_body(title="Loggers vanish near Khabarovsk", visibility="restricted")
    api.create(f"/v1/claims/{claim_id}/attributions", attribution_body(document=hidden))
    asked = "Loggers vanish near Khabarovsk; some of them left"
    assert "Khabarovsk" not in str(match(reader, asked, threshold=0))
    assert found(match(reader, asked, threshold=0))[claim_id] < found(match(api, asked, threshold=0))[claim_id]
    assert found(match(reader, "Khabarovsk", threshold=0)) == {}


def test_words_in_hidden_claims_are_not_counted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a word is common only by what is hidden, it is looked up as the rare one that it is for the reader."""
    monkeypatch.setattr(queries, "MOST_COUNTED", 3)
    reader = api.with_scopes(Scope.CLAIMS_READ)
    [claim_id] = record(api, STATEMENT)
    before = match(reader, "Vladivostok", threshold=0)
    record(api, *(f"Vladivostok {number}" for number in range(4)), visibility="internal")
    assert match(reader, "Vladivostok", threshold=0) == before
    assert list(found(before)) == [claim_id]


def test_a_text_of_common_words_is_looked_for_in_the_newest_claims(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    said = said_by(recorded_source(api, anonymity="named", name="Ann Roe"))  # others' claims are in order by days
    ids = record(api, *(f"The workers of district {number}" for number in range(5)), attributions=[said])
    everything = found(match(api, "workers", threshold=0))
    monkeypatch.setattr("app.search.matching.MOST_COUNTED", 2)
    monkeypatch.setattr(queries, "MOST_COUNTED", 2)
    assert found(match(api, "workers", threshold=0)).keys() == everything.keys() == set(ids)
    monkeypatch.setattr(queries, "MOST_LOOKED_THROUGH", 3)
    hidden = record(api, "The workers are hidden", visibility="internal")
    assert list(found(match(api.with_scopes(Scope.CLAIMS_READ), "workers", threshold=0))) == ids[:1:-1]
    assert hidden[0] in found(match(api, "workers", threshold=0))


@pytest.mark.parametrize(
    "text",
    [
        "😮🔥🎉",
        "https://t.co/ab12",
        "?!… — \"' OR NEAR NOT * ( ' : | & \\",
        "Zanzibar",
        "the of and",
        "x" * 10_000,
        "AND OR NOT NEAR",
        "\u202e\u0301\u0301 \ud7ff \U0010ffff",
    ],
)
def test_texts_of_which_nothing_is_known_find_nothing(api: Api, text: str) -> None:
    record(api, "Nine loggers defected.")
    assert match(api, text, threshold=0)["items"] == []


@pytest.mark.parametrize("text", ["北朝鮮の労働者" * 1400, "nine workers " * 769, "#ABCdefGHI1" * 900, "ﷺ" * 10_000])
def test_a_long_text_is_answered_in_bounded_time(api: Api, text: str) -> None:
    record(api, "北朝鮮の労働者が亡命した。", STATEMENT, language="ja")
    began = time.thread_time()
    assert api.post("/v1/match", {"text": text[:10_000], "threshold": 0}).status_code == 200
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    ("text", "language"), [("the", "en"), ("The!", None), ("Is it of the", "en-GB"), ("der, die und das", "de")]
)
def test_a_text_of_function_words_finds_nothing(api: Api, text: str, language: str | None) -> None:
    [claim_id] = record(api, f"{text} Vladivostok", language=language or "en")
    assert match(api, text, language=language, threshold=0)["items"] == []
    assert list(found(match(api, f"{text} Vladivostok", language=language))) == [claim_id]


def test_what_is_a_function_word_in_another_language_is_looked_for(api: Api) -> None:
    [claim_id] = record(api, "War!", language="en")
    assert list(found(match(api, "It is war", language="en"))) == [claim_id]


def test_function_words_alone_in_common_find_nothing(api: Api) -> None:
    record(api, "The mayor of the town", language="en")
    assert match(api, "The end of Zanzibar", language="en", threshold=0)["items"] == []


def test_texts_without_spaces_are_matched(api: Api) -> None:
    [claim_id] = record(api, "北朝鮮の労働者九人が亡命した。", language="ja")
    assert list(found(match(api, "北朝鮮の労働者が亡命", language="ja"))) == [claim_id]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, ("/text", "required")),
        ({"text": ""}, ("/text", "too_short")),
        ({"text": "x" * 10_001}, ("/text", "too_long")),
        ({"text": "Nine", "threshold": 1.1}, ("/threshold", "out_of_range")),
        ({"text": "Nine", "threshold": "0.5"}, ("/threshold", "wrong_type")),
        ({"text": "Nine", "limit": 0}, ("/limit", "out_of_range")),
        ({"text": "Nine", "limit": 51}, ("/limit", "out_of_range")),
        ({"text": "Nine", "language": "klingon!"}, ("/language", "not_a_code")),
        ({"text": "Nine", "audience": 2}, ("/audience", "unknown_field")),
    ],
)
def test_what_breaks_a_rule_is_refused(api: Api, body: dict[str, Any], error: tuple[str, str]) -> None:
    assert codes(api.post("/v1/match", body)) == [error]


def test_a_text_with_nul_is_refused(call: Bytes) -> None:
    refused = call("POST", "/v1/match", raw=b'{"text": "Nine\\u0000"}')
    assert refused.problem(422, "invalid") == [("/text", "unstorable_character")]


def test_similar_claims_come_without_the_claim_itself(api: Api) -> None:
    first, second, *_ = record(
        api, STATEMENT, "Workers defected from Vladivostok to South Korea.", *OTHERS, language="en"
    )
    answer = api.read(f"/v1/claims/{first}/similar")
    assert list(found(answer)) == [second]
    assert answer["items"][0]["relations"] == []
    asked = match(api, STATEMENT, language="en")
    assert found(answer)[second] == found(asked)[second]
    assert list(found(api.read(f"/v1/claims/{first}/similar", params={"threshold": 0, "limit": 1}))) == [second]
    assert found(api.read(f"/v1/claims/{first}/similar", params={"threshold": 1})) == {}


def test_how_similar_claims_stand_comes_from_either_side_and_as_far_as_it_may_be_read(api: Api) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    one, other = record(api, STATEMENT, STATEMENT)
    created = api.create(f"/v1/claims/{one}/relations", {"other_claim_id": other, "kind": "duplicates"})
    shown = reader.read(f"/v1/claims/{one}/relations")["items"]
    assert created["id"] == shown[0]["id"]
    for claim_id in (one, other):
        [item] = reader.read(f"/v1/claims/{claim_id}/similar")["items"]
        assert item["relations"] == shown
    [hidden] = record(api, STATEMENT, visibility="internal")
    api.create(f"/v1/claims/{one}/relations", {"other_claim_id": hidden, "kind": "duplicates"})
    assert list(found(reader.read(f"/v1/claims/{one}/similar"))) == [other]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"threshold": "2"}, "out_of_range"),
        ({"threshold": "nan"}, "wrong_type"),
        ({"threshold": "0_1"}, "wrong_type"),
        ({"threshold": " 0.5"}, "wrong_type"),
        ({"limit": "51"}, "out_of_range"),
        ({"text": "x"}, "unknown_parameter"),
    ],
)
def test_what_is_no_parameter_of_similar_is_refused(api: Api, params: dict[str, str], code: str) -> None:
    [claim_id] = record(api, STATEMENT)
    refused = api.get(f"/v1/claims/{claim_id}/similar", params=params)
    assert refused.status_code == 422
    assert [(error["parameter"], error["code"]) for error in refused.json()["errors"]] == [(next(iter(params)), code)]


def test_a_claim_of_which_nobody_is_left_is_not_found(api: Api) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    source_id = recorded_source(api)
    recorded_claim(api, statement=STATEMENT, attributions=[said_by(source_id)])
    assert len(found(match(reader, STATEMENT))) == 1
    api.change(f"/v1/sources/{source_id}", {"visibility": "restricted"})
    assert found(match(reader, STATEMENT)) == {}


def test_asking_takes_as_many_statements_for_one_claim_as_for_ten(api: Api, query_recorder: QueryRecorder) -> None:
    record(api, STATEMENT)
    with query_recorder() as for_one:
        match(api, STATEMENT)
    record(api, *[STATEMENT] * 9)
    with query_recorder() as for_ten:
        assert len(match(api, STATEMENT)["items"]) == 10
    assert len(for_ten) == len(for_one)


def test_batches_are_found_at_once(api: Api) -> None:
    made = api.create(
        "/v1/claims/batch", {"claims": [claim_body(statement=STATEMENT), claim_body(statement=OTHERS[0])]}
    )
    assert list(found(match(api, STATEMENT))) == [made["items"][0]["id"]]
