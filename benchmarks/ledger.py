"""Makes a ledger of so many claims, written past the API, so that a million of them take a minute or two.

The same number and seed give the same ledger. What is skewed in real ones is skewed here: one source has a tenth of all
claims, the others few and fewer; words, topics and outlets likewise.

    python -m benchmarks.ledger sqlite:////tmp/ledger.sqlite3 --claims 1000000
"""

import argparse
import random
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from app.kit.db import Database
from app.kit.decimals import sort_key
from app.kit.words import indexed
from app.listing.fields import entries_of
from app.models.vocabulary import ClaimKind, Verdict
from app.startup import migrate

CHUNK: Final = 20_000
BEGIN: Final = datetime(2024, 1, 1, tzinfo=UTC)
STEP: Final = timedelta(seconds=60)
"""Between two claims."""
KINDS: Final = [kind.value for kind in ClaimKind]
VERDICTS: Final = [verdict.value for verdict in Verdict]
COUNTRIES: Final = ("RU", "KR", "KP", "US", "CN", "DE", "FR", "GB", "JP", "UA")
UNITS: Final = ("worker", "usd", "tonne", "person", "vehicle", "eur", "krw", "percent")
SYLLABLES: Final = (
    "ka",
    "lo",
    "mi",
    "ter",
    "sun",
    "vo",
    "dar",
    "pel",
    "ni",
    "gos",
    "ri",
    "ban",
    "te",
    "shu",
    "al",
    "or",
)
TABLES: Final = {
    "source": "id kind anonymity name description same_as reliability visibility recorded_on",
    "document": "id url canonical_url title outlet_id published_basis visibility recorded_at",
    "claim": "id statement language kind place_country occurred_edtf occurred_earliest_day occurred_latest_day "
    "occurred_mode occurred_resolution visibility status retraction_reason retracted_at recorded_at",
    "claim_topic": "claim_id position topic",
    "quantity": "claim_id position best unit unit_kind approximation unit_key low_key high_key is_bounded",
    "attribution": "claim_id id position document_id stance speech terms quote said said_earliest_day said_latest_day "
    "audience",
    "hop": "claim_id attribution_id position role source_id",
    "relation": "claim_id id other_claim_id kind status recorded_at",
    "claim_standing": "claim_id first_audience last_audience credibility confidence verdict attributions denials "
    "documents outlets origins_min origins_max circular",
    "search_text": "resource_id first_audience last_audience number tokens",
    "claim_entry": "claim_id audience field value place",
    "rendition": "resource_id first_audience last_audience kind version content_digest document came_at updated_at "
    "in_days",
}
"""The columns that are filled, by table, in the order in which tables refer to one another."""

Rows = dict[str, list[tuple[Any, ...]]]


def fill(database: Database, claims: int, *, seed: int = 1) -> None:
    """Writes the claims and all that belongs to them into an empty database that has been migrated."""
    made = _Made(random.Random(seed), claims)
    with database.engine().begin() as connection:
        indexes = _drop_indexes(connection)
        _insert(connection, made.surroundings())
        for rows in made.claims():
            _insert(connection, rows)
        for statement in indexes:
            connection.exec_driver_sql(statement)
        if connection.dialect.name == "sqlite":
            for audience, name in enumerate(("public", "internal", "restricted")):
                connection.exec_driver_sql(
                    f"INSERT INTO search_{name} (rowid, tokens) "
                    f"SELECT number, tokens FROM search_text WHERE first_audience = {audience} ORDER BY number"
                )


def analyze(database: Database) -> None:
    """Has the engine gather its planner's statistics."""
    if database.is_sqlite:
        with database.engine().begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        return
    with database.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


class _Made:
    """The rows of one ledger."""

    def __init__(self, draw: random.Random, claims: int) -> None:
        self.draw, self.count = draw, claims
        self.sources = [self._id() for _ in range(max(claims // 100, 20))]
        self.outlets = [self._id() for _ in range(max(claims // 2000, 10))]
        self.documents = [self._id() for _ in range(max(claims // 3, 20))]
        outlets = draw.choices(self.outlets, _zipf(len(self.outlets)), k=len(self.documents))
        self.outlet_of = dict(zip(self.documents, outlets, strict=True))
        self.words = [f"{_word(number)}" for number in range(30_000)]
        self.word_weights = list(accumulate(_zipf(len(self.words))))
        # One source has a tenth of all claims, as a news agency or a ministry would.
        self.source_weights = list(
            accumulate([1 / 9 * sum(_zipf(len(self.sources) - 1)), *_zipf(len(self.sources) - 1)])
        )
        self.made: list[str] = []
        self.topics = [f"topic {number}" for number in range(300)]
        self.topic_weights = list(accumulate(_zipf(len(self.topics))))

    def _id(self) -> str:
        return str(UUID(int=self.draw.getrandbits(128), version=4))

    def surroundings(self) -> Rows:
        """Sources and documents, with what is read of them."""
        rows: Rows = {name: [] for name in TABLES}
        for number, source_id in enumerate([*self.outlets, *self.sources]):
            is_outlet = number < len(self.outlets)
            anonymity = "named" if is_outlet or number % 3 else "anonymous"
            name = f"Source {self.words[number % 30_000]} {number}" if anonymity == "named" else None
            kind = "outlet" if is_outlet else "person"
            reliability = "ABCDEF"[min(number % 17, 5)]
            description = None if name else "an official"
            rows["source"].append(
                (source_id, kind, anonymity, name, description, "[]", reliability, "public", "2024-01-01")
            )
            shown = {"id": source_id, "kind": kind, "anonymity": anonymity, "name": name, "label": name or description}
            rows["rendition"].append(_rendition(source_id, "source", shown, BEGIN))
            tokens = indexed((name or description or "").lower().split())
            rows["search_text"].append((source_id, 0, 2, number + 1, tokens))
        for number, (document_id, outlet_id) in enumerate(self.outlet_of.items()):
            url = f"https://example.org/{number}"
            title = f"Article {number}"
            rows["document"].append((document_id, url, url, title, outlet_id, "unknown", "public", _stamp(BEGIN)))
            shown = {"id": document_id, "url": url, "title": title, "outlet_id": outlet_id}
            rows["rendition"].append(_rendition(document_id, "document", shown, BEGIN))
        return rows

    def claims(self) -> Iterator[Rows]:
        """The claims with all that hangs on them, some at a time."""
        rows: Rows = {name: [] for name in TABLES}
        for number in range(self.count):
            self._claim(rows, number)
            if (number + 1) % CHUNK == 0 or number + 1 == self.count:
                yield rows
                rows = {name: [] for name in TABLES}

    def _claim(self, rows: Rows, number: int) -> None:
        draw, at = self.draw, BEGIN + number * STEP
        claim_id = self._id()
        status = "retracted" if number % 500 == 0 else "draft" if number % 1000 == 1 else "published"
        words = draw.choices(self.words, cum_weights=self.word_weights, k=14)
        statement = " ".join(words).capitalize() + "."
        occurred = self._occurred(number)
        kind = KINDS[min(int(draw.expovariate(0.9)), 7)]
        retraction = ("wrong", _stamp(at)) if status == "retracted" else (None, None)
        country = COUNTRIES[min(int(draw.expovariate(0.6)), 9)] if number % 3 else None
        rows["claim"].append(
            (claim_id, statement, "en", kind, country, *occurred, "public", status, *retraction, _stamp(at))
        )
        topics = set(draw.choices(self.topics, cum_weights=self.topic_weights, k=2))
        rows["claim_topic"] += [(claim_id, place, topic) for place, topic in enumerate(sorted(topics))]
        if number % 2:
            rows["quantity"].append(self._quantity(claim_id))
        ranges = [(2, 2)] if number % 100 == 3 else [(0, 1), (2, 2)] if number % 100 == 7 else [(0, 2)]
        first = 1 if status == "draft" else 0
        ranges = [(max(one, first), other) for one, other in ranges]
        said = self._attributions(rows, claim_id, number, hidden=ranges == [(2, 2)])
        self.made.append(claim_id)
        if number % 200 == 5:
            relation, other_id = self._id(), draw.choice(self.made)
            how = "contradicts" if number % 600 == 5 else "corroborates"
            rows["relation"].append((claim_id, relation, other_id, how, "suggested", _stamp(at)))
            rows["rendition"].append(_rendition(relation, "relation", {"id": relation}, at))
        place = None if country is None else {"country": country}
        claim = {"kind": kind, "status": status, "topics": sorted(topics), "place": place, "assessments": []}
        for one, other in ranges:
            self._read(rows, claim_id, (one, other), {**claim, "statement": statement, "attributions": said}, at)

    def _occurred(self, number: int) -> tuple[Any, ...]:
        if number % 4 == 0:
            return (None, None, None, None, None)
        first = self.draw.randrange(10_000, 20_000)
        last = None if number % 40 == 1 else first + self.draw.choice((0, 0, 0, 30, 365))
        return ("2022", None if number % 40 == 2 else first, last, "point_within", "explicit")

    def _quantity(self, claim_id: str) -> tuple[Any, ...]:
        unit = UNITS[min(int(self.draw.expovariate(0.8)), 7)]
        best = Decimal(int(self.draw.lognormvariate(6, 3)) + 1)
        key = sort_key(best)
        return (claim_id, 0, str(best), unit, "count", "exact", unit, key, key, 1)

    def _attributions(self, rows: Rows, claim_id: str, number: int, *, hidden: bool) -> list[Any]:
        said = []
        for position in range(2 if number % 5 == 0 else 1):
            own_id, document_id = self._id(), self.draw.choice(self.documents)
            source_id = self.draw.choices(self.sources, cum_weights=self.source_weights)[0]
            day = self.draw.randrange(17_000, 20_000)
            terms = ("unspecified", "on_the_record", "background", "deep_background")[min(number % 7, 3)]
            stance = "denies" if position and number % 50 == 0 else "asserts"
            audience = 2 if hidden else 0
            rows["attribution"].append(
                (claim_id, own_id, position, document_id, stance, "indirect", terms, "null", "2020", day, day, audience)
            )
            through = self.draw.choice(self.outlets)
            hops = [("originator", source_id), ("outlet", through)]
            rows["hop"] += [(claim_id, own_id, place, role, each) for place, (role, each) in enumerate(hops)]
            chain = [{"position": place, "role": role, "source_id": each} for place, (role, each) in enumerate(hops)]
            said.append({"id": own_id, "document_id": document_id, "stance": stance, "chain": chain, "terms": terms})
        return said

    def _read(self, rows: Rows, claim_id: str, audiences: tuple[int, int], claim: dict[str, Any], at: datetime) -> None:
        draw, number = self.draw, int(at.timestamp()) * 4 + audiences[0]
        assessed = draw.random() < 0.5
        confidence = draw.randrange(101) if assessed else None
        verdict = VERDICTS[min(int(draw.expovariate(0.9)), 8)] if assessed else None
        said, statement = claim["attributions"], claim["statement"]
        origins = len(said)
        circular = int(draw.random() < 0.01)
        credibility = draw.randrange(1, 7) if assessed else None
        denials = sum(each["stance"] == "denies" for each in said)
        counts = (origins, denials, origins, origins, origins, origins, circular)
        rows["claim_standing"].append((claim_id, *audiences, credibility, confidence, verdict, *counts))
        rows["search_text"].append((claim_id, *audiences, number, indexed(statement.lower().rstrip(".").split())))
        standing = {"origins_max": origins, "circular": circular, "verdict": verdict}
        entries = sorted(entries_of(claim, standing, [self.outlet_of[each["document_id"]] for each in said]))
        for audience in range(audiences[0], audiences[1] + 1):
            rows["claim_entry"] += [(claim_id, audience, f"{field}", value, _stamp(at)) for field, value in entries]
        shown = {"id": claim_id, "statement": statement, "attributions": said, "more": "x" * 900}
        rows["rendition"].append(_rendition(claim_id, "claim", shown, at, audiences))


def _zipf(count: int) -> list[float]:
    return [1 / (rank + 2) for rank in range(count)]


def _word(number: int) -> str:
    word = ""
    while number or not word:
        number, syllable = divmod(number, len(SYLLABLES))
        word += SYLLABLES[syllable]
    return word


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def _rendition(
    resource_id: str, kind: str, shown: dict[str, Any], at: datetime, audiences: tuple[int, int] = (0, 2)
) -> tuple[Any, ...]:
    document = orjson.dumps({**shown, "version": 1}).decode()
    return (resource_id, *audiences, kind, 1, "0" * 64, document, _stamp(at), _stamp(at), 0)


def _insert(connection: Connection, rows: Rows) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None
    for table, found in rows.items():
        columns = TABLES[table].split()
        if connection.dialect.name == "sqlite":
            marks = ", ".join("?" for _ in columns)
            raw.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", found)
        elif found:
            with raw.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in found:
                    copy.write_row(row)


def _drop_indexes(connection: Connection) -> list[str]:
    """Takes the indexes away that hold no constraint, and gives the statements that make them again."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
    else:
        connection.exec_driver_sql("SET session_replication_role = replica")
        found = connection.execute(
            text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE 'ix_%'")
        )
    indexes: Iterable[tuple[str, str]] = [(name, made) for name, made in found]
    for name, _made in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    return [made for _name, made in indexes]


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="an empty database")
    parser.add_argument("--claims", type=int, default=1_000_000)
    given = parser.parse_args()
    database = Database(given.url)
    started = time.perf_counter()
    migrate(database)
    fill(database, given.claims)
    analyze(database)
    database.dispose()
    print(f"{given.claims} claims in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
