"""What a request names, held and read in one go; and what it brings along, recorded in one go.

A request that names a hundred sources asks for them once, in the order in which everybody locks them, before any claim
is locked.
"""

from collections.abc import Iterable, Mapping

from app.access.principals import AUDIENCE_OF, Audience
from app.access.units import Unit
from app.canonical import queries
from app.canonical.derived import derive_new_sources
from app.canonical.documents import record_new_documents
from app.canonical.replies import unknown_references
from app.canonical.sources import record_new_sources
from app.changes.queries import readable_ids
from app.models import Document, Source
from app.models.vocabulary import Anonymity, ResourceKind, SourceKind, Visibility


class Named:
    """The sources and documents of one request: those that it names, held so that they stay as they are, and new ones.

    What the caller may not read is not held: whoever named it would wait for those who write it, and know by that that
    it is there. `source_audience` and `document_audience` tell from which audience on each of the others may be seen,
    and `unnamed_sources` which of the sources the reporting does not name.
    """

    def __init__(self, unit: Unit, source_ids: Iterable[str | None] = (), document_ids: Iterable[str | None] = ()):
        """Holds and reads what is named; None is nothing."""
        self._unit = unit
        sources = self._readable_among(ResourceKind.SOURCE, source_ids)
        documents = self._readable_among(ResourceKind.DOCUMENT, document_ids)
        held = queries.held_sources(unit.session, sources) if sources else {}
        self.source_audience: dict[str, Audience] = {each: row.audience for each, row in held.items()}
        self.unnamed_sources = {each for each, row in held.items() if row.anonymity is not Anonymity.NAMED}
        self._kinds: dict[str, SourceKind] = {each: row.kind for each, row in held.items()}
        self.document_audience: dict[str, Audience] = queries.held(unit.session, Document, documents)
        self._texts: dict[str, str | None] = {}
        self._new_sources: list[Source] = []
        self._new_documents: dict[str, Document] = {}
        # What was found out about a row before it was held may be out of date.
        self._readable = {
            ResourceKind.SOURCE: self._readable_among(ResourceKind.SOURCE, sources),
            ResourceKind.DOCUMENT: self._readable_among(ResourceKind.DOCUMENT, documents),
        }

    def _readable_among(self, kind: ResourceKind, ids: Iterable[str | None]) -> set[str]:
        wanted = {each for each in ids if each is not None}
        return readable_ids(self._unit, kind, wanted) if wanted else set()

    def check(self, kind: ResourceKind, ids: Mapping[str, str | None]) -> None:
        """Raises Invalid for ids, by their pointers, that name nothing the caller may read."""
        unknown_references(kind, ids, self._readable[kind])

    def kind_of(self, source_id: str) -> SourceKind | None:
        """What sort of thing a source of the request is; None where there is no such source."""
        return self._kinds.get(source_id)

    def audiences_read(self, source_ids: Iterable[str], document_ids: Iterable[str]) -> list[Audience]:
        """From which audience on those of the records may be seen that the caller may read."""
        readable = self._readable
        return [
            *(self.source_audience[each] for each in source_ids if each in readable[ResourceKind.SOURCE]),
            *(self.document_audience[each] for each in document_ids if each in readable[ResourceKind.DOCUMENT]),
        ]

    def text_of(self, document_id: str) -> str | None:
        """The text of a document of the request, if it has one."""
        if document_id in self._new_documents:
            return self._new_documents[document_id].text
        if document_id not in self._texts:
            self._texts[document_id] = queries.text_of(self._unit.session, document_id)
        return self._texts[document_id]

    def new_document_at(self, url: str, visibility: Visibility) -> Document | None:
        """The document that the request has brought along with that canonical address."""
        at = (url, visibility)
        return next((row for row in self._new_documents.values() if (row.canonical_url, row.visibility) == at), None)

    def add_source(self, source: Source) -> None:
        """Takes in a new source, to be recorded with the others."""
        self._new_sources.append(source)
        self.source_audience[source.id], self._kinds[source.id] = AUDIENCE_OF[source.visibility], source.kind
        if source.anonymity is not Anonymity.NAMED:
            self.unnamed_sources.add(source.id)
        self._readable[ResourceKind.SOURCE].add(source.id)

    def add_document(self, document: Document) -> None:
        """Takes in a new document, to be recorded with the others."""
        self._new_documents[document.id] = document
        self.document_audience[document.id] = AUDIENCE_OF[document.visibility]
        self._readable[ResourceKind.DOCUMENT].add(document.id)

    def record(self) -> None:
        """Records the new sources and documents. Must be done before a claim that names them is."""
        if self._new_sources:
            record_new_sources(self._unit, self._new_sources)
            derive_new_sources(self._unit.session, self._new_sources)
        if self._new_documents:
            record_new_documents(self._unit, list(self._new_documents.values()))
