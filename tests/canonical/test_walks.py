"""What is read of the sources around a claim's: enough to count it right, and no more than its own business."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert
from sqlmodel import Session

from app.access.principals import AUDIENCE_OF, Audience
from app.canonical.corroboration import Corroboration, Related, SourceFacts, SourceLink, corroborate, origins_told_apart
from app.canonical.corroboration import unnamed_without_distinction as coincide
from app.canonical.facts import Counting, Facts
from app.canonical.walks.queries import represented_by, surroundings
from app.models import Document, Source, SourceRelation
from app.models.vocabulary import Anonymity, HopRole, SourceKind, SourceRelationKind, Stance, Visibility
from tests.conftest import START
from tests.fixtures.queries import QueryRecorder

ON: Final = date(2026, 11, 23)
SOURCES: Final = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(8)]
WIRE: Final = SOURCES[0]
_numbers = count(1)

sources = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([SourceKind.PERSON, SourceKind.GROUP, SourceKind.OUTLET]),
        "anonymity": st.sampled_from([Anonymity.ANONYMOUS, Anonymity.UNATTRIBUTED]),
        "member_count_min": st.sampled_from([None, 2, 3]),
        "member_count_max": st.sampled_from([None, 3, 5]),
        "visibility": st.sampled_from(
            [Visibility.PUBLIC, Visibility.PUBLIC, Visibility.INTERNAL, Visibility.RESTRICTED]
        ),
    }
)
relations = st.lists(
    st.tuples(st.sampled_from(SOURCES), st.sampled_from(SOURCES), st.sampled_from(SourceRelationKind)),
    max_size=14,
    unique=True,
).map(lambda rows: [row for row in rows if row[0] != row[1]])
attributions = st.lists(
    st.tuples(
        st.sampled_from([Stance.ASSERTS, Stance.HINTS, Stance.DENIES]),
        st.sampled_from([None, *SOURCES]),
        st.lists(st.tuples(st.sampled_from(list(HopRole)), st.sampled_from(SOURCES)), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    with Session(connection, join_transaction_mode="create_savepoint") as opened:
        yield opened


def store(session: Session, made: Sequence[Mapping[str, Any]], related: Sequence[tuple[str, str, Any]]) -> None:
    common = {"aliases": [], "same_as": [], "reliability": "F", "recorded_on": ON}
    session.execute(insert(Source), [{"id": own, **common, **of} for own, of in zip(SOURCES, made, strict=False)])
    rows = [
        {"id": f"{next(_numbers):036}", "source_id": one, "other_id": other, "kind": kind, "recorded_on": ON}
        for one, other, kind in related
    ]
    if rows:
        session.execute(insert(SourceRelation), rows)


def read_in(session: Session, said: Sequence[tuple[Stance, str | None, Sequence[tuple[HopRole, str]]]]) -> list[Any]:
    """The attributions as they stand in a claim, each in a document of its own."""
    found = []
    for stance, outlet_id, chain in said:
        document_id = f"{next(_numbers):036}"
        basics = {"published_basis": "unknown", "visibility": "public", "recorded_at": START}
        session.execute(insert(Document), [{"id": document_id, "outlet_id": outlet_id, **basics}])
        hops = [{"position": at, "role": role, "source_id": source} for at, (role, source) in enumerate(chain)]
        found.append({"stance": stance, "document_id": document_id, "chain": hops})
    return found


def of_everything(facts: Facts, made: Mapping[str, Mapping[str, Any]], related: Any, shown: set[str]) -> Facts:
    """The facts with every source and relation that the audience knows of."""
    known = shown | {hop.source_id for each in facts.attributions for hop in each.chain}
    return Facts(
        facts.attributions,
        {
            each: SourceFacts(of["kind"], of["member_count_min"], of["member_count_max"], of["anonymity"])
            for each, of in made.items()
            if each in known
        },
        Related.of(SourceLink(*row) for row in related if row[0] in known and row[1] in known),
    )


def counted(facts: Facts) -> tuple[Corroboration, bool, Any]:
    """All that is worked out of the facts."""
    return (
        corroborate(facts.attributions, facts.sources, facts.related),
        coincide(facts.attributions, facts.sources, facts.related),
        origins_told_apart(facts.attributions, facts.related),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(sources, min_size=8, max_size=8), related=relations, said=attributions)
def test_what_is_read_around_a_claim_gives_the_numbers_that_everything_gives(
    session: Session, made: list[Any], related: Any, said: Any
) -> None:
    with session.begin_nested() as savepoint:
        store(session, made, related)
        named = read_in(session, said)
        counting = Counting(surroundings(session, named))
        by_id = dict(zip(SOURCES, made, strict=True))
        for audience in Audience:
            shown = {each for each, of in by_id.items() if AUDIENCE_OF[of["visibility"]] <= audience}
            read = [each for each in named if all(hop["source_id"] in shown for hop in each["chain"])]
            facts = counting.facts(read, audience)
            assert counted(facts) == counted(of_everything(facts, by_id, related, shown))
        savepoint.rollback()


def test_who_republishes_a_source_is_not_read_for_a_claim_that_names_it(
    session: Session, query_recorder: QueryRecorder
) -> None:
    plain = {"kind": "outlet", "anonymity": "named", "visibility": "public"}
    store(session, [plain] * 8, [(each, WIRE, SourceRelationKind.REPUBLISHES) for each in SOURCES[1:]])
    with query_recorder() as statements:
        around = surroundings(session, read_in(session, [(Stance.ASSERTS, None, [(HopRole.ORIGINATOR, WIRE)])]))
    assert (set(around.sources), around.relations_of) == ({WIRE}, {})
    assert len(statements) <= 4
    assert represented_by(session, [WIRE]) == set(SOURCES)
    assert 3 < len(represented_by(session, [WIRE], most=3)) <= 5 + 1


@pytest.mark.parametrize(("hidden", "origins"), [("public", 1), ("restricted", 2)])
def test_a_walk_ends_after_some_steps_that_the_reader_sees(
    session: Session, monkeypatch: pytest.MonkeyPatch, hidden: str, origins: int
) -> None:
    """A hidden short cut does not make a way shorter for those who cannot see it."""
    for module in ("app.canonical.walks.queries", "app.canonical.facts"):
        monkeypatch.setattr(f"{module}.MOST_STEPS", 3)
    plain = {"kind": "outlet", "anonymity": "named", "visibility": "public"}
    short = {**plain, "visibility": hidden}
    chain = [(SOURCES[at], SOURCES[at + 1], SourceRelationKind.REPUBLISHES) for at in range(5)]
    cut = [(SOURCES[7], SOURCES[each], SourceRelationKind.SAME_AS) for each in (0, 3)]
    store(session, [plain] * 7 + [short], chain + cut)
    named = read_in(
        session, [(Stance.ASSERTS, None, [(HopRole.ORIGINATOR, each)]) for each in (SOURCES[0], SOURCES[5])]
    )
    facts = Counting(surroundings(session, named)).facts(named, Audience.PUBLIC)
    assert corroborate(facts.attributions, facts.sources, facts.related).origins_min == origins
