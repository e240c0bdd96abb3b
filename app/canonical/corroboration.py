"""How many independent origins a claim has: numbers worked out of its attributions, for one audience.

The caller passes only what that audience may see, so that nothing hidden can be told from a number (DESIGN section 2,
"corroboration"). No session and no clock: the same input gives the same numbers, in whatever order it comes.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from app.models.vocabulary import Anonymity, HopRole, SourceKind, SourceRelationKind, Stance

PUBLISHERS: Final = frozenset({HopRole.OUTLET, HopRole.INTERVIEWER, HopRole.REPUBLISHER})
"""Roles that publish. A wire service distributes to those who publish, and is none of them."""
SILENT: Final = frozenset({Stance.DENIES, Stance.DECLINES_TO_COMMENT})
"""Stances that lend a claim no support."""
UNNAMED: Final = frozenset({Anonymity.ANONYMOUS, Anonymity.UNATTRIBUTED})
PEOPLE: Final = frozenset({SourceKind.PERSON, SourceKind.GROUP, SourceKind.UNKNOWN})
"""Kinds of which one can turn out to be, or to be among, another."""
MOST_COMPARED: Final = 12
"""Most sources whose distinctions are all weighed against each other; the work doubles with each."""


@dataclass(frozen=True, slots=True)
class HopFacts:
    """One step of a chain; position 0 is the origin."""

    position: int
    role: HopRole
    source_id: str


@dataclass(frozen=True, slots=True)
class AttributionFacts:
    """Of an attribution what counting needs. `outlet_id` is the outlet of its document."""

    stance: Stance
    document_id: str
    outlet_id: str | None
    chain: Sequence[HopFacts]


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Of a source what counting needs."""

    kind: SourceKind
    member_count_min: int | None = None
    member_count_max: int | None = None
    anonymity: Anonymity = Anonymity.NAMED


@dataclass(frozen=True, slots=True)
class SourceLink:
    """How one source stands to another."""

    source_id: str
    other_id: str
    kind: SourceRelationKind


@dataclass(frozen=True, slots=True)
class Corroboration:
    """How widely a claim is supported. `origins_max` is null where a group of unknown size leaves it open."""

    attributions: int
    denials: int
    documents: int
    outlets: int
    origins_min: int
    origins_max: int | None
    circular: bool


def corroborate(
    attributions: Iterable[AttributionFacts], sources: Mapping[str, SourceFacts], related: "Related"
) -> Corroboration:
    """The numbers of a claim with these attributions, 0 origins where none supports it.

    `sources` holds the sources in the chains, by id; one that is missing counts as a source of unknown kind. `related`
    may hold any relations, also of sources that stand in no chain.
    """
    given = list(attributions)
    supporting = [each for each in given if each.stance not in SILENT]
    origins = _Origins.of(supporting, sources, related)
    return Corroboration(
        attributions=len(supporting),
        # Counted apart: a denial takes nothing from the support. To decline to comment is neither.
        denials=sum(each.stance is Stance.DENIES for each in given),
        documents=len({each.document_id for each in supporting}),
        outlets=len({related.same[outlet] for each in supporting for outlet in _published_by(each)}),
        origins_min=_fewest(origins),
        origins_max=_most(origins),
        circular=bool(_in_or_before_circle(_passed_on(supporting, related))),
    )


def unnamed_without_distinction(
    attributions: Iterable[AttributionFacts], sources: Mapping[str, SourceFacts], related: "Related"
) -> bool:
    """Whether two origins that count as two may be the same people, since one has no name and nothing sets them apart.

    A distinct_from sets them apart. So does that one is an outlet and one a person, say; and where one is known to be a
    member of the other nothing is open.
    """
    origins = _Origins.of([each for each in attributions if each.stance not in SILENT], sources, related)
    apart = {frozenset((link.source_id, link.other_id)) for link in origins.members} | related.distinct
    sorts: dict[SourceKind, list[str]] = {}
    for node in sorted(origins.nodes):
        kind = origins.kind(node)
        sorts.setdefault(SourceKind.PERSON if kind in PEOPLE else kind, []).append(node)
    return any(
        frozenset((one, other)) not in apart
        for alike in sorts.values()
        for one in alike
        if origins.is_unnamed(one)
        for other in alike
        if other != one
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """What a source at the beginning of a chain stands for: equal ids are one origin, under whatever record."""

    id: str
    is_carried: bool
    """Whether the source is not the origin itself, but only republishes it."""


def origins_told_apart(attributions: Iterable[AttributionFacts], related: "Related") -> dict[str, Origin] | None:
    """The origin of each source that a chain begins with, by the source's id; null where it is open who is whom.

    That is where two of the origins are related as possibly_same and by no distinct_from, and where records that are
    the same are distinct too. Stances do not matter.
    """
    records = {_origin(each) for each in attributions}
    stands_for = _standing_for((related.same[record] for record in records), related)
    nodes = set(stands_for.values())
    if any(frozenset((node,)) in related.distinct for node in nodes):
        return None
    open_pairs = related.of_kind(SourceRelationKind.POSSIBLY_SAME, nodes)
    if any(frozenset((link.source_id, link.other_id)) not in related.distinct for link in open_pairs):
        return None
    nodes_of = {record: related.same[record] for record in records}
    return {record: Origin(stands_for[node], stands_for[node] != node) for record, node in nodes_of.items()}


def _origin(attribution: AttributionFacts) -> str:
    """Who it starts with: position 0. An outlet's own voice has the outlet there, and so counts as the outlet."""
    return min(attribution.chain, key=lambda hop: hop.position).source_id


def _published_by(attribution: AttributionFacts) -> Iterable[str]:
    if attribution.outlet_id is not None:
        yield attribution.outlet_id
    yield from (hop.source_id for hop in attribution.chain if hop.role in PUBLISHERS)


class _Sets:
    """Union-find: sets that can be joined; `sets[x]` is the least member of the set of x, whatever joined it."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def __getitem__(self, item: str) -> str:
        root = item
        while (above := self._parent.get(root, root)) != root:
            root = above
        while item != root:
            above = self._parent.get(item, item)
            self._parent[item] = root
            item = above
        return root

    def join(self, one: str, other: str) -> None:
        least, greatest = sorted((self[one], self[other]))
        self._parent[greatest] = least


@dataclass(frozen=True, slots=True)
class Related:
    """The relations, after same_as is followed: from here on a set of records that are the same is one node."""

    same: _Sets
    distinct: Set[frozenset[str]]
    """Pairs of nodes. A set of one node is a contradiction: its records are called the same, and distinct."""
    distinct_records: Set[frozenset[str]]
    links: Mapping[SourceRelationKind, Sequence[SourceLink]]
    """The other relations by kind, between two nodes each."""
    republished: Mapping[str, Set[str]]
    """What each node republishes."""

    @classmethod
    def of(cls, links: Iterable[SourceLink]) -> "Related":
        """What these relations come to."""
        given, same = list(links), _Sets()
        for link in given:
            if link.kind is SourceRelationKind.SAME_AS:
                same.join(link.source_id, link.other_id)
        distinct = [link for link in given if link.kind is SourceRelationKind.DISTINCT_FROM]
        by_kind: dict[SourceRelationKind, list[SourceLink]] = {}
        republished: dict[str, set[str]] = {}
        for link in given:
            one, other = same[link.source_id], same[link.other_id]
            if one != other:
                by_kind.setdefault(link.kind, []).append(SourceLink(one, other, link.kind))
                if link.kind is SourceRelationKind.REPUBLISHES:
                    republished.setdefault(one, set()).add(other)
        return cls(
            same,
            {frozenset((same[link.source_id], same[link.other_id])) for link in distinct},
            {frozenset((link.source_id, link.other_id)) for link in distinct},
            by_kind,
            republished,
        )

    def of_kind(self, kind: SourceRelationKind, among: Set[str]) -> list[SourceLink]:
        """The relations of a kind between two of these nodes."""
        return [link for link in self.links.get(kind, ()) if link.source_id in among and link.other_id in among]


@dataclass(frozen=True, slots=True)
class _Origins:
    """The nodes that a claim starts with, and what is known of each."""

    nodes: Set[str]
    related: Related
    sources: Mapping[str, SourceFacts]
    records: Mapping[str, Set[str]]
    """The records at position 0 that are the node. A node that only republishers stand for has none."""
    members: Sequence[SourceLink] = ()
    """Which node belongs to which group among them."""

    @classmethod
    def of(
        cls, supporting: Sequence[AttributionFacts], sources: Mapping[str, SourceFacts], related: Related
    ) -> "_Origins":
        records: dict[str, set[str]] = {}
        for record in map(_origin, supporting):
            records.setdefault(related.same[record], set()).add(record)
        nodes = set(_standing_for(records, related).values())
        plain = cls(nodes, related, sources, records)
        members = [
            link
            for link in related.of_kind(SourceRelationKind.MEMBER_OF, nodes)
            if plain.kind(link.other_id) is SourceKind.GROUP
        ]
        return cls(nodes, related, sources, records, members)

    def kind(self, node: str) -> SourceKind:
        """A group if any of its records is one; else the kind of the first record."""
        kinds = [self._facts(record).kind for record in sorted(self.records.get(node, {node}))]
        return SourceKind.GROUP if SourceKind.GROUP in kinds else kinds[0]

    def is_unnamed(self, node: str) -> bool:
        return all(self._facts(record).anonymity in UNNAMED for record in self.records.get(node, {node}))

    def fewest(self, node: str) -> int:
        """A group has as many origins as the words give it members, 1 where they give no number; all else is 1.

        Records that are the same are one group: the greatest minimum holds for it.
        """
        return max((group.member_count_min or 1 for group in self._groups(node)), default=1)

    def most(self, node: str) -> int | None:
        """As `fewest`: null where no record of a group bounds it; else the least maximum, but never below `fewest`.

        Two records cannot be related as the same and as distinct, but three can: a is b, b is c, a is not c. One of
        these is wrong. So they are one at the least, and at the most as many as are said to be distinct.
        """
        apart = _mutually_distinct(self.records.get(node, set()), self.related.distinct_records)
        groups = self._groups(node)
        bounds = [group.member_count_max for group in groups if group.member_count_max is not None]
        if groups and not bounds:
            return None
        return max(self.fewest(node), min(bounds, default=1)) + max(apart, 1) - 1

    def _groups(self, node: str) -> list[SourceFacts]:
        facts = [self._facts(record) for record in self.records.get(node, ())]
        return [each for each in facts if each.kind is SourceKind.GROUP]

    def _facts(self, record: str) -> SourceFacts:
        return self.sources.get(record, SourceFacts(SourceKind.UNKNOWN))


def _standing_for(nodes: Iterable[str], related: Related) -> dict[str, str]:
    """The origin that each stands for: itself, or what it only carries, since it then adds nothing of its own.

    One that republishes a single source is replaced by that, along as many steps as there are. One that republishes
    several may have had it from any of them: it counts for nothing beside one of them, else as itself. Those are
    weighed in the order of their ids, against what is left, so that two that republish each other do not both vanish.
    """
    republished = related.republished
    stands_for: dict[str, str] = {}
    starts = {node: _start_of(node, republished, stands_for) for node in nodes}
    kept = set(starts.values())
    instead: dict[str, str] = {}
    for node in sorted(kept):
        carried = republished.get(node, set())
        beside = {_start_of(each, republished, stands_for) for each in carried} & kept - {node}
        if len(carried) > 1 and beside:
            kept.discard(node)
            instead[node] = min(beside)
    # What one counts beside may itself be left out later, for another.
    for node in reversed(instead):
        instead[node] = instead.get(instead[node], instead[node])
    return {node: instead.get(start, start) for node, start in starts.items()}


def _start_of(node: str, republished: Mapping[str, Set[str]], known: dict[str, str]) -> str:
    """Where following single republished sources ends: of a circle its least node, so that all in it are one."""
    way: dict[str, int] = {}
    while node not in known and node not in way and len(republished.get(node, ())) == 1:
        way[node] = len(way)
        [node] = republished[node]
    end = min(list(way)[way[node] :]) if node in way else known.get(node, node)
    known.update(dict.fromkeys(way, end))
    return end


def _fewest(origins: _Origins) -> int:
    """The least number of independent origins: whatever may be the same is taken to be the same.

    - possibly_same joins two, unless distinct_from stands between them: what is decided beats what is not. Among
      those so joined, as many count as are all distinct from each other: A, B which is not A,
      and C which may be either are 2.
    - A member of a group that is an origin too counts within it, and one that is possibly the same as a group may be
      a member: the group counts by its size or by the members that spoke, whichever is more. Groups with a member in
      common may overlap in the rest as well, so the greatest counts for all of them.
    """
    alike, within = _Sets(), _Sets()
    is_group = {node: origins.kind(node) is SourceKind.GROUP for node in origins.nodes}
    for link in origins.members:
        within.join(link.source_id, link.other_id)
    for link in origins.related.of_kind(SourceRelationKind.POSSIBLY_SAME, origins.nodes):
        if frozenset((link.source_id, link.other_id)) not in origins.related.distinct:
            within.join(link.source_id, link.other_id)
            if not is_group[link.source_id] and not is_group[link.other_id]:
                alike.join(link.source_id, link.other_id)
    greatest: dict[str, int] = {}
    spoke: dict[str, int] = {}
    for node in origins.nodes:
        if is_group[node]:
            greatest[within[node]] = max(greatest.get(within[node], 0), origins.fewest(node))
    for persons in _parts(alike, (node for node in origins.nodes if not is_group[node])):
        whole = within[min(persons)]
        spoke[whole] = spoke.get(whole, 0) + _mutually_distinct(persons, origins.related.distinct)
    return sum(max(greatest.get(whole, 0), spoke.get(whole, 0)) for whole in {*greatest, *spoke})


def _most(origins: _Origins) -> int | None:
    """The greatest number of independent origins; null where it is open. Only what is decided makes two of them one.

    Members count within their group, as in `_fewest`; a group that belongs to another does too, and groups that belong
    to each other in a circle, which cannot be, count each.
    """
    within = _Sets()
    for link in origins.members:
        within.join(link.source_id, link.other_id)
    groups = {node for node in origins.nodes if origins.kind(node) is SourceKind.GROUP}
    nested = {(link.source_id, link.other_id) for link in origins.members if link.source_id in groups}
    contained = {inner for inner, _outer in nested} - _in_or_before_circle(nested)
    total = 0
    for whole in _parts(within, origins.nodes):
        sizes = [origins.most(group) for group in whole & groups - contained]
        spoke = [origins.most(node) for node in whole - groups]
        if None in sizes:
            return None
        least = max((origins.fewest(group) for group in whole & groups), default=0)
        total += max(sum(filter(None, sizes)), sum(filter(None, spoke)), least)
    return total


def _parts(sets: _Sets, nodes: Iterable[str]) -> Iterable[set[str]]:
    """The nodes, in the sets that they fall into."""
    parts: dict[str, set[str]] = {}
    for node in nodes:
        parts.setdefault(sets[node], set()).add(node)
    return parts.values()


def _mutually_distinct(nodes: Set[str], distinct: Set[frozenset[str]]) -> int:
    """The most of these nodes of which each is distinct from each other one; 1 where no two are, 0 of none.

    With more than MOST_COMPARED nodes to weigh it is 2: too low perhaps, but never too high, and soon done.
    """
    others: dict[str, set[str]] = {}
    for pair in distinct:
        if len(pair) == 2 and pair <= nodes:
            one, other = pair
            others.setdefault(one, set()).add(other)
            others.setdefault(other, set()).add(one)
    if len(others) > MOST_COMPARED or not others:
        return min(len(nodes), 2 if others else 1)
    most, open_ends = 0, [(0, sorted(others))]
    while open_ends:
        size, rest = open_ends.pop()
        most = max(most, size)
        for at, node in enumerate(rest, start=1):
            open_ends.append((size + 1, [each for each in rest[at:] if each in others[node]]))
    return most


def _passed_on(supporting: Iterable[AttributionFacts], related: Related) -> set[tuple[str, str]]:
    """Who handed the information to whom: hop to hop, and from the last to the outlet of the document."""
    steps: set[tuple[str, str]] = set()
    for attribution in supporting:
        way = [hop.source_id for hop in sorted(attribution.chain, key=lambda hop: hop.position)]
        if attribution.outlet_id is not None:
            way.append(attribution.outlet_id)
        nodes = [related.same[source_id] for source_id in way]
        # One that hands to itself, as interviewer and then as outlet, is one station and no circle.
        steps.update((giver, taker) for giver, taker in pairwise(nodes) if giver != taker)
    return steps


def _in_or_before_circle(steps: Iterable[tuple[str, str]]) -> set[str]:
    """The nodes from which a way leads round in a circle: what is left when ends of ways are taken away one by one."""
    givers: dict[str, list[str]] = {}
    open_ways: dict[str, int] = {}
    for giver, taker in set(steps):
        givers.setdefault(taker, []).append(giver)
        open_ways[giver] = open_ways.get(giver, 0) + 1
        open_ways.setdefault(taker, 0)
    ends = [node for node, ways in open_ways.items() if ways == 0]
    while ends:
        node = ends.pop()
        del open_ways[node]
        for giver in givers.get(node, ()):
            open_ways[giver] -= 1
            if open_ways[giver] == 0:
                ends.append(giver)
    return set(open_ways)
