"""Attribution lines: they read like edited copy, and tell no more than the terms allow."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from app.canonical.claim_schemas import AttributionRead, Included
from app.canonical.corroboration import Origin
from app.canonical.print_rule import PrintRule
from app.canonical.schemas import DocumentRead, SourceRead
from app.kit.edtf import parse_edtf
from app.models.vocabulary import LineStyle, Terms, Withheld
from app.sourcing.line import AttributionLine, attribution_line, combined_line

DEMO = Path(__file__).parents[2] / "app" / "cli" / "demo_claims.json"
NOW = "2026-11-23T09:30:00.000000Z"


def id_of(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name.rpartition(":")[2]))


def source(name: str, /, **fields: Any) -> SourceRead:
    """A source as it is read; anonymous if it has no name."""
    given = {"kind": "person", "anonymity": "named" if "name" in fields else "anonymous", **fields}
    read = {"label": given.get("name") or given.get("description") or "source", "reliability": "F", "version": 1}
    days = {"recorded_on": "2026-11-23", "updated_on": "2026-11-23"}
    return SourceRead.model_validate({"id": id_of(name), **read, **days, **given})


def document(name: str, /, **fields: Any) -> DocumentRead:
    days = span(fields.get("published"), "published")
    read = {"published_basis": "unknown", "recorded_at": NOW, "updated_at": NOW, "version": 1}
    given = {**fields, "outlet_id": id_of(fields["outlet_id"]) if "outlet_id" in fields else None}
    return DocumentRead.model_validate({"id": id_of(name), **read, **days, **given})


def attribution(*way: tuple[str, str], document_id: str = "article", **fields: Any) -> AttributionRead:
    """An attribution over these (role, source) steps."""
    chain = [
        {"position": position, "role": role, "source_id": id_of(name), "document_id": None}
        for position, (role, name) in enumerate(way)
    ]
    return read_attribution({"speech": "indirect", "document_id": document_id, "chain": chain, **fields})


def read_attribution(sent: dict[str, Any]) -> AttributionRead:
    quote = sent.get("quote")
    empty = dict.fromkeys(("prefix", "suffix", "start", "end", "language", "original"))
    whole = {"quote": empty | quote if quote else None, **span(sent.get("said"), "said")}
    names = {"id": id_of("attribution"), "document_id": id_of(sent["document_id"])}
    return AttributionRead.model_validate({**sent, **whole, **names})


def span(edtf: str | None, name: str) -> dict[str, str | None]:
    parsed = parse_edtf(edtf) if edtf else None
    days = (parsed.earliest, parsed.latest) if parsed else (None, None)
    return {f"{name}_earliest": days[0], f"{name}_latest": days[1]}


@cache
def demo() -> dict[str, tuple[list[AttributionRead], Included]]:
    """The demo's attributions by claim, with all its sources and documents."""
    sent = json.loads(DEMO.read_text())
    sources = [source(name, **fields) for name, fields in sent["sources"].items()]
    documents = [document(name, **fields) for name, fields in sent["documents"].items()]
    included = Included(sources={each.id: each for each in sources}, documents={each.id: each for each in documents})
    claims = {}
    for name, claim in sent["claims"].items():
        for each in claim["attributions"]:
            for position, hop in enumerate(each["chain"]):
                at = id_of(hop["document_id"]) if "document_id" in hop else None
                hop |= {"position": position, "source_id": id_of(hop["source_id"]), "document_id": at}
        claims[name] = ([read_attribution(each) for each in claim["attributions"]], included)
    return claims


PAPER = source("paper", kind="outlet", name="Daily Herald")
ABROAD = source("abroad", kind="outlet", name="Gazeta", description="a state-owned daily", country="RU")
WIRE = source("wire", kind="outlet", name="Associated Press")
ROE = source("roe", name="Jane Roe", role="spokeswoman")
OFFICIAL = source("official", description="senior official at the ministry")
ARTICLE = document("article", outlet_id="paper", title="A headline", published="2023-01-31")
PUBLISHED = " (“A headline”, published on January 31, 2023)"


def line(
    *way: tuple[str, str], sources: tuple[SourceRead, ...] = (), style: LineStyle = LineStyle.SHORT, **fields: Any
) -> str | None:
    return told(*way, sources=sources, style=style, **fields).line


def told(
    *way: tuple[str, str], sources: tuple[SourceRead, ...] = (), style: LineStyle = LineStyle.SHORT, **fields: Any
) -> AttributionLine:
    return line_of(attribution(*way, **fields), included(*sources), style=style)


def line_of(sent: AttributionRead, known: Included, *, style: LineStyle) -> AttributionLine:
    """The line of the only attribution of a claim."""
    return attribution_line(PrintRule([sent], known.sources).of(sent), known, style=style)


def included(*sources: SourceRead) -> Included:
    known = {each.id: each for each in (PAPER, ABROAD, WIRE, ROE, OFFICIAL, *sources)}
    interview = document("interview", outlet_id="abroad", title="Interview with Jane Roe")
    return Included(sources=known, documents={each.id: each for each in (ARTICLE, interview)})


def combined(*sent: AttributionRead, sources: tuple[SourceRead, ...] = (), **same: str) -> str | None:
    """The line for all; `same` says by which other source a source is carried, both by name."""
    origins = {each.chain[0].source_id: Origin(each.chain[0].source_id, is_carried=False) for each in sent}
    origins |= {id_of(name): Origin(id_of(other), is_carried=True) for name, other in same.items()}
    known = included(*sources)
    rule = PrintRule(sent, known.sources)
    return combined_line([rule.of(each) for each in sent], known, origins=origins)


BY = ("originator", "roe")
FROM = ("originator", "official")
TO = ("interviewer", "abroad")
IN = ("outlet", "paper")

SHORT_LINES = {
    "C1": "according to multiple sources cited by Korea JoongAng Daily",
    "C2": "according to sources familiar with the situation who spoke to the JoongAng Ilbo on condition of anonymity, "
    "as reported by Korea JoongAng Daily",
    "C5": "according to one source who spoke to the JoongAng Ilbo, as reported by Korea JoongAng Daily",
    "C11": "according to another source who spoke to the JoongAng Ilbo, as reported by Korea JoongAng Daily",
    "C14": "according to one JoongAng Ilbo source cited by Korea JoongAng Daily",
    "C19": "according to local sources cited by Korea JoongAng Daily",
    "C21": "a claim hinted at by Aleksandr Matsegora, Russia\u2019s ambassador to Pyongyang, who spoke to Izvestia, as "
    "reported by Korea JoongAng Daily",
    "C22": "according to Aleksandr Matsegora, Russia\u2019s ambassador to Pyongyang, who spoke to Izvestia, as "
    "reported by Korea JoongAng Daily",
}
SHORT_LINES |= {"C3": SHORT_LINES["C2"], "C12": SHORT_LINES["C11"]}
SHORT_LINES |= dict.fromkeys(("C6", "C7", "C8"), SHORT_LINES["C5"])
OWN_VOICE = ("C4", "C9", "C10", "C13", "C15", "C16", "C17", "C18", "C20")
SHORT_LINES |= dict.fromkeys(OWN_VOICE, "Korea JoongAng Daily reported")


@pytest.mark.parametrize("name", demo())
def test_short_line_of_each_claim_of_the_demo(name: str) -> None:
    [found], known = demo()[name]
    assert line_of(found, known, style=LineStyle.SHORT).line == SHORT_LINES[name]


def test_full_line_names_every_hop_the_date_the_terms_and_the_documents() -> None:
    [found], known = demo()["C22"]
    assert line_of(found, known, style=LineStyle.FULL).line == (
        "according to Aleksandr Matsegora, Russia\u2019s ambassador to Pyongyang, who spoke on the record to the "
        "pro-Kremlin daily Izvestia (“Interview with Aleksandr Matsegora, ambassador to Pyongyang”) on July 19, 2022, "
        "as reported by Korea JoongAng Daily (“9 North Koreans in Russia defect to South Korea”, published between "
        "January and March 2023, a date that is inferred)"
    )


def test_full_line_has_the_hedge_of_the_source_and_the_short_one_has_not() -> None:
    [found], known = demo()["C12"]
    assert "qualified it as “likely”" in str(line_of(found, known, style=LineStyle.FULL).line)
    assert "likely" not in str(line_of(found, known, style=LineStyle.SHORT).line)


def test_full_line_of_an_outlets_own_voice_says_that_it_names_nobody() -> None:
    assert line(IN, speech="outlet_voice", style=LineStyle.FULL) == (
        f"the Daily Herald reported in its own voice, naming no source{PUBLISHED}"
    )


@pytest.mark.parametrize("style", LineStyle)
@pytest.mark.parametrize("name", demo())
def test_lines_of_the_demo_read_like_edited_copy(name: str, style: LineStyle) -> None:
    [found], known = demo()[name]
    printed = line_of(found, known, style=style).line or ""
    assert printed.count("according to") <= 1
    assert printed.count(", as ") <= 1
    assert not any(fault in printed for fault in ("  ", ",,", " ,", "None", "a a ", "the the ", "( "))
    assert printed[-1] not in ".,; "


@pytest.mark.parametrize(
    ("stance", "expected"),
    [
        ("asserts", "according to Jane Roe, spokeswoman, who spoke to Gazeta, as reported by the Daily Herald"),
        ("denies", "a claim denied by Jane Roe, spokeswoman, who spoke to Gazeta, as reported by the Daily Herald"),
        ("hints", "a claim hinted at by Jane Roe, spokeswoman, who spoke to Gazeta, as reported by the Daily Herald"),
        (
            "speculates",
            "a possibility raised by Jane Roe, spokeswoman, who spoke to Gazeta, as reported by the Daily Herald",
        ),
        (
            "declines_to_comment",
            "a claim on which Jane Roe, spokeswoman, declined to comment when approached by Gazeta, as reported by the "
            "Daily Herald",
        ),
    ],
)
def test_stance_is_kept(stance: str, expected: str) -> None:
    assert line(BY, TO, IN, stance=stance) == expected


@pytest.mark.parametrize(
    ("stance", "expected"),
    [
        ("denies", "a claim denied by the Daily Herald"),
        ("hints", "a claim hinted at by the Daily Herald"),
        ("speculates", "a possibility raised by the Daily Herald"),
    ],
)
def test_stance_of_an_outlets_own_voice_is_kept(stance: str, expected: str) -> None:
    assert line(IN, speech="outlet_voice", stance=stance) == expected


@pytest.mark.parametrize("style", LineStyle)
@pytest.mark.parametrize("speech", ["indirect", "direct"])
def test_nothing_is_printed_off_the_record(style: LineStyle, speech: str) -> None:
    found = told(BY, TO, IN, terms="off_the_record", speech=speech, style=style)
    assert (found.line, found.withheld, found.terms) == (None, Withheld.OFF_THE_RECORD, Terms.OFF_THE_RECORD)


@pytest.mark.parametrize("style", LineStyle)
@pytest.mark.parametrize("stance", ["asserts", "denies", "hints", "speculates", "declines_to_comment"])
def test_deep_background_speaks_of_no_source(style: LineStyle, stance: str) -> None:
    relay = source("relay", name="John Doe")
    printed = line(
        FROM, ("relayer", "relay"), IN, terms="deep_background", stance=stance, hedge="likely", said="2022-07-19",
        anonymity_reason="on condition of anonymity", sources=(relay,), style=style,
    )  # fmt: skip
    assert printed is not None
    assert "the Daily Herald has learned" in printed
    tells = ("official", "source", "anonym", "Doe", "likely", "2022")
    assert not any(word in printed for word in tells)


def test_deep_background_without_a_publisher_is_learned_by_nobody() -> None:
    alone = included(*[]).model_copy(update={"documents": {id_of("article"): document("article")}})
    found = attribution(FROM, terms="deep_background")
    assert line_of(found, alone, style=LineStyle.SHORT).line == "it has been learned"


@pytest.mark.parametrize("style", LineStyle)
@pytest.mark.parametrize("terms", ["background", "deep_background"])
@pytest.mark.parametrize("stance", ["asserts", "denies", "declines_to_comment"])
@pytest.mark.parametrize("anonymity", ["named", "pseudonymous"])
def test_name_is_never_printed_on_background(style: LineStyle, terms: str, stance: str, anonymity: str) -> None:
    named = source("roe", name="Jane Roe", role="Roe's widow", description="sister of Roe", anonymity=anonymity)
    wife = source("wife", name="John Roe")
    sent = attribution(
        BY, TO, ("relayer", "wife"), IN, terms=terms, stance=stance, hedge="Roe thinks",
        anonymity_reason="because Jane Roe is not allowed to speak",
    )  # fmt: skip
    chain = [sent.chain[0], sent.chain[1].model_copy(update={"document_id": id_of("interview")}), *sent.chain[2:]]
    sent = sent.model_copy(update={"chain": chain})
    printed = line_of(sent, included(named, wife), style=style).line
    assert printed is not None
    assert "Roe" not in printed
    assert "Jane" not in printed


def test_background_prints_the_description() -> None:
    named = source("roe", name="Jane Roe", role="spokeswoman", description="official of the ministry")
    assert line(BY, TO, IN, terms="background", sources=(named,)) == (
        "according to an official of the ministry who spoke to Gazeta on condition of anonymity, as reported by the "
        "Daily Herald"
    )
    assert line(BY, IN, terms="background", style=LineStyle.FULL) == (
        f"according to an unidentified source who spoke on background, as reported by the Daily Herald{PUBLISHED}"
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (None, "who spoke to Gazeta"),
        ("On condition of anonymity.", "who spoke to Gazeta on condition of anonymity"),
        (
            "because she feared for her job",
            "who spoke to Gazeta on condition of anonymity because she feared for her job",
        ),
        (
            "She fears\nfor her job.",
            "to Gazeta on condition of anonymity, the reason given being “She fears for her job”",
        ),
    ],
)
def test_full_line_gives_the_reason_for_anonymity(reason: str | None, expected: str) -> None:
    printed = line(FROM, TO, IN, anonymity_reason=reason, style=LineStyle.FULL)
    assert f"{expected.replace('Gazeta', 'the state-owned daily Gazeta')}, as reported" in str(printed)


def test_every_hop_is_named_in_full_by_what_it_did() -> None:
    more = (source("friend", name="John Doe"), source("office", kind="organization", name="Translation Office"))
    way = (FROM, ("relayer", "friend"), ("translator", "office"), ("wire_service", "wire"), ("republisher", "paper"))
    assert line(*way, sources=more, style=LineStyle.FULL) == (
        "according to a senior official at the ministry, as relayed by John Doe, translated by the Translation Office, "
        f"distributed by the Associated Press and carried by the Daily Herald{PUBLISHED}"
    )
    assert line(*way, sources=more) == "according to a senior official at the ministry, as carried by the Daily Herald"


def test_outlet_of_the_document_is_named_where_the_chain_ends_before_it() -> None:
    assert line(FROM, TO) == (
        "according to a senior official at the ministry who spoke to Gazeta, as reported by the Daily Herald"
    )


def test_outlets_voice_carried_by_another() -> None:
    assert line(("outlet", "abroad"), IN, speech="outlet_voice") == "Gazeta reported, as cited by the Daily Herald"


def test_pseudonym_is_called_one() -> None:
    nurse = source("nurse", anonymity="pseudonymous", name="Maria", description="A nurse in Kyiv")
    assert line(("originator", "nurse"), IN, sources=(nurse,)) == (
        "according to a nurse in Kyiv using the pseudonym Maria, as reported by the Daily Herald"
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"description": "senior official"}, "a senior official"),
        ({"description": "An official."}, "an official"),
        ({"description": "official close to the talks"}, "an official close to the talks"),
        ({"description": "The source"}, "the source"),
        ({"description": "Russian officials"}, "Russian officials"),
        ({"description": "Russia's envoy"}, "Russia's envoy"),
        ({"description": "2 people briefed on it", "kind": "group"}, "2 people briefed on it"),
        ({"description": "leaked memo", "kind": "document"}, "a leaked memo"),
        ({"anonymity": "unattributed"}, "an unidentified source"),
        ({"anonymity": "unattributed", "kind": "group"}, "unidentified sources"),
    ],
)
def test_descriptions_get_the_article_that_they_lack(fields: dict[str, Any], expected: str) -> None:
    printed = line(("originator", "someone"), IN, sources=(source("someone", **fields),))
    assert printed == f"according to {expected} cited by the Daily Herald"


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("organization", "Ministry of Defence", "according to the Ministry of Defence in a statement to Gazeta"),
        ("document", "Resolution 2397", "according to Resolution 2397 cited by Gazeta"),
        ("outlet", "The Guardian", "according to The Guardian cited by Gazeta"),
    ],
)
def test_origin_that_is_nobody_does_not_speak_as_people_do(kind: str, name: str, expected: str) -> None:
    body = source("body", kind=kind, name=name)
    assert line(("originator", "body"), TO, IN, sources=(body,)) == f"{expected}, as reported by the Daily Herald"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2022-07-19", "who spoke on July 19, 2022,"),
        ("2022-07", "who spoke in July 2022,"),
        ("2022", "who spoke in 2022,"),
        ("2022?", "who spoke perhaps in 2022,"),
        ("2022-07/2022-09", "who spoke between July and September 2022,"),
        ("2021-12/2022-01", "who spoke between December 2021 and January 2022,"),
        ("2022-07-0X", "who spoke between July 1, 2022, and July 9, 2022,"),
        ("2022-07/..", "who spoke on or after July 1, 2022,"),
        ("../2022-07", "who spoke on or before July 31, 2022,"),
    ],
)
def test_full_line_says_when(said: str, expected: str) -> None:
    assert expected in str(line(FROM, IN, said=said, style=LineStyle.FULL))


def test_combined_line_has_each_origin_once_and_the_denials() -> None:
    other = source("other", description="another official")
    sent = [
        attribution(FROM, IN),
        attribution(FROM, TO, IN),
        attribution(("originator", "other"), IN, terms="background"),
        attribution(IN, speech="outlet_voice"),
        attribution(BY, IN, stance="denies"),
    ]
    assert combined(*sent, sources=(other,)) == (
        "according to a senior official at the ministry, the Daily Herald and another official; denied by Jane Roe, "
        "spokeswoman"
    )


@pytest.mark.parametrize("stance", ["hints", "speculates", "declines_to_comment"])
def test_combined_line_leaves_out_what_is_not_asserted(stance: str) -> None:
    aside = attribution(BY, IN, stance=stance)
    assert combined(aside) is None
    assert combined(attribution(FROM, IN), aside) == "according to a senior official at the ministry"


@pytest.mark.parametrize("terms", ["deep_background", "off_the_record"])
@pytest.mark.parametrize(
    ("hidden", "open_to_print"), [("asserts", "denies"), ("denies", "asserts"), ("asserts", "asserts")]
)
def test_combined_line_is_not_one_sided_for_want_of_what_may_not_be_attributed(
    terms: str, hidden: str, open_to_print: str
) -> None:
    told = attribution(BY, IN, stance=open_to_print)
    assert combined(told, attribution(FROM, IN, stance=hidden, terms=terms)) is None
    assert combined(told) is not None


@pytest.mark.parametrize("stance", ["hints", "speculates"])
def test_combined_line_has_no_denial_beside_nothing_but_hints(stance: str) -> None:
    denial = attribution(BY, IN, stance="denies")
    assert combined(attribution(FROM, IN, stance=stance), denial) is None
    assert combined(attribution(FROM, IN, stance="declines_to_comment"), denial) == "denied by Jane Roe, spokeswoman"


def test_combined_line_tells_an_origin_as_itself_and_not_as_who_republishes_it() -> None:
    sent = [attribution(("outlet", "abroad"), speech="outlet_voice"), attribution(FROM, IN)]
    assert combined(*sent, abroad="official") == "according to a senior official at the ministry"
    assert combined(*sent, abroad="wire") == "according to Gazeta and a senior official at the ministry"


def test_combined_line_does_not_make_two_of_one_who_asserts_and_denies() -> None:
    asserted, denied = attribution(BY, IN), attribution(BY, IN, stance="denies")
    assert combined(asserted, denied) == "according to Jane Roe, spokeswoman; denied by Jane Roe, spokeswoman"
    assert combined(asserted, attribution(BY, IN, stance="denies", terms="background")) is None


def test_combined_line_does_not_make_two_of_one_description() -> None:
    twin = source("twin", description="a senior official at the ministry")
    assert combined(attribution(FROM, IN), attribution(("originator", "twin"), IN), sources=(twin,)) == (
        "according to a senior official at the ministry"
    )


def test_full_date_before_a_condition_is_closed_with_a_comma() -> None:
    printed = line(FROM, IN, said="2022-07-19", anonymity_reason="on condition of anonymity", style=LineStyle.FULL)
    assert "who spoke on July 19, 2022, on condition of anonymity, as reported" in str(printed)


def test_names_with_an_office_are_set_off_from_what_follows() -> None:
    friend = source("friend", name="John Doe", role="editor")
    printed = line(FROM, ("relayer", "friend"), ("outlet", "abroad"), IN, sources=(friend,), style=LineStyle.FULL)
    assert printed == (
        "according to a senior official at the ministry, as relayed by John Doe, editor; reported by the state-owned "
        f"daily Gazeta; and cited by the Daily Herald{PUBLISHED}"
    )
    assert combined(attribution(BY, IN), attribution(FROM, IN)) == (
        "according to Jane Roe, spokeswoman, and a senior official at the ministry"
    )


def test_hedge_follows_the_date_after_a_comma() -> None:
    printed = line(FROM, TO, IN, said="2022-07-19", hedge="likely", style=LineStyle.FULL)
    assert "Gazeta on July 19, 2022, and qualified it as “likely”, as reported" in str(printed)
    ministry = source("ministry", kind="organization", name="Ministry of Defence")
    stated = line(
        ("originator", "ministry"), sources=(ministry,), said="2022-07-19", hedge="likely", style=LineStyle.FULL
    )
    assert "in a statement on July 19, 2022, qualified as “likely”" in str(stated)
