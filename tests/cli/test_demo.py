"""The demo as the API reads it: every field comes back as sent, and each hard case of the article holds.

How it is recorded, and that it is recorded once, is in `test_demo_loading.py`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from app.access.context import Context
from app.cli.demo import DemoLoader, Step, demo_steps
from app.kit.db import Database, SharedConnectionDatabase
from app.settings import Settings
from tests.conftest import PEPPER, Clock
from tests.fixtures.api import Api, check_against_description, make_key

STEPS = demo_steps()
ANCHOR = "2023-01-31"
"""The anchor of the article's relative dates."""


@dataclass(frozen=True)
class Demo:
    """The demo as the API reads it, by its local names."""

    api: Api
    ids: dict[str, str]

    def claim(self, name: str) -> Any:
        return self.api.read(f"/v1/claims/{self.ids[f'$claim:{name}']}")

    def source(self, name: str) -> Any:
        return self.api.read(f"/v1/sources/{self.ids[f'$source:{name}']}")

    def origin(self, name: str) -> Any:
        """The source that a claim originates with."""
        claim = self.claim(name)
        return claim["included"]["sources"][claim["attributions"][0]["chain"][0]["source_id"]]

    def way(self, name: str) -> list[tuple[str, str]]:
        """The role and the source's label of each hop of a claim's attribution."""
        claim = self.claim(name)
        sources = claim["included"]["sources"]
        return [(hop["role"], sources[hop["source_id"]]["label"]) for hop in claim["attributions"][0]["chain"]]

    def relations(self, name: str) -> list[tuple[str, str]]:
        """Kind and other side of each relation of a source."""
        own = self.ids[f"$source:{name}"]
        found = self.api.read(f"/v1/sources/{own}/relations")["items"]
        return [(each["kind"], each["other_id"]) for each in found if each["source_id"] == own]


@pytest.fixture(scope="module")
def demo_of_module(
    database: Database, app_of_session: FastAPI, portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """The demo, recorded once by the loader; the tests that use it only read."""
    with database.engine().connect() as connection:
        transaction = connection.begin()
        context = Context(
            settings=Settings(data_dir=tmp_path_factory.mktemp("demo")),
            database=SharedConnectionDatabase(connection),
            pepper=PEPPER,
            clock=Clock(),
        )
        app_of_session.state.context = context
        key = make_key(context)

        async def record() -> dict[str, str]:
            async with checked_client(app_of_session, key) as client:
                loader = DemoLoader(client)
                await loader.record(lambda: None)
                return loader.ids

        yield Demo(Api(app_of_session, context, portal, key), portal.call(record))
        transaction.rollback()


@pytest.fixture
def recorded(demo_of_module: Demo) -> Demo:
    return demo_of_module


def checked_client(app: FastAPI, key: str) -> httpx.AsyncClient:
    """A client whose every response is held against the API's own description."""

    async def check(response: httpx.Response) -> None:
        await response.aread()
        check_against_description(app, response)

    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://onrecord.test",
        headers={"Authorization": f"Bearer {key}"},
        event_hooks={"response": [check]},
    )


def resolved(value: Any, ids: dict[str, str]) -> Any:
    """The value as it was sent, its references replaced by ids."""
    text = json.dumps(value)
    for name in sorted(ids, key=len, reverse=True):
        text = text.replace(f'"{name}"', f'"{ids[name]}"')
    assert '"$' not in text
    return json.loads(text)


def assert_within(sent: Any, read: Any, at: str) -> None:
    """Fails at the first place where what was sent is not what is read; what is read may hold more."""
    if isinstance(sent, dict):
        for name, value in sent.items():
            if name == "confidence":
                assert_within(value, read["confidence_given"], f"{at}/confidence")
            elif name == "assessment":
                assert_within(value, read["assessments"][-1], f"{at}/assessment")
            else:
                assert name in read, f"{at}/{name} is not read"
                assert_within(value, read[name], f"{at}/{name}")
    elif isinstance(sent, list):
        assert len(sent) == len(read), at
        for position, (one, other) in enumerate(zip(sent, read, strict=True)):
            assert_within(one, other, f"{at}/{position}")
    else:
        assert type(sent) is type(read), at
        assert sent == read, at


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name.removeprefix("$"))
def test_every_field_sent_comes_back_equal(recorded: Demo, step: Step) -> None:
    path = "/".join(recorded.ids.get(part, part) for part in step.path.split("/"))
    read = recorded.api.read(f"{path}/{recorded.ids[step.name]}")
    assert_within(resolved(step.body, recorded.ids), read, step.name)


def test_the_comparison_fails_where_a_field_differs() -> None:
    for sent, read in (({"best": "20"}, {"best": "20.0"}), ([1], [1, 2]), ({"a": 1}, {}), ("1", 1)):
        with pytest.raises(AssertionError):
            assert_within(sent, read, "")


def test_there_are_the_22_claims_in_the_order_of_the_article(recorded: Demo) -> None:
    page = recorded.api.read("/v1/claims?sort=recorded_at&include_total=true&limit=200")
    assert page["total"] == 22
    assert [item["id"] for item in page["items"]] == [recorded.ids[f"$claim:C{number}"] for number in range(1, 23)]


def test_every_time_in_words_says_what_it_was_read_from(recorded: Demo) -> None:
    for number in range(1, 23):
        occurred = recorded.claim(f"C{number}")["occurred"]
        if occurred is not None:
            assert occurred["verbatim"]
            assert occurred["resolution"] in {"explicit", "inferred", "ambiguous"}
            relative = "last year" in occurred["verbatim"] or occurred["verbatim"].startswith("current")
            assert not relative or (occurred["anchor_on"], occurred["resolution"]) == (ANCHOR, "inferred")


def test_multiple_sources_are_an_anonymous_group_of_at_least_two(recorded: Demo) -> None:
    group = recorded.origin("C1")
    assert (group["kind"], group["anonymity"], group["name"]) == ("group", "anonymous", None)
    assert (group["member_count_min"], group["member_count_max"]) == (2, None)


def test_between_november_and_december_is_a_point_in_a_range(recorded: Demo) -> None:
    occurred = recorded.claim("C1")["occurred"]
    assert (occurred["earliest"], occurred["latest"]) == ("2022-11-01", "2022-12-31")
    assert occurred["mode"] == "point_within"


@pytest.mark.parametrize("name", ["C2", "C3"])
def test_condition_of_anonymity_is_kept_as_terms(recorded: Demo, name: str) -> None:
    attribution = recorded.claim(name)["attributions"][0]
    assert (attribution["terms"], attribution["anonymity_reason"]) == ("background", "on condition of anonymity")


def test_hedged_cue_is_kept_and_is_no_hedge_of_the_source(recorded: Demo) -> None:
    attribution = recorded.claim("C3")["attributions"][0]
    assert (attribution["cue"], attribution["hedge"]) == ("were also said to have been", None)


@pytest.mark.parametrize("name", ["C4", "C9", "C10", "C13", "C15", "C16", "C17", "C18", "C20"])
def test_outlet_voice_is_not_an_anonymous_source(recorded: Demo, name: str) -> None:
    assert recorded.claim(name)["attributions"][0]["speech"] == "outlet_voice"
    assert recorded.way(name) == [("outlet", "Korea JoongAng Daily")]
    assert (recorded.origin(name)["kind"], recorded.origin(name)["anonymity"]) == ("outlet", "named")


@pytest.mark.parametrize("name", ["C5", "C6", "C7", "C8"])
def test_one_source_reached_us_through_the_korean_paper(recorded: Demo, name: str) -> None:
    assert recorded.way(name) == [
        ("originator", "one source"),
        ("interviewer", "JoongAng Ilbo"),
        ("outlet", "Korea JoongAng Daily"),
    ]
    assert recorded.origin(name)["id"] == recorded.ids["$source:A"]
    assert recorded.source("joongang_ilbo")["language"] == "ko"


def test_the_english_outlet_republishes_the_korean_one(recorded: Demo) -> None:
    assert recorded.relations("korea_joongang_daily") == [("republishes", recorded.ids["$source:joongang_ilbo"])]


@pytest.mark.parametrize(("name", "quantifier"), [("C5", "some"), ("C9", "most"), ("C10", "some"), ("C11", "some")])
def test_quantity_in_a_word_has_a_quantifier_and_no_number(recorded: Demo, name: str, quantifier: str) -> None:
    quantity = recorded.claim(name)["quantities"][0]
    assert quantity["quantifier"] == quantifier
    assert quantity["best"] is quantity["low"] is quantity["high"] is None


@pytest.mark.parametrize("name", ["C6", "C7", "C8"])
def test_two_of_the_nine_is_part_of_a_whole(recorded: Demo, name: str) -> None:
    quantity = recorded.claim(name)["quantities"][0]
    assert (quantity["best"], quantity["part_of"]) == ("2", "the nine workers who defected")


def test_early_november_is_its_first_days(recorded: Demo) -> None:
    occurred = recorded.claim("C7")["occurred"]
    assert (occurred["edtf"], occurred["earliest"], occurred["latest"]) == ("2022-11-0X", "2022-11-01", "2022-11-09")


def test_half_quoted_sentence_is_mixed_speech(recorded: Demo) -> None:
    attribution = recorded.claim("C8")["attributions"][0]
    assert attribution["speech"] == "mixed"
    assert attribution["quote"]["exact"] == "took shelter in a safe house"


def test_september_of_which_year_stays_ambiguous(recorded: Demo) -> None:
    occurred = recorded.claim("C8")["occurred"]
    assert (occurred["edtf"], occurred["resolution"]) == ("[2021-09,2022-09]", "ambiguous")
    assert (occurred["earliest"], occurred["latest"]) == ("2021-09-01", "2022-09-30")


def test_another_source_is_distinct_from_one_source(recorded: Demo) -> None:
    assert recorded.origin("C11")["id"] == recorded.origin("C12")["id"] == recorded.ids["$source:B"]
    assert recorded.relations("B") == [("distinct_from", recorded.ids["$source:A"])]


def test_hedge_of_the_source_is_not_our_confidence(recorded: Demo) -> None:
    claim = recorded.claim("C12")
    assert claim["attributions"][0]["hedge"] == "likely"
    assert claim["assessments"][0]["confidence"] == 15


def test_trend_has_an_open_end(recorded: Demo) -> None:
    occurred = recorded.claim("C13")["occurred"]
    assert (occurred["earliest"], occurred["latest"], occurred["mode"]) == ("2020-01-01", None, "throughout")


def test_one_joongang_ilbo_source_may_be_either_earlier_one(recorded: Demo) -> None:
    assert recorded.origin("C14")["id"] == recorded.ids["$source:ilbo_source"]
    expected = {("possibly_same", recorded.ids["$source:A"]), ("possibly_same", recorded.ids["$source:B"])}
    assert set(recorded.relations("ilbo_source")) == expected


def test_twenty_and_nine_are_remembered_as_no_contradiction(recorded: Demo) -> None:
    twenty, nine = recorded.ids["$claim:C14"], recorded.ids["$claim:C1"]
    [relation] = recorded.api.read(f"/v1/claims/{nine}/relations?kind=contradicts")["items"]
    assert (relation["claim_id"], relation["other_claim_id"], relation["status"]) == (twenty, nine, "rejected")
    assert relation["note"]
    again = {"kind": "contradicts", "other_claim_id": nine, "status": "suggested"}
    assert recorded.api.post(f"/v1/claims/{twenty}/relations", again).status_code == 409


@pytest.mark.parametrize(("name", "best"), [("C14", "20"), ("C15", "100000"), ("C16", "500000000")])
def test_approximate_number_gets_no_invented_bounds(recorded: Demo, name: str, best: str) -> None:
    quantity = recorded.claim(name)["quantities"][0]
    assert (quantity["approximation"], quantity["best"]) == ("approximate", best)
    assert quantity["low"] is quantity["high"] is quantity["bounds_basis"] is None


def test_before_2017_ends_with_2016(recorded: Demo) -> None:
    occurred = recorded.claim("C15")["occurred"]
    assert (occurred["edtf"], occurred["mode"]) == ("2017", "before")
    assert (occurred["earliest"], occurred["latest"]) == (None, "2016-12-31")


def test_money_has_a_currency_and_a_period(recorded: Demo) -> None:
    quantity = recorded.claim("C16")["quantities"][0]
    assert (quantity["unit_kind"], quantity["currency"], quantity["per"]) == ("currency", "USD", "year")


def test_requirement_has_a_deadline_and_rests_on_the_resolution(recorded: Demo) -> None:
    claim = recorded.claim("C17")
    assert (claim["kind"], claim["occurred"]["earliest"], claim["occurred"]["latest"]) == (
        "requirement",
        None,
        "2019-12-31",
    )
    evidence = claim["assessments"][0]["evidence"][0]
    document = claim["included"]["documents"][evidence["document_id"]]
    assert (evidence["relation"], document["url"]) == ("supports", "https://undocs.org/S/RES/2397(2017)")


def test_local_sources_are_a_group_of_unknown_size(recorded: Demo) -> None:
    group = recorded.origin("C19")
    assert (group["kind"], group["label"], group["member_count_max"]) == ("group", "local sources", None)


@pytest.mark.parametrize("name", ["C21", "C22"])
def test_ambassador_is_named_and_reached_us_over_three_hops(recorded: Demo, name: str) -> None:
    assert recorded.way(name) == [
        ("originator", "Aleksandr Matsegora"),
        ("interviewer", "Izvestia"),
        ("outlet", "Korea JoongAng Daily"),
    ]
    attribution = recorded.claim(name)["attributions"][0]
    assert (attribution["terms"], attribution["said"]) == ("on_the_record", "2022-07-19")
    ambassador = recorded.origin(name)
    assert (ambassador["role"], ambassador["country"]) == ("ambassador to North Korea", "RU")


def test_hint_is_weaker_than_an_assertion(recorded: Demo) -> None:
    hint, quoted = recorded.claim("C21")["attributions"][0], recorded.claim("C22")["attributions"][0]
    assert (hint["stance"], hint["speech"]) == ("hints", "indirect")
    assert (quoted["stance"], quoted["speech"]) == ("asserts", "direct")


def test_translated_quote_says_its_language_and_no_made_up_original(recorded: Demo) -> None:
    claim = recorded.claim("C22")
    attribution = claim["attributions"][0]
    assert (attribution["quote"]["language"], attribution["quote"]["original"]) == ("en", None)
    interview = claim["included"]["documents"][attribution["chain"][1]["document_id"]]
    assert interview["language"] == "ru"


def test_outlets_words_for_another_outlet_are_its_description(recorded: Demo) -> None:
    assert recorded.source("izvestia")["description"] == "pro-Kremlin daily"


def test_what_cannot_be_judged_has_no_confidence_rather_than_a_low_one(recorded: Demo) -> None:
    assessment = recorded.claim("C3")["assessments"][0]
    assert (assessment["credibility"], assessment["confidence"]) == (6, None)
    assert assessment["confidence_given"] == {"scale": "admiralty_credibility", "value": 6}


@pytest.mark.parametrize(
    ("name", "scale", "confidence"),
    [("C1", "wep", 70), ("C12", "none_low_med_high", 15), ("C15", "zero_ten", 50), ("C17", "percent", 95)],
)
def test_confidence_is_read_as_a_number_beside_what_was_given(
    recorded: Demo, name: str, scale: str, confidence: int
) -> None:
    assessment = recorded.claim(name)["assessments"][0]
    assert (assessment["confidence_given"]["scale"], assessment["confidence"]) == (scale, confidence)


def test_likelihood_stands_beside_confidence(recorded: Demo) -> None:
    assessment = recorded.claim("C21")["assessments"][0]
    assert assessment["likelihood_range"] == {"low": 45, "high": 55}
    assert assessment["confidence"] == 30


def test_the_article_prints_no_date_so_its_own_is_inferred(recorded: Demo) -> None:
    article = recorded.api.read(f"/v1/documents/{recorded.ids['$document:article']}")
    assert (article["published_basis"], article["text"]) == ("inferred", None)


def test_what_has_a_verdict_and_a_published_review_is_found_as_a_fact_check(recorded: Demo) -> None:
    found = recorded.api.read("/v1alpha1/claims:search?query=north+korean")["claims"]
    assert [claim["claimReview"][0]["textualRating"] for claim in found] == ["Not checkable", "Mostly true"]
