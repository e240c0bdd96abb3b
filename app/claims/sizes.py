"""How much one request may record: others' writes wait until it is written.

Each figure is several times what a newspaper's article has. At the most, another's write waited 0.8 s for a
batch on SQLite.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from app.assessments.schemas import FirstAssessment
from app.attributions.schemas import AttributionCreate
from app.documents.schemas import DocumentCreate
from app.kit.problems import RuleBroken
from app.sources.schemas import SourceCreate

MOST_PARTS: Final = 2_500
"""Parts: each claim, topic, quantity, attribution, hop, assessment and piece of evidence, new source and new document.
A hundred claims with a document, three hops, two new sources, five quantities and five topics each have 1,800."""
MOST_NEW: Final = 400
"""New sources and documents, which are records of their own."""
MOST_CHARACTERS: Final = 250_000
"""Characters that claims are found by: statements, quotes, titles, and what sources are called."""
LIMITS: Final = (
    f"at most {MOST_PARTS:,} parts (claims, topics, quantities, attributions, hops, assessments, pieces of evidence, "
    f"new sources and documents), {MOST_NEW} of them new sources and documents, and {MOST_CHARACTERS:,} characters of "
    "statements, quotes, titles, names, descriptions and roles"
)
"""What a request may hold, in words."""

New = SourceCreate | DocumentCreate


class Size:
    """What there is to record of some claims, counted up."""

    def __init__(self) -> None:
        self.parts = self.new = self.characters = 0

    def add(
        self,
        statement: str,
        *,
        lists: int,
        attributions: Iterable[AttributionCreate],
        assessment: FirstAssessment | None,
    ) -> None:
        """Adds a claim with that many topics and quantities."""
        self.parts += 1 + lists
        self.characters += len(statement)
        for attribution in attributions:
            self.parts += 1 + len(attribution.chain)
            if attribution.quote is not None:
                self.characters += len(attribution.quote.exact) + len(attribution.quote.original or "")
            self._add_new(_new_in(attribution))
        if assessment is not None:
            self.parts += 1 + len(assessment.evidence)
            self._add_new(piece.document for piece in assessment.evidence)

    def _add_new(self, records: Iterable[New | None]) -> None:
        for record in records:
            if record is not None:
                self.parts, self.new = self.parts + 1, self.new + 1
                self.characters += sum(map(len, _texts_of(record)))

    def check(self, member: str) -> None:
        """Raises RuleBroken, at that member of the request, for more than may be recorded at once."""
        counted = ((self.parts, MOST_PARTS), (self.new, MOST_NEW), (self.characters, MOST_CHARACTERS))
        if any(number > most for number, most in counted):
            raise RuleBroken("too_much", f"One request records {LIMITS}. Send it in several.", member)


def _texts_of(record: New) -> list[str]:
    if isinstance(record, DocumentCreate):
        return [record.title or ""]
    return [record.name or "", record.description or "", record.role or "", *record.aliases]


def _new_in(attribution: AttributionCreate) -> Iterator[New | None]:
    yield attribution.document
    yield from chain.from_iterable((hop.source, hop.document) for hop in attribution.chain)
