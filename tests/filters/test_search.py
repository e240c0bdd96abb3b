"""Claims found by `q`: in any language, in order, with where the words stand, and nothing by what is hidden."""

from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, text

from app.access.context import Context
from app.filters import lists, relevance
from app.models.vocabulary import Scope
from tests.conftest import Clock
from tests.factories import (
    attribution_body,
    claim_body,
    document_body,
    outlet_body,
    recorded_claim,
    recorded_outlet,
    recorded_source,
    said_by,
    source_body,
)
from tests.fixtures.api import Api

KOREAN = "북한은 러시아에 노동자를 파견했다"
RUSSIAN = "Северокорейские рабочие бежали во Владивосток."
PORTUGUESE = "As eleições foram adiadas pelos ministros em São Paulo."
STATEMENTS = {"ko": KOREAN, "ru": RUSSIAN, "pt": PORTUGUESE}


def search(api: Api, q: str, **more: Any) -> list[str]:
    """The statements found."""
    return [each["statement"] for each in api.read("/v1/claims", params={"q": q, **more})["items"]]


def quoted(exact: str, **fields: Any) -> dict[str, Any]:
    return attribution_body(quote={"exact": exact, **fields})


@pytest.fixture
def public(api: Api) -> Api:
    return api.with_scopes(Scope.CLAIMS_READ)


@pytest.fixture
def several(api: Api) -> None:
    for language, statement in STATEMENTS.items():
        recorded_claim(api, statement=statement, language=language)


@pytest.mark.parametrize(
    ("q", "language"),
    [
        ("북한", "ko"),
        ("북", "ko"),
        ("노동자", "ko"),
        ("노동자 러시아", "ko"),
        ('"러시아에 노동자"', "ko"),
        ("рабочих", "ru"),
        ("РАБОЧИЙ Владивостока", "ru"),
        ("eleição", "pt"),
        ("ELEICOES", "pt"),
        ("ministro eleições", "pt"),
        ('"sao paulo"', "pt"),
        ("ministro -рабочих", "pt"),
        ("корабль OR рабочим", "ru"),
    ],
)
def test_a_text_is_found_in_its_language_in_any_form_of_its_words(
    api: Api, several: None, q: str, language: str
) -> None:
    assert search(api, q) == [STATEMENTS[language]]


@pytest.mark.parametrize("q", ["한북", '"노동자 러시아"', "ministros -paulo", '"paulo são"', "корабль", "북한 рабочих"])
def test_a_text_without_the_words_is_not_found(api: Api, several: None, q: str) -> None:
    assert search(api, q) == []


HOSTILE = [
    '"',
    '"' * 900,
    "NEAR(a b, 5)",
    "a NEAR/2 b",
    "tokens : a",
    "{tokens} : a",
    "^a",
    "a*",
    "- -a",
    "a + b",
    "(((((a",
    ")a(",
    "a AND",
    "AND",
    "NOT",
    "NOT a",
    "OR OR OR",
    "a & b",
    "a | !b",
    "a <-> b",
    "a:*",
    "'a' 'b",
    "a\\'b",
    "a; DROP TABLE claim --",
    "%_%",
    ":asked %(asked)s ? $1",
    "🙂🙂",
    "\u202e\u200f",
    "\ufdfa" * 50,
    "核" * 800,
    "a" * 1000,
    '"' + "a " * 499,
    " OR ".join(f"w{number}" for number in range(32)),
    " ".join(f"-w{number}" for number in range(31)) + " a",
    "a\u0000b",
    "\ud83d",
]


@pytest.mark.parametrize("path", ["/v1/claims", "/v1/sources"])
def test_whatever_is_asked_is_answered_or_refused(
    api: Api, several: None, path: str, subtests: pytest.Subtests
) -> None:
    name = "q" if path == "/v1/claims" else "name"
    for typed in HOSTILE:
        with subtests.test(ascii(typed)):
            response = api.get(f"{path}?{name}={quote(typed, errors='surrogatepass')}")
            assert response.status_code in {200, 422}, response.text
            if response.status_code == 422:
                assert {each["parameter"] for each in response.json()["errors"]} <= {name, "query"}


@pytest.mark.parametrize(
    ("q", "code"),
    [
        ('"' * 2_500, "too_long"),
        ("a\u0000b", None),
        ("-a", "nothing_to_search"),
        ("a " * 33, "too_many_terms"),
        ("", None),
    ],
)
def test_a_query_that_is_none_is_refused(api: Api, q: str, code: str | None) -> None:
    response = api.get("/v1/claims", params={"q": q})
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["parameter"] == "q"
    assert code is None or error["code"] == code


def test_what_is_found_tells_where_the_words_stand(api: Api) -> None:
    outlet = recorded_outlet(api, name="The Workers Gazette")
    attribution = said_by(
        outlet,
        document=document_body(title="No workers left"),
        quote={"exact": "workers left", "original": "рабочие ушли"},
    )
    recorded_claim(api, statement="e\u0301 Workers, workers!", attributions=[attribution, attribution_body()])
    (item,) = api.read("/v1/claims", params={"q": "worker"})["items"]
    assert item["found"]["snippets"] == [
        {"in": "statement", "text": "e\u0301 Workers, workers!", "highlights": [[3, 10], [12, 19]]},
        {"in": "quote", "text": "workers left", "highlights": [[0, 7]]},
        {"in": "source", "text": "The Workers Gazette", "highlights": [[4, 11]]},
        {"in": "document_title", "text": "No workers left", "highlights": [[3, 10]]},
        {"in": "document_title", "text": "Workers defect", "highlights": [[0, 7]]},
    ]
    (item,) = api.read("/v1/claims", params={"q": '"рабочих ушли" -tea'})["items"]
    assert item["found"]["snippets"] == [{"in": "quote", "text": "рабочие ушли", "highlights": [[0, 12]]}]


def test_a_single_syllable_is_highlighted_alone(api: Api) -> None:
    recorded_claim(api, statement=KOREAN, language="ko")
    (item,) = api.read("/v1/claims", params={"q": "노"})["items"]
    (snippet,) = item["found"]["snippets"]
    assert [snippet["text"][start:end] for start, end in snippet["highlights"]] == ["노"]


def test_a_long_text_is_cut_around_the_words_between_words(api: Api) -> None:
    recorded_claim(api, statement="Long ago " * 100 + "the needle lay " + "in the hay " * 100)
    (item,) = api.read("/v1/claims", params={"q": "needle"})["items"]
    (snippet,) = item["found"]["snippets"]
    (start, end) = snippet["highlights"][0]
    assert snippet["text"][start:end] == "needle"
    assert snippet["text"].startswith("…ago Long") or snippet["text"].startswith("…Long ago")
    assert snippet["text"].endswith(("hay…", "in…", "the…"))
    assert 150 <= len(snippet["text"]) <= 202


def test_lists_without_words_have_nothing_found(api: Api) -> None:
    recorded_claim(api)
    (item,) = api.read("/v1/claims")["items"]
    assert "found" not in item
    (item,) = api.read("/v1/claims", params={"q": "workers", "fields": "found"})["items"]
    assert item.keys() == {"id", "found"}


def test_the_best_match_comes_first_unless_another_order_is_asked_for(api: Api) -> None:
    best = recorded_claim(api, statement="Reactor, reactor, reactor.")["id"]
    good = recorded_claim(api, statement="The reactor is old.")["id"]
    last = recorded_claim(api, statement="The reactor " + "and many other things " * 30)["id"]
    assert [each["id"] for each in api.read("/v1/claims", params={"q": "reactor"})["items"]] == [best, good, last]
    newest = api.read("/v1/claims", params={"q": "reactor", "sort": "-recorded_at"})["items"]
    assert [each["id"] for each in newest] == [last, good, best]
    assert [each["found"]["score"] for each in newest] == [None, None, None]
    source = recorded_source(api)
    said = [recorded_claim(api, statement=f"Reactor {n}.", attributions=[said_by(source)])["id"] for n in ("a", "b")]
    path = f"/v1/sources/{source}/claims"
    assert [each["id"] for each in api.read(path, params={"q": "reactor"})["items"]] == said[::-1]


def pages(api: Api, between: Any = None, **params: Any) -> list[str]:
    """The ids on all pages, with something done between each and the next."""
    seen: list[str] = []
    while True:
        page = api.read("/v1/claims", params=params)
        seen += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            return seen
        params["cursor"] = page["next_cursor"]
        if between is not None:
            between()


def test_pages_by_relevance_are_of_one_order_while_others_write(api: Api) -> None:
    made = [recorded_claim(api, statement="reactor " * (1 + number % 3) + "x " * number)["id"] for number in range(7)]
    whole = pages(api, q="reactor OR defect", limit=50)
    assert sorted(whole) == sorted(made)

    def write() -> None:
        for _ in range(3):
            recorded_claim(api, statement="defect defect defect defect defect", attributions=[quoted("defect")])

    paged = pages(api, write, q="reactor OR defect", limit=2)
    assert [each for each in paged if each in made] == whole
    assert len(paged) == len(set(paged))


def test_the_worst_match_comes_first_where_that_is_asked_for(api: Api) -> None:
    made = [recorded_claim(api, statement="reactor " * (1 + number % 3) + "x " * number)["id"] for number in range(7)]
    best_first = pages(api, q="reactor", limit=50)
    assert sorted(best_first) == sorted(made)
    for limit in (1, 2, 50):
        assert pages(api, q="reactor", sort="relevance", limit=limit) == best_first
        assert pages(api, q="reactor", sort="-relevance", limit=limit) == best_first[::-1]


def test_of_very_many_the_newest_are_ranked_and_the_others_follow(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relevance, "MOST_RANKED", 4)
    monkeypatch.setattr(lists, "NEWEST_RANKED", 3)
    texts = ["reactor " * (1 + number % 3) + "x" for number in range(7)]
    made = [recorded_claim(api, statement=text)["id"] for text in texts]
    expected = [made[each] for each in (5, 4, 6, 3, 2, 1, 0)]
    for limit in (50, 1, 2, 3, 4):
        assert pages(api, q="reactor", limit=limit) == expected
    items = api.read("/v1/claims", params={"q": "reactor", "include_total": True})
    assert [each["found"]["score"] is None for each in items["items"]] == [False] * 3 + [True] * 4
    assert items["total"] == 7
    assert pages(api, q="reactor", limit=2, kind="event") == expected
    worst_first = [made[each] for each in (6, 4, 5, 0, 1, 2, 3)]
    assert pages(api, q="reactor", sort="-relevance", limit=2) == worst_first


def test_how_many_are_ranked_does_not_tell_of_what_is_hidden(
    api: Api, public: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relevance, "MOST_RANKED", 3)
    monkeypatch.setattr(lists, "NEWEST_RANKED", 1)
    for number in range(3):
        recorded_claim(api, statement="reactor " * (number + 1))
    asked: dict[str, Any] = {"params": {"q": "reactor", "include_total": True}}
    before = public.get("/v1/claims", **asked)
    for fields in ({"visibility": "internal"}, {"embargo_until": "2027-01-01T00:00:00Z"}, {"status": "draft"}):
        recorded_claim(api, statement="reactor", **fields)
    assert public.get("/v1/claims", **asked).content == before.content
    assert len(search(api, "reactor")) == 6


def test_hidden_words_find_nothing_and_change_nothing_for_those_who_may_not_read_them(api: Api, public: Api) -> None:
    for statement in ("The reactor is old.", "An old reactor, a reactor."):
        recorded_claim(api, statement=statement)
    asked = [{"q": q, "include_total": True} for q in ("reactor", "reactor OR samizdat", "old -samizdat", "samizdat")]
    before = [public.get("/v1/claims", params=each).content for each in asked]
    hidden = recorded_source(api, description="samizdat reactor", visibility="restricted")
    claim = api.read("/v1/claims")["items"][0]["id"]
    body = said_by(hidden, quote={"exact": "samizdat reactor"}, document=document_body(title="samizdat"))
    api.create(f"/v1/claims/{claim}/attributions", body)
    recorded_claim(api, statement="Samizdat reactor.", visibility="restricted")
    assert [public.get("/v1/claims", params=each).content for each in asked] == before
    assert len(search(api, "samizdat")) == 2
    assert len(search(api, "old -samizdat")) == 1


def test_text_under_embargo_is_found_by_the_public_once_it_is_over(api: Api, public: Api, clock: Clock) -> None:
    recorded_claim(api, statement="The reactor is old.", embargo_until="2026-11-24T00:00:00Z")
    assert search(public, "reactor") == []
    assert search(api, "reactor") == ["The reactor is old."]
    clock.now = clock.now.replace(day=25)
    assert search(public, "reactor") == ["The reactor is old."]


def test_a_claim_is_found_by_what_it_says_now(api: Api) -> None:
    claim = recorded_claim(api, statement="The reactor is old.")
    api.change(f"/v1/claims/{claim['id']}", {"statement": "The turbine is old."})
    assert search(api, "reactor") == []
    assert search(api, "turbine") == ["The turbine is old."]


def test_a_renamed_source_and_a_new_title_find_the_claim_at_once(api: Api) -> None:
    outlet = recorded_outlet(api, name="Old Gazette")
    claim = recorded_claim(api, attributions=[said_by(outlet)])
    document = claim["attributions"][0]["document_id"]
    api.change(f"/v1/sources/{outlet}", {"name": "New Tribune"})
    api.change(f"/v1/documents/{document}", {"title": "On turbines"})
    assert search(api, "gazette") == search(api, "defect workers gazette") == []
    assert search(api, "tribune turbine") == [claim["statement"]]


def test_what_is_removed_is_not_found_and_leaves_the_index_whole(
    api: Api, connection: Connection, engine_name: str
) -> None:
    claim = recorded_claim(api, attributions=[quoted("a samovar"), quoted("a teapot", language="en")])
    path = f"/v1/claims/{claim['id']}"
    assert search(api, "samovar teapot") == [claim["statement"]]
    removed = f"{path}/attributions/{claim['attributions'][0]['id']}"
    assert api.delete(removed, etag=api.etag(path)).status_code == 204
    assert search(api, "samovar") == []
    assert search(api, "teapot") == [claim["statement"]]
    if engine_name == "sqlite":
        for index in ("search_public", "search_internal", "search_restricted"):
            connection.execute(text(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')"))


def test_words_are_one_filter_among_others(api: Api, context: Context) -> None:
    source = api.create("/v1/sources", source_body())["id"]
    for number in range(3):
        recorded_claim(api, statement=f"Reactor {number}.", topics=[f"topic {number}"])
    recorded_claim(api, statement="A reactor.", attributions=[said_by(source)], kind="opinion")
    assert search(api, "reactor", topic="topic 1") == ["Reactor 1."]
    assert search(api, "reactor", kind="opinion", source_id=source) == ["A reactor."]
    assert search(api, "reactor -1 -2 -0") == ["A reactor."]


def test_a_cursor_holds_for_its_query_alone(api: Api) -> None:
    for _ in range(2):
        api.create("/v1/claims", claim_body())
    api.create("/v1/sources", outlet_body())
    cursor = api.read("/v1/claims", params={"q": "workers", "limit": 1})["next_cursor"]
    for other in ({"q": "nine"}, {"q": "workers", "sort": "-recorded_at"}, {"q": "workers", "kind": "event"}, {}):
        response = api.get("/v1/claims", params={**other, "limit": 1, "cursor": cursor})
        assert response.status_code == 422
        assert [each["code"] for each in response.json()["errors"]] == ["wrong_cursor"]


def test_a_claim_is_found_by_what_is_said_of_its_source(api: Api) -> None:
    fields = {"name": "Мацегора", "description": "ambassador to Pyongyang", "role": "diplomat"}
    source = recorded_source(api, anonymity="named", **fields)
    claim = recorded_claim(api, attributions=[said_by(source)])["statement"]
    for words in ("Мацегора", "matsegora", "ambassador", "diplomats", "defected matsegora diplomat"):
        assert search(api, words) == [claim], words
    api.change(f"/v1/sources/{source}", {"role": "envoy"})
    assert (search(api, "diplomat"), len(search(api, "envoy"))) == ([], 1)
