"""What is made of other rows to be filtered and searched by: how claims stand, what they are listed by, and texts.

Each range of audiences that reads the same has a row of its own, as in the renditions. Whatever changes what a row is
made of makes it anew, in its own transaction: with the claim's row locked, so that the last to write has seen all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, Final, TypeVar

from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from app.access.principals import AUDIENCE_OF, Audience
from app.canonical import queries
from app.canonical.claim_contents import claim_contents
from app.canonical.corroboration import corroborate
from app.canonical.facts import Counting, Facts
from app.canonical.names import name_tokens
from app.canonical.sources import source_label, source_texts
from app.canonical.walks.queries import Surroundings, surroundings
from app.changes.record import Content, Contents
from app.fulltext.index import add_rows, next_number, remove_rows
from app.kit.deadline import check
from app.kit.words import indexed, tokens
from app.listing import queries as listing
from app.listing.fields import Entry, entries_of
from app.models import ClaimStanding, SearchText, Source

AT_ONCE: Final = 500
"""Claims whose rows are made anew together, when one source stands in very many."""
KEPT_PIECES: Final = 1_000
"""Texts whose tokens are kept at hand, 12 MB at the most: a claim of a megabyte that is written again has one new."""


@dataclass(frozen=True, slots=True)
class Derived:
    """What one audience finds of a claim: the columns of its standing, the tokens of its text, what it is listed by."""

    standing: Mapping[str, Any]
    tokens: str
    entries: frozenset[Entry]
    place: datetime


def derive_claims(session: Session, claim_ids: Iterable[str]) -> None:
    """Makes anew what is made of the claims, which are locked for it in the order of their ids."""
    session.flush()
    wanted = sorted(set(claim_ids))
    for begin in range(0, len(wanted), AT_ONCE):
        some = wanted[begin : begin + AT_ONCE]
        claims = queries.locked_claims(session, some)
        rows = queries.rows_of_claims(session, list(claims.values()))
        outs = queries.outs_of(session, rows)
        derive(session, {claim_id: claim_contents(each, outs[claim_id]) for claim_id, each in rows.items()})


def derive(session: Session, contents: Mapping[str, Contents], *, new: bool = False) -> None:
    """Makes anew what is made of claims that are locked, from what each audience reads of them by now.

    Of `new` claims nothing has been made yet.
    """
    session.flush()
    standings: Mapping[str, list[ClaimStanding]] = {}
    texts: Mapping[str, list[SearchText]] = {}
    if not new:
        standings, texts = queries.standings_of(session, contents), queries.texts_of(session, contents)
    made = derived_of(session, contents)
    _replace_standings(
        session, [(standings.get(each, []), _standings(each, ranges_of_standing(of))) for each, of in made.items()]
    )
    _replace_texts(session, [(texts.get(each, []), _texts(each, ranges_of_text(of))) for each, of in made.items()])
    listing.replace(session, {each: placed(of) for each, of in made.items()}, new=new)


def derived_of(session: Session, contents: Mapping[str, Contents]) -> dict[str, list[Derived | None]]:
    """What is made of each claim, for each audience in turn."""
    around = surroundings(session, _attributions(contents))
    counting = Counting(around)
    return {claim_id: _of_audiences(of_claim, around, counting) for claim_id, of_claim in contents.items()}


def _of_audiences(of_claim: Contents, around: Surroundings, counting: Counting) -> list[Derived | None]:
    """What each audience finds of one claim; the tokens of what several read alike are made once."""
    made: list[Derived | None] = []
    before: tuple[Any, str] = (None, "")
    for seen_by, content in enumerate(of_claim):
        check()
        if content is None:
            made.append(None)
            continue
        read = [content[name] for name in ("statement", "language", "attributions")]
        if read != before[0]:
            words = (word for piece in _pieces(content, around) for word in _words_of(*piece).split())
            before = (read, indexed(words))
        facts = counting.facts(content["attributions"], Audience(seen_by))
        outlets = (each.outlet_id for each in facts.attributions if each.outlet_id is not None)
        standing = _standing(content, facts)
        entries = frozenset(entries_of(content, standing, outlets))
        made.append(Derived(standing, before[1], entries, content["recorded_at"]))
    return made


R = TypeVar("R")


def _ranges(made: Sequence[Derived | None], what: Callable[[Derived], R]) -> list[tuple[int, int, R]]:
    """The first and the last audience of each range that finds the same, and what."""
    values = [None if each is None else what(each) for each in made]
    grouped = (
        (value, list(group)) for value, group in groupby(range(len(values)), key=lambda audience: values[audience])
    )
    return [(audiences[0], audiences[-1], value) for value, audiences in grouped if value is not None]


def ranges_of_standing(made: Sequence[Derived | None]) -> list[tuple[int, int, Mapping[str, Any]]]:
    """The ranges of audiences for which the claim stands the same, and how."""
    return _ranges(made, lambda each: each.standing)


def ranges_of_text(made: Sequence[Derived | None]) -> list[tuple[int, int, str]]:
    """The ranges of audiences that find the same text, and its tokens."""
    return _ranges(made, lambda each: each.tokens)


def placed(made: Sequence[Derived | None]) -> listing.Placed:
    """What each audience lists the claim by, and its place there."""
    return {
        (audience, *entry): each.place
        for audience, each in enumerate(made)
        if each is not None
        for entry in each.entries
    }


def _attributions(contents: Mapping[str, Contents]) -> list[Any]:
    return [
        attribution
        for of_claim in contents.values()
        for content in of_claim
        if content is not None
        for attribution in content["attributions"]
    ]


def _standing(content: Content, facts: Facts) -> Mapping[str, Any]:
    """The columns of a standing."""
    headline: Mapping[str, Any] = next(
        (each for each in content["assessments"] if each["id"] == content["headline_assessment_id"]), {}
    )
    counted = asdict(corroborate(facts.attributions, facts.sources, facts.related))
    assessed = {name: headline.get(name) for name in ("credibility", "confidence", "verdict")}
    return assessed | counted | {"circular": int(counted["circular"])}


def _pieces(content: Content, around: Surroundings) -> dict[tuple[str, str | None], None]:
    """The statement, the words quoted, who says so, the titles where it was read: each once, with its language."""
    pieces: dict[tuple[str, str | None], None] = {(content["statement"], content["language"]): None}
    attributions = content["attributions"]
    for quote in (each["quote"] for each in attributions if each["quote"] is not None):
        pieces[quote["exact"], quote["language"]] = None
        pieces[quote["original"] or "", None] = None
    for source in (around.sources[hop["source_id"]] for each in attributions for hop in each["chain"]):
        pieces |= dict.fromkeys(source_texts({**source._asdict(), "label": source_label(source)}))
    for document in (around.documents[each["document_id"]] for each in attributions):
        pieces[document.title or "", document.language] = None
    return pieces


@lru_cache(maxsize=KEPT_PIECES)
def _words_of(text: str, language: str | None) -> str:
    """The tokens of a text as they are indexed."""
    return indexed(tokens(text, language))


def derive_source(session: Session, source: Source) -> None:
    """Makes anew the text that the source is found by: its names, as written and in Latin letters."""
    old = queries.texts_of(session, [source.id])[source.id]
    _replace_texts(session, [(old, _texts(source.id, ranges_of_source(source)))])


def derive_new_sources(session: Session, sources: Iterable[Source]) -> None:
    """Makes the texts that new sources are found by."""
    _replace_texts(session, [([], _texts(source.id, ranges_of_source(source))) for source in sources])


def ranges_of_source(source: Source) -> list[tuple[int, int, str]]:
    """The first and the last audience of those that find the source, and the tokens of its text."""
    return [(int(AUDIENCE_OF[source.visibility]), int(Audience.RESTRICTED), source_tokens(source))]


def source_tokens(source: Source) -> str:
    """The tokens of a source's names."""
    return indexed(token for name in (source.name, *source.aliases) if name for token in name_tokens(name))


Row = dict[str, Any]
"""A row to write, by column: to make objects of a table takes longer than to write them."""


def _standings(claim_id: str, ranges: Sequence[tuple[int, int, Mapping[str, Any]]]) -> list[Row]:
    return [
        {"claim_id": claim_id, "first_audience": first, "last_audience": last, **standing}
        for first, last, standing in ranges
    ]


def _texts(resource_id: str, ranges: Sequence[tuple[int, int, str]]) -> list[Row]:
    columns = ("resource_id", "first_audience", "last_audience", "number", "tokens")
    return [
        dict(zip(columns, (resource_id, first, last, next_number(), found), strict=True))
        for first, last, found in ranges
    ]


def _replace_standings(session: Session, replaced: Sequence[tuple[Sequence[ClaimStanding], Sequence[Row]]]) -> None:
    changed = [(old, new) for old, new in replaced if [row.model_dump() for row in old] != new]
    _store(
        session, ClaimStanding, [row for old, _ in changed for row in old], [row for _, new in changed for row in new]
    )


def _replace_texts(session: Session, replaced: Sequence[tuple[Sequence[SearchText], Sequence[Row]]]) -> None:
    changed = [(old, new) for old, new in replaced if [_text(row.model_dump()) for row in old] != list(map(_text, new))]
    gone, come = [row for old, _ in changed for row in old], [row for _, new in changed for row in new]
    remove_rows(session, [(row.first_audience, row.number, row.tokens) for row in gone])
    _store(session, SearchText, gone, come)
    add_rows(session, [(row["first_audience"], row["number"], row["tokens"]) for row in come])


def _store(session: Session, table: type[SQLModel], gone: Sequence[SQLModel], come: Sequence[Row]) -> None:
    for row in gone:
        session.delete(row)
    if gone:
        session.flush()
    if come:
        session.connection().execute(insert(table), come)


def _text(row: Row) -> tuple[int, int, str]:
    return row["first_audience"], row["last_audience"], row["tokens"]
