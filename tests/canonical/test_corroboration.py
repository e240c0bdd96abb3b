"""How many independent origins a claim has: the cases of the design, and what holds for any attributions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.canonical.corroboration import (
    AttributionFacts,
    Corroboration,
    HopFacts,
    Related,
    SourceFacts,
    SourceLink,
    corroborate,
    unnamed_without_distinction,
)
from app.models.vocabulary import Anonymity, HopRole, SourceKind, SourceRelationKind, Stance

SAME, POSSIBLY, DISTINCT, MEMBER, REPUBLISHES = (
    SourceRelationKind.SAME_AS,
    SourceRelationKind.POSSIBLY_SAME,
    SourceRelationKind.DISTINCT_FROM,
    SourceRelationKind.MEMBER_OF,
    SourceRelationKind.REPUBLISHES,
)
ANONYMOUS = SourceFacts(SourceKind.PERSON, anonymity=Anonymity.ANONYMOUS)


def said(
    *way: str, outlet: str | None = None, document: str = "d", stance: Stance = Stance.ASSERTS
) -> AttributionFacts:
    """An attribution over these sources; "wire_service:ap" gives a hop a role, else the later ones are outlets."""
    chain = []
    for position, step in enumerate(way):
        role, _, source = step.rpartition(":")
        chain.append(HopFacts(position, HopRole(role or ("outlet" if position else "originator")), source))
    return AttributionFacts(stance, document, outlet, chain)


def group(fewest: int | None, most: int | None = None) -> SourceFacts:
    return SourceFacts(SourceKind.GROUP, fewest, most)


def count(
    attributions: Sequence[AttributionFacts],
    links: Sequence[tuple[str, SourceRelationKind, str]] = (),
    sources: Mapping[str, SourceFacts] | None = None,
) -> Corroboration:
    return corroborate(
        attributions, sources or {}, Related.of(SourceLink(one, other, kind) for one, kind, other in links)
    )


def origins(
    names: str,
    links: Sequence[tuple[str, SourceRelationKind, str]] = (),
    sources: Mapping[str, SourceFacts] | None = None,
) -> tuple[int, int | None]:
    """The least and the most of these origins, one attribution each."""
    found = count([said(name) for name in names], links, sources)
    return found.origins_min, found.origins_max


def test_claim_without_support_has_no_origin() -> None:
    assert count([]) == Corroboration(0, 0, 0, 0, 0, 0, False)


def test_nine_outlets_with_one_wire_report_are_one_origin() -> None:
    nine = [
        said(
            "ministry",
            "wire_service:wire",
            f"republisher:outlet{number}",
            outlet=f"outlet{number}",
            document=f"d{number}",
        )
        for number in range(9)
    ]
    assert count(nine) == Corroboration(9, 0, documents=9, outlets=9, origins_min=1, origins_max=1, circular=False)


def test_three_hops_are_one_origin_and_two_outlets() -> None:
    quoted = said("ambassador", "interviewer:izvestia", "outlet:joongang", outlet="joongang")
    assert count([quoted]) == Corroboration(1, 0, documents=1, outlets=2, origins_min=1, origins_max=1, circular=False)


def test_multiple_sources_are_two_or_any_number_more() -> None:
    assert origins("g", sources={"g": group(2)}) == (2, None)
    assert origins("g", sources={"g": group(2, 9)}) == (2, 9)
    assert origins("g", sources={"g": group(None, None)}) == (1, None)


def test_source_of_unknown_kind_is_one() -> None:
    assert origins("a", sources={"a": SourceFacts(SourceKind.UNKNOWN)}) == (1, 1)


def test_outlet_voice_is_the_outlet() -> None:
    found = count([said("outlet:paper", outlet="paper"), said("a", "paper", outlet="paper")])
    assert (found.origins_min, found.origins_max, found.outlets, found.circular) == (2, 2, 1, False)


def test_denials_are_counted_apart_and_declines_for_nothing() -> None:
    given_stances = [said("a"), said("b", stance=Stance.DENIES), said("c", stance=Stance.DECLINES_TO_COMMENT)]
    assert count(given_stances) == Corroboration(1, 1, 1, 0, 1, 1, False)


def test_hints_and_speculation_support() -> None:
    assert count([said("a", stance=Stance.HINTS), said("b", stance=Stance.SPECULATES)]).attributions == 2


def test_same_as_is_followed_over_records_that_the_claim_does_not_name() -> None:
    assert origins("ac", [("a", SAME, "b"), ("c", SAME, "b")]) == (1, 1)


def test_records_of_one_outlet_are_one_outlet() -> None:
    found = count([said("a", outlet="x"), said("a", outlet="y")], [("x", SAME, "y")])
    assert found.outlets == 1


def test_one_group_recorded_twice_is_as_large_as_both_allow() -> None:
    sources = {"g": group(2), "h": group(3, 5)}
    assert origins("gh", sources=sources) == (5, None)
    assert origins("gh", [("g", SAME, "h")], sources) == (3, 5)


def test_possibly_the_same_lowers_the_least_and_not_the_most() -> None:
    assert origins("ab") == (2, 2)
    assert origins("ab", [("a", POSSIBLY, "b")]) == (1, 2)


def test_distinct_beats_possibly_the_same() -> None:
    assert origins("ab", [("a", POSSIBLY, "b"), ("b", DISTINCT, "a")]) == (2, 2)
    assert origins("ab", [("a", POSSIBLY, "b"), ("b", DISTINCT, "c"), ("c", SAME, "a")]) == (2, 2)


def test_third_that_may_be_either_of_two_distinct_makes_two() -> None:
    assert origins("abc", [("c", POSSIBLY, "a"), ("c", POSSIBLY, "b"), ("b", DISTINCT, "a")]) == (2, 3)


def test_fourth_that_may_be_any_of_three_distinct_makes_three() -> None:
    apart = [("a", DISTINCT, "b"), ("b", DISTINCT, "c"), ("c", DISTINCT, "a")]
    assert origins("abcd", [*apart, *(("d", POSSIBLY, each) for each in "abc")]) == (3, 4)


def test_same_and_distinct_at_once_are_one_at_the_least_and_two_at_the_most() -> None:
    assert origins("ac", [("a", SAME, "b"), ("b", SAME, "c"), ("a", DISTINCT, "c")]) == (1, 2)


def test_republisher_stands_for_the_one_that_it_carries() -> None:
    assert origins("ab", [("b", REPUBLISHES, "a")]) == (1, 1)
    assert origins("bc", [("b", REPUBLISHES, "a"), ("c", REPUBLISHES, "a")]) == (1, 1)
    assert origins("bc", [("c", REPUBLISHES, "b"), ("b", REPUBLISHES, "a")]) == (1, 1)


def test_republisher_of_several_adds_nothing_beside_one_of_them() -> None:
    several = [("c", REPUBLISHES, "a"), ("c", REPUBLISHES, "b")]
    assert origins("ac", several) == (1, 1)
    assert origins("c", several) == (1, 1)
    assert origins("cx", several) == (2, 2)


def test_republishers_of_each_other_are_one_and_do_not_vanish() -> None:
    each_other = [("a", REPUBLISHES, "b"), ("b", REPUBLISHES, "a")]
    assert origins("ab", each_other) == (1, 1)
    assert origins("ab", [*each_other, ("a", REPUBLISHES, "c"), ("b", REPUBLISHES, "d")]) == (1, 1)


def test_member_counts_within_its_group() -> None:
    joined = [(each, MEMBER, "g") for each in "abc"]
    assert origins("agx", joined, {"g": group(2, 5)}) == (3, 6)
    assert origins("abcg", joined, {"g": group(2, 2)}) == (3, 3)
    assert origins("ab", joined, {"g": group(2, 5)}) == (2, 2)


def test_member_of_an_organization_is_an_origin_of_its_own() -> None:
    assert origins("ag", [("a", MEMBER, "g")], {"g": SourceFacts(SourceKind.ORGANIZATION)}) == (2, 2)


def test_group_within_a_group_counts_within_it() -> None:
    assert origins("gh", [("h", MEMBER, "g")], {"g": group(9, 9), "h": group(2, 2)}) == (9, 9)


def test_groups_with_a_common_member_may_overlap() -> None:
    joined = [("a", MEMBER, "g"), ("a", MEMBER, "h")]
    assert origins("agh", joined, {"g": group(2, 4), "h": group(3, 3)}) == (3, 7)


def test_one_that_may_be_among_a_group_adds_nothing_to_the_least() -> None:
    assert origins("ag", [("a", POSSIBLY, "g")], {"g": group(2, 4)}) == (2, 5)


def test_outlets_that_cite_each_other_are_circular() -> None:
    there, back = said("outlet:a", "outlet:b", outlet="b"), said("outlet:b", "outlet:a", outlet="a")
    assert not count([there]).circular
    assert count([there, back]).circular
    assert not count([there, replace(back, stance=Stance.DENIES)]).circular


def test_circle_closes_over_the_outlet_of_the_document_and_over_same_as() -> None:
    steps = [said("outlet:a", outlet="b"), said("outlet:x", outlet="a")]
    assert not count(steps).circular
    assert count(steps, [("b", SAME, "x")]).circular


def test_long_ways_are_walked_without_recursion() -> None:
    way = [f"s{number}" for number in range(5_000)]
    steps = [said(f"outlet:{one}", f"outlet:{other}") for one, other in zip(way, [*way[1:], way[0]], strict=True)]
    carried = [(one, REPUBLISHES, other) for one, other in zip(way, [*way[1:], way[0]], strict=True)]
    found = count(steps, [*carried, *((one, SAME, "s0") for one in ("t1", "t2"))])
    assert (found.origins_min, found.origins_max, found.circular) == (1, 1, True)


def test_many_distinctions_give_a_bound_that_is_low_and_not_high() -> None:
    many = [chr(ord("a") + number) for number in range(20)]
    apart = [(one, DISTINCT, other) for one in many for other in many if one < other]
    assert origins("".join([*many, "z"]), [*apart, *((each, POSSIBLY, "z") for each in many)]) == (2, 21)


@pytest.mark.parametrize(
    ("names", "links", "expected"),
    [
        ("a", [], False),
        ("ab", [], True),
        ("an", [], True),
        ("ab", [("a", DISTINCT, "b")], False),
        ("ab", [("a", POSSIBLY, "b")], True),
        ("ab", [("a", SAME, "b")], False),
        ("abc", [("a", DISTINCT, "b")], True),
        ("nm", [], False),
        ("ap", [], False),
        ("ag", [("a", MEMBER, "g")], False),
    ],
)
def test_unnamed_origins_that_nothing_sets_apart_are_told(
    names: str, links: list[tuple[str, SourceRelationKind, str]], expected: bool
) -> None:
    people = dict.fromkeys("abc", ANONYMOUS) | dict.fromkeys("nm", SourceFacts(SourceKind.PERSON))
    sources = {**people, "g": group(2), "p": SourceFacts(SourceKind.OUTLET)}
    related = Related.of(SourceLink(one, other, kind) for one, kind, other in links)
    assert unnamed_without_distinction([said(name) for name in names], sources, related) is expected


NAMES = "abcdefgh"
PERSONS, GROUPS = "abcde", "fgh"
names = st.sampled_from(NAMES)
ways = st.lists(names, min_size=1, max_size=4)
attributions = st.lists(
    st.builds(lambda way, stance: said(*way, stance=stance), ways, st.sampled_from(Stance)), max_size=8
)
links_of_all = st.lists(
    st.tuples(names, st.sampled_from(SourceRelationKind), names).filter(lambda link: link[0] != link[2]), max_size=12
)
# Alike in kind, and only people in groups: what is recorded with sense.
pairs = st.one_of(*(st.permutations(kind).map(lambda order: (order[0], order[1])) for kind in (PERSONS, GROUPS)))
undecided = st.tuples(pairs, st.sampled_from([SAME, POSSIBLY])).map(lambda drawn: (drawn[0][0], drawn[1], drawn[0][1]))
memberships = st.tuples(st.sampled_from(PERSONS), st.just(MEMBER), st.sampled_from(GROUPS))
sizes = st.tuples(st.integers(1, 3), st.integers(0, 3) | st.none()).map(
    lambda drawn: group(drawn[0], None if drawn[1] is None else drawn[0] + drawn[1])
)
known = st.fixed_dictionaries({**dict.fromkeys(PERSONS, st.just(ANONYMOUS)), **dict.fromkeys(GROUPS, sizes)})

Links = list[tuple[str, SourceRelationKind, str]]
Known = dict[str, SourceFacts]


def at_most(one: int | None, other: int | None) -> bool:
    return other is None or (one is not None and one <= other)


@given(attributions, links_of_all, known)
def test_least_is_never_more_than_most(said_so: list[AttributionFacts], links: Links, sources: Known) -> None:
    found = count(said_so, links, sources)
    assert at_most(found.origins_min, found.origins_max)
    assert (found.origins_min == 0) == (found.attributions == 0)
    assert found.documents <= found.attributions <= len(said_so) - found.denials


@given(attributions, links_of_all, known)
def test_order_does_not_matter(said_so: list[AttributionFacts], links: Links, sources: Known) -> None:
    turned = [replace(each, chain=tuple(reversed(each.chain))) for each in reversed(said_so)]
    assert count(turned, links[::-1], sources) == count(said_so, links, sources)


@given(attributions, links_of_all, known, names, names)
def test_possibly_same_never_raises_the_least_nor_changes_the_most(
    said_so: list[AttributionFacts], links: Links, sources: Known, one: str, other: str
) -> None:
    before = count(said_so, links, sources)
    after = count(said_so, [*links, (one, POSSIBLY, other)], sources)
    assert after.origins_min <= before.origins_min
    assert replace(after, origins_min=0) == replace(before, origins_min=0)


@given(attributions, st.lists(undecided | memberships, max_size=12), known, pairs)
def test_same_as_never_raises_a_number(
    said_so: list[AttributionFacts], links: Links, sources: Known, pair: tuple[str, str]
) -> None:
    before = count(said_so, links, sources)
    after = count(said_so, [*links, (pair[0], SAME, pair[1])], sources)
    assert after.origins_min <= before.origins_min
    assert at_most(after.origins_max, before.origins_max)
    assert after.outlets <= before.outlets


@given(attributions, links_of_all, known, names, names)
def test_distinct_from_never_lowers_the_least(
    said_so: list[AttributionFacts], links: Links, sources: Known, one: str, other: str
) -> None:
    before = count(said_so, links, sources)
    after = count(said_so, [*links, (one, DISTINCT, other)], sources)
    assert after.origins_min >= before.origins_min
    assert at_most(before.origins_max, after.origins_max)


@given(attributions, links_of_all, known, names)
def test_another_report_of_an_origin_adds_none(
    said_so: list[AttributionFacts], links: Links, sources: Known, outlet: str
) -> None:
    again = [replace(each, outlet_id=f"new {outlet}", document_id="another") for each in said_so]
    before, after = count(said_so, links, sources), count([*said_so, *again], links, sources)
    assert (after.origins_min, after.origins_max) == (before.origins_min, before.origins_max)
