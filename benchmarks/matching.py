"""How often "Said before?" finds the right claim, and how long it takes: `python -m benchmarks.matching`.

The tweets and verified claims of CheckThat! 2022, read from where ONRECORD_TEST_DATA says (see tests/fixtures/data.py).
The claims are recorded by the service, in a database that is thrown away, and every tweet is sent to the API.
"""

import argparse
import asyncio
import gzip
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from httpx import ASGITransport, AsyncClient
from sqlmodel import Session

from app import startup
from app.access.context import Context
from app.access.secrets import Pepper
from app.access.units import Reply
from app.claims.schemas import ClaimBatch
from app.claims.service import create_claims
from app.keys.service import add_key, at_the_server, ensure_first_key
from app.kit.db import Database
from app.main import create_app
from app.models.vocabulary import Scope
from app.search.schemas import MatchRequest
from app.search.service import match
from app.settings import Settings
from app.sources.schemas import SourceCreate
from app.sources.service import create_source
from tests.fixtures.postgres import fresh_database, running_postgres

DATA = Path(os.environ.get("ONRECORD_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
CLAIMS = "checkthat22_vclaims"
TWEETS = "checkthat22_train_dev"
ENGINES = ("sqlite", "postgresql")
LANGUAGE = "en"
ASKED = 5
BATCH = 100
EVERY = 10
"""Of the tweets so many are sent over HTTP too."""

Find = Callable[[str], list[str]]
"""The ids of the claims that say what a text says, best first."""


@dataclass(frozen=True)
class Question:
    split: str
    text: str
    right: frozenset[str]


@dataclass
class Figures:
    """What a split of the questions came to."""

    questions: int = 0
    first: int = 0
    among_five: int = 0
    reciprocal: float = 0.0
    times_ms: list[float] = field(default_factory=list)
    busy_ms: list[float] = field(default_factory=list)
    """Time of this process alone: what it would take if no other had the processor."""

    def add(self, question: Question, found: Sequence[str], *, took_ms: float, busy_ms: float) -> None:
        self.questions += 1
        self.times_ms.append(took_ms)
        self.busy_ms.append(busy_ms)
        place = next((place for place, key in enumerate(found[:ASKED], 1) if key in question.right), None)
        if place:
            self.first += place == 1
            self.among_five += 1
            self.reciprocal += 1 / place

    @property
    def success_at_1(self) -> float:
        return self.first / self.questions

    @property
    def success_at_5(self) -> float:
        return self.among_five / self.questions

    @property
    def mrr_at_5(self) -> float:
        return self.reciprocal / self.questions

    def __str__(self) -> str:
        return (
            f"{self.questions:5} questions  success@1 {self.success_at_1:.3f}  success@5 {self.success_at_5:.3f}  "
            f"MRR@5 {self.mrr_at_5:.3f}  {quantiles(self.times_ms)}  (of this process {quantiles(self.busy_ms)})"
        )


def quantiles(times_ms: Sequence[float]) -> str:
    """The middle one and the one that a twentieth are above."""
    return f"p50 {statistics.median(times_ms):.1f} ms  p95 {statistics.quantiles(times_ms, n=20)[-1]:.1f} ms"


@contextmanager
def thrown_away(engine: str) -> Iterator[Context]:
    """A context over a migrated database of the engine, which is gone once the block is left."""
    with tempfile.TemporaryDirectory(prefix="onrecord-matching-") as folder:
        directory = Path(folder)
        if engine == "sqlite":
            yield from _opened(f"sqlite:///{directory / 'matching.sqlite3'}", directory)
            return
        with running_postgres(directory) as dsn:
            yield from _opened(fresh_database(dsn, "matching"), directory)


def _opened(url: str, directory: Path) -> Iterator[Context]:
    database = Database(url)
    startup.migrate(database)
    settings = Settings(data_dir=directory)
    context = Context(
        settings=settings, database=database, pepper=Pepper(b"a pepper for figures, of 32 characters and more")
    )
    # As a service on a new folder begins: with one key, and statistics of what there is.
    ensure_first_key(context)
    database.gather_statistics()
    yield context
    database.dispose()


def record(context: Context, claims: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Records the claims, each in an article of the one outlet; what they are called in the data, by their ids."""
    outlet = SourceCreate.model_validate({"kind": "outlet", "anonymity": "named", "name": claims[0]["venue"]})
    made = context.database.write(lambda session: create_source(at_the_server(context, session), outlet))
    outlet_id = json.loads(made.body)["id"]
    names: dict[str, str] = {}
    waiting = iter(claims)
    while lines := list(islice(waiting, BATCH)):
        batch = ClaimBatch.model_validate({"claims": [_claim(line, outlet_id) for line in lines]})

        def record(session: Session, sent: ClaimBatch = batch) -> Reply:
            return create_claims(at_the_server(context, session), sent)

        recorded = context.database.write(record)
        items = json.loads(recorded.body)["items"]
        names |= {item["id"]: line["id"] for item, line in zip(items, lines, strict=True)}
    return names


def _claim(line: dict[str, Any], outlet_id: str) -> dict[str, Any]:
    attribution = {
        "speech": "outlet_voice",
        "document": {"title": line["document"], "language": LANGUAGE, "outlet_id": outlet_id},
        "chain": [{"role": "outlet", "source_id": outlet_id}],
    }
    return {"statement": line["claim"], "language": LANGUAGE, "kind": "event", "attributions": [attribution]}


def asked_of_service(context: Context, names: dict[str, str]) -> Find:
    """Asks the service as the route does, ten claims at the most, and gives what they are called in the data."""

    def find(text: str) -> list[str]:
        wanted = MatchRequest(text=text, language=LANGUAGE, threshold=0)
        with context.database.reading() as session:
            reply = match(at_the_server(context, session), wanted)
        return [names[item["claim"]["id"]] for item in json.loads(reply.body)["items"]]

    return find


def measure(find: Find, questions: Sequence[Question]) -> dict[str, Figures]:
    """The figures of each split, its questions put one after the other."""
    figures = {split: Figures() for split in dict.fromkeys(question.split for question in questions)}
    for question in questions:
        begun, busy = time.perf_counter(), time.process_time()
        found = find(question.text)
        took, used = (time.perf_counter() - begun) * 1000, (time.process_time() - busy) * 1000
        figures[question.split].add(question, found, took_ms=took, busy_ms=used)
    return figures


async def times_over_http(context: Context, texts: Sequence[str]) -> list[float]:
    """How long the API takes over each of the texts, in milliseconds, without a network between."""
    key = context.database.write(
        lambda session: add_key(at_the_server(context, session), "figures", [Scope.CLAIMS_READ], None)[1]
    )
    app = create_app(context=context)
    app.state.context = context
    headers = {"Authorization": f"Bearer {key}"}
    times = []
    async with AsyncClient(transport=ASGITransport(app), base_url="http://onrecord.test", headers=headers) as client:
        for text in texts:
            begun = time.perf_counter()
            answer = await client.post("/v1/match", json={"text": text, "language": LANGUAGE})
            times.append((time.perf_counter() - begun) * 1000)
            answer.raise_for_status()
    return times


def questions_of(tweets: Sequence[dict[str, Any]]) -> list[Question]:
    """The tweets as questions, with the ids of the claims that they repeat."""
    return [Question(line["split"], line["claim"], frozenset(line["extra"]["same_claim_as"])) for line in tweets]


def _lines(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(folder / f"{name}.ndjson.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def main() -> int:
    """Print the figures of each split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the data")
    given = parser.parse_args()
    if not (given.data / f"{CLAIMS}.ndjson.gz").is_file():
        print(f"no data in {given.data}", file=sys.stderr)
        return 1
    startup.configure_logging("warning")
    questions = questions_of(list(_lines(given.data, TWEETS)))
    with thrown_away(given.engine) as context:
        begun = time.perf_counter()
        names = record(context, list(_lines(given.data, CLAIMS)))
        print(f"{len(names)} claims recorded on {given.engine} in {time.perf_counter() - begun:.0f} s", flush=True)
        for split, figures in measure(asked_of_service(context, names), questions).items():
            print(f"{split:6}{figures}", flush=True)
        times = asyncio.run(times_over_http(context, [question.text for question in questions[::EVERY]]))
        print(f"POST /v1/match, {len(times)} questions with the default threshold  {quantiles(times)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
