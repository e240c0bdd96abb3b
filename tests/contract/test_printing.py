"""What is printed of a source keeps to its terms, alike on every surface that prints: the lines and the fact checks.

`app.canonical.print_rule` decides it. The oracle here knows nothing of how a name is looked for there: no word of a
name that the terms keep out of print stands in what is printed, in whatever way the records say it.
"""

import re
import unicodedata
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.canonical.telling import SMALL_WORDS
from app.models.vocabulary import Scope
from tests.factories import document_body, outlet_body, recorded_claim, source_body
from tests.fixtures.api import Api
from tests.fixtures.proofs import Prove, share

REVIEW_URL: Final = "https://checks.example/1"
REVIEW: Final = {"assessor": "Example Checks", "verdict": "false", "review_url": REVIEW_URL}
OFFICE: Final = "an aide of Matsegora's office"
MATSEGORA: Final = {"kind": "person", "anonymity": "named", "name": "Aleksandr Matsegora"}
CLAIMS: Final = 500
MAY_BE_CHANCE: Final = 4
"""Letters of a word that may stand inside another one by chance."""


def said_by(source: dict[str, Any], *hops: dict[str, Any], **fields: Any) -> dict[str, Any]:
    chain = [{"role": "originator", "source": source}, *hops]
    return {"speech": "indirect", "document": document_body(title="News"), "chain": chain, **fields}


def printed(api: Api, *attributions: dict[str, Any], **fields: Any) -> tuple[list[str | None], str | None, str | None]:
    """What both surfaces print of a claim: its lines in full, the line for all, and the claimant."""
    claim = recorded_claim(api, attributions=list(attributions), assessment=REVIEW, **fields)
    lines = api.read(f"/v1/claims/{claim['id']}/attribution-line", params={"style": "full"})
    asked = {"reviewPublisherSiteFilter": "checks.example"}
    found = api.read("/v1alpha1/claims:search", params=asked)["claims"]
    newest: dict[str, Any] = next((each for each in found if each["text"] == claim["statement"]), {})
    return [each["line"] for each in lines["items"]], lines["combined"], newest.get("claimant")


@pytest.mark.parametrize("terms", ["background", "deep_background"])
def test_a_name_in_a_description_is_printed_on_no_surface(api: Api, terms: str) -> None:
    lines, combined, claimant = printed(api, said_by({**MATSEGORA, "description": OFFICE}, terms=terms))
    assert "Matsegora" not in f"{lines} {combined} {claimant}"
    assert claimant is None


def test_a_description_that_tells_nothing_is_printed_on_each(api: Api) -> None:
    described = {**MATSEGORA, "description": "a diplomat in Pyongyang"}
    lines, combined, claimant = printed(api, said_by(described, terms="background"))
    assert lines == ["according to a diplomat in Pyongyang who spoke on background (“News”)"]
    assert (combined, claimant) == ("according to a diplomat in Pyongyang", "a diplomat in Pyongyang")


def test_on_the_record_the_name_is_printed_on_each(api: Api) -> None:
    lines, _combined, claimant = printed(api, said_by({**MATSEGORA, "description": OFFICE}, terms="on_the_record"))
    assert lines[0] is not None
    assert lines[0].startswith("according to Aleksandr Matsegora, an aide of Matsegora's office")
    assert claimant == "Aleksandr Matsegora"


def test_one_background_source_is_not_told_by_the_description_of_another(api: Api) -> None:
    envoy = {**MATSEGORA, "description": "a diplomat in Pyongyang"}
    driver = source_body(description="the driver of Aleksandr")
    lines, combined, claimant = printed(api, said_by(driver), said_by(envoy, terms="background"))
    assert "Aleksandr" not in f"{lines} {combined} {claimant}"
    assert claimant == "a diplomat in Pyongyang"


def test_an_alias_is_not_printed_either(api: Api) -> None:
    alias = {**MATSEGORA, "aliases": ["Sasha the Envoy"], "description": "a friend of sasha's"}
    lines, combined, claimant = printed(api, said_by(alias, terms="background"))
    assert "asha" not in f"{lines} {combined} {claimant}"


def test_what_another_record_of_the_source_calls_it_is_not_printed_either(api: Api) -> None:
    body = {"kind": "person", "anonymity": "named"}
    envoy = api.create("/v1/sources", {**body, "name": "The Envoy", "description": "an aide of Matsegora's"})["id"]
    named = api.create("/v1/sources", MATSEGORA)["id"]
    said = said_by({}, terms="background") | {"chain": [{"role": "originator", "source_id": envoy}]}
    assert printed(api, said, statement="Nine defected.")[2] == "an aide of Matsegora's"
    api.create(f"/v1/sources/{envoy}/relations", {"other_id": named, "kind": "same_as"})
    lines, combined, claimant = printed(api, said, statement="Ten defected.")
    assert "Matsegora" not in f"{lines} {combined} {claimant}"


def test_who_may_not_read_that_two_records_are_one_source_is_answered_as_if_they_were_not(api: Api) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    body = {"kind": "person", "anonymity": "named"}
    envoy = api.create("/v1/sources", {**body, "name": "The Envoy", "description": "an aide of Matsegora's"})["id"]
    hidden = api.create("/v1/sources", {**MATSEGORA, "visibility": "restricted"})["id"]
    said = said_by({}, terms="background") | {"chain": [{"role": "originator", "source_id": envoy}]}
    claim = recorded_claim(api, attributions=[said])["id"]
    before = reader.get(f"/v1/claims/{claim}/attribution-line").content
    api.create(f"/v1/sources/{envoy}/relations", {"other_id": hidden, "kind": "same_as"})
    assert reader.get(f"/v1/claims/{claim}/attribution-line").content == before
    assert "Matsegora" not in api.get(f"/v1/claims/{claim}/attribution-line").text


def test_a_pseudonym_is_called_one_and_not_explained_by_the_name_that_it_stands_for(api: Api) -> None:
    nurse = {"kind": "person", "anonymity": "pseudonymous", "name": "Maria", "aliases": ["Maria Ivanova"]}
    described = {**nurse, "description": "a daughter of Ivanova's"}
    lines, combined, claimant = printed(api, said_by(described))
    assert "Ivanova" not in f"{lines} {combined} {claimant}"
    assert "the pseudonym Maria" in str(lines)
    assert claimant == "Maria (a pseudonym)"


def test_an_outlets_own_voice_hides_behind_no_terms(api: Api) -> None:
    own = {"speech": "outlet_voice", "terms": "background", "document": document_body(title="News")}
    said = {**own, "chain": [{"role": "outlet", "source": outlet_body(description="a daily")}]}
    lines, _combined, claimant = printed(api, said)
    assert "Daily Record" in str(lines)
    assert claimant == "The Daily Record"


@pytest.mark.parametrize("beside", [{"statement": "Matsegora's ministry sent nine workers."}, {"title": "Matsegora?"}])
def test_a_description_is_not_printed_beside_a_text_with_the_name(api: Api, beside: dict[str, str]) -> None:
    if "title" in beside:
        api.create("/v1/documents", {"url": REVIEW_URL, **beside})
    described = {**MATSEGORA, "description": "a diplomat in Pyongyang"}
    statement = beside.get("statement", "Nine workers came.")
    lines, _combined, claimant = printed(api, said_by(described, terms="background"), statement=statement)
    assert "a diplomat in Pyongyang" in str(lines)
    assert claimant is None


def test_nothing_of_what_was_said_off_the_record_is_printed(api: Api) -> None:
    off = said_by(MATSEGORA, terms="off_the_record", said="2022-07-19")
    assert printed(api, off) == ([None], None, None)
    asked = {"reviewPublisherSiteFilter": "checks.example"}
    assert api.read("/v1alpha1/claims:search", params=asked)["claims"] == []
    denied = said_by(source_body(), stance="denies")
    recorded_claim(api, attributions=[off, denied], assessment=REVIEW)
    (claim,) = api.read("/v1alpha1/claims:search", params=asked)["claims"]
    assert claim.keys() == {"text", "claimReview"}


def test_on_deep_background_it_is_not_printed_when_it_was_said(api: Api) -> None:
    said = said_by(MATSEGORA, terms="deep_background", said="2022-07-19")
    said["document"] |= {"published": "2023-02-03"}
    lines, _combined, _claimant = printed(api, said)
    assert "2022" not in str(lines)
    (claim,) = api.read("/v1alpha1/claims:search", params={"reviewPublisherSiteFilter": "checks.example"})["claims"]
    assert claim["claimDate"] == "2023-02-03T00:00:00Z"


OURS: Final = (
    "according to an unidentified source who spoke to on background on condition of anonymity the reason given being "
    "and qualified it as relayed reported carried by has learned it been learned using the pseudonym "
    "published qiq quq xyx xux zzz"
)
"""What lines are made of beside the records, and what the records below hold that tells nothing."""
LETTERS: Final = st.one_of(
    st.text("bcdfghjklmnprstvwzaeiou", min_size=3, max_size=9),
    st.text("äéîøūłçñžšаеиорстлнкмгв", min_size=4, max_size=9),
)
WORDS: Final = LETTERS.filter(lambda word: word not in SMALL_WORDS and not stands_in(folded(word), OURS))
NAMES: Final = st.lists(WORDS.map(str.capitalize), min_size=1, max_size=3, unique=True).map(" ".join)
FORMS: Final = (
    *("{}", "{}'s", "{}\u2019s", "pro-{}", "{}-{}", "anti{}ism", "{}s"),
    *("({})", "\u201c{}\u201d", "{}/{}", "{}, again {}", "of {}."),
)
WRITTEN: Final = (
    str,
    str.upper,
    str.lower,
    lambda word: f"{word[:2]}\u00ad{word[2:]}",
    lambda word: unicodedata.normalize("NFD", word),
)
PLACES: Final = ("description", "role", "hedge", "reason", "title", "friend", "paper", "other description")


@st.composite
def tellings(draw: st.DrawFn) -> tuple[list[str], dict[str, str]]:
    """Names of a source, the first its name and the others aliases; and texts of its claim that tell one of them."""
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    texts = {}
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, unique=True)):
        name = draw(st.sampled_from(names))
        written = draw(st.sampled_from(WRITTEN))(draw(st.sampled_from([name, *name.split()])))
        texts[place] = f"an aide to {draw(st.sampled_from(FORMS)).format(written, written)} there"
    return names, texts


def test_no_word_of_a_name_that_is_kept_out_of_print_is_printed(api: Api, engine_name: str, prove: Prove) -> None:
    tried = 0

    @given(tellings(), st.sampled_from(["background", "deep_background"]), st.sampled_from(["named", "pseudonymous"]))
    @settings(max_examples=share(CLAIMS), deadline=None)
    def try_one(told: tuple[list[str], dict[str, str]], terms: str, anonymity: str) -> None:
        nonlocal tried
        tried += 1
        names, texts = told
        shown = printed(api, *told_in(texts, names=names, terms=terms, anonymity=anonymity))
        said = " | ".join(each for each in (*shown[0], *shown[1:]) if each is not None)
        words = {word for each in names for word in folded(each).split()}
        assert [word for word in words if stands_in(word, said)] == [], said

    try_one()
    prove("printing", engine_name, {"claims": tried, "names printed": 0})


def told_in(texts: dict[str, str], *, names: list[str], terms: str, anonymity: str) -> list[dict[str, Any]]:
    """Two attributions, the first of a source with these names on those terms, with the texts in their places."""
    source = {"kind": "person", "anonymity": anonymity, "name": names[0], "aliases": names[1:]}
    source |= {each: texts[each] for each in ("description", "role") if each in texts}
    friend = {"kind": "person", "anonymity": "named", "name": texts.get("friend", "Qiq Quq")}
    hops = [
        {"role": "relayer", "source": friend},
        {"role": "outlet", "source": outlet_body(name=texts.get("paper", "Xyx"))},
    ]
    first = said_by(source, *hops, terms=terms, hedge=texts.get("hedge"), anonymity_reason=texts.get("reason"))
    first["document"] = document_body(title=texts.get("title", "Xux"))
    return [first, said_by(source_body(description=texts.get("other description", "a zzz")))]


def stands_in(word: str, text: str) -> bool:
    """Whether the word stands in the text, also inside another where it is too long for that to be chance."""
    said = folded(text)
    return word in said.split() or (len(word) > MAY_BE_CHANCE and word in said.replace(" ", ""))


def folded(text: str) -> str:
    """The text without capitals, accents and what is not printed; between words a space."""
    letters = unicodedata.normalize("NFKD", text.replace("\u00ad", "")).casefold()
    return re.sub(r"[^\w]+", " ", "".join(each for each in letters if not unicodedata.combining(each))).strip()
