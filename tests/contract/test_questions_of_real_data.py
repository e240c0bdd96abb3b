"""Questions put to data that others wrote: what is answered is what a few lines of Python count in the files.

The corpora are recorded once for each engine: of the larger ones every so many lines, and all of them with
ONRECORD_TEST_WHOLE=1. Skipped where the data is not at hand; most of it may not be copied into the project.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from anyio.from_thread import BlockingPortal

from app import startup
from app.access.context import Context
from app.access.secrets import Pepper
from app.kit.db import Database
from app.main import create_app
from app.models.vocabulary import Verdict
from app.settings import Settings
from tests.factories import assessment_body, claim_body
from tests.fixtures.api import Api, make_key
from tests.fixtures.committing import eventually
from tests.fixtures.corpora import Line, Recorder
from tests.fixtures.data import data_lines
from tests.fixtures.databases import database_of_its_own
from tests.fixtures.deaths import DATASET as DEATHS
from tests.fixtures.deaths import MONTHS, deaths_in, deaths_read
from tests.fixtures.fact_checks import FactCheckRecorder, is_named, is_statement, review_url, verdict_of
from tests.fixtures.google import fact_check_tools_at
from tests.fixtures.proofs import WHOLE
from tests.fixtures.server import running_server

PART = {"liar_valid": 2, "factckbr": 1, "averitec_all_minus_dev": 20, "ucdp_2016": 40}
"""One line of so many is recorded: all of them would take a minute and a half on either engine."""
EVERY = dict.fromkeys(PART, 1) if WHOLE else PART
EMPTY = {"liar_valid": 0, "factckbr": 13, "averitec_all_minus_dev": 0, "ucdp_2016": 0}
"""Lines without a claim, which are not recorded."""
BATCH = 100
PAGE = 200
PEPPER = "b1f6d02c8e3a94751c07e6fd5a28b43967d10ec8f35b9a24"
SPEAKERS = 4
"""One speaker of so many is asked for, and those who are told of most."""


@dataclass
class Ledger:
    """A database with the corpora in it, a caller of an app over it, and what was recorded."""

    api: Api
    context: Context
    key: str
    lines: dict[str, list[Line]] = field(default_factory=dict, repr=False)
    speakers: dict[str, Line] = field(default_factory=dict, repr=False)
    """One line of each speaker, by the speaker's id."""
    ids: dict[str, set[str]] = field(default_factory=dict, repr=False)
    """Ids of what was recorded, by the path of its list."""

    @property
    def checked(self) -> list[Line]:
        """The lines with a verdict."""
        return [line for name, lines in self.lines.items() if name != "ucdp_2016" for line in lines]

    def total(self, **wanted: Any) -> int:
        """How many claims a question finds."""
        params = {"limit": 1, "fields": "id", "include_total": True, **wanted}
        return int(self.api.read("/v1/claims", params=params)["total"])

    def record(self, name: str, recorder: Recorder) -> None:
        """Records the lines of a corpus."""
        statements = list(filter(is_statement, data_lines(name)))
        assert len(data_lines(name)) - len(statements) == EMPTY[name]
        lines = self.lines[name] = statements[:: EVERY[name]]
        for start in range(0, len(lines), BATCH):
            created = recorder.claims(lines[start : start + BATCH])
            self.ids["/v1/claims"].update(claim["id"] for claim in created["items"])
            for kind, records in created["included"].items():
                self.ids[f"/v1/{kind}"].update(records)


@pytest.fixture(scope="module")
def ledger(
    engine_name: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    portal: BlockingPortal,
) -> Iterator[Ledger]:
    folder = tmp_path_factory.mktemp("ledger")
    (folder / "pepper").write_text(PEPPER)
    (folder / "pepper").chmod(0o600)
    with database_of_its_own(engine_name, request, folder) as database:
        startup.migrate(database)
        context = Context(settings=Settings(data_dir=folder), database=database, pepper=Pepper(PEPPER.encode()))
        key = make_key(context)
        made = Ledger(_caller(context, key, portal), context, key)
        made.ids = {path: set() for path in ("/v1/claims", "/v1/sources", "/v1/documents")}
        checks, events = FactCheckRecorder(made.api.create), Recorder(made.api.create)
        for name in EVERY:
            made.record(name, events if name == "ucdp_2016" else checks)
        for path in ("/v1/sources", "/v1/documents"):
            made.ids[path].update(checks.ids(path), events.ids(path))
        for line in made.checked:
            if is_named(line):
                made.speakers.setdefault(checks.speaker(line), line)
        yield made


def _caller(context: Context, key: str, portal: BlockingPortal) -> Api:
    app = create_app(context=context)
    app.state.context = context
    return Api(app, context, portal, key)


def test_counts_by_speaker_are_those_of_the_files(ledger: Ledger) -> None:
    said = Counter((line["source_name"], line["source_role"]) for line in ledger.checked if is_named(line))
    asked = 0
    for number, (source_id, line) in enumerate(ledger.speakers.items()):
        name, role = line["source_name"], line["source_role"]
        if number % SPEAKERS == 0 or said[name, role] > 20:
            assert ledger.total(source_id=source_id) == said[name, role], name
            asked += 1
    assert asked > 100


@pytest.mark.parametrize("word", ["Obama", "trump", "clinton", "rubio"])
def test_counts_by_a_name_are_those_of_the_files(ledger: Ledger, word: str) -> None:
    names = [line["source_name"].lower() for line in ledger.checked if is_named(line)]
    found = [name for name in names if re.search(rf"\b{word.lower()}", name)]
    assert ledger.total(source_name=word) == len(found) > 0


def test_counts_by_verdict_are_those_of_the_files(ledger: Ledger) -> None:
    everywhere: Counter[str] = Counter()
    for lines in ledger.lines.values():
        dataset = lines[0]["dataset"]
        if dataset != DEATHS:
            expected = Counter(filter(None, map(verdict_of, lines)))
            read = {verdict.value: ledger.total(topic=dataset, verdict=verdict.value) for verdict in Verdict}
            assert {verdict: number for verdict, number in read.items() if number} == expected
            everywhere += expected
    facets = ledger.api.read("/v1/claims/facets", params={"field": "verdict", "include_total": True})
    (facet,) = facets["facets"]
    assert {each["value"]: each["claims"] for each in facet["values"]} == everywhere
    assert facet["missing"] == facets["total"] - everywhere.total()


def test_counts_by_topic_are_those_of_the_file(ledger: Ledger) -> None:
    subjects = Counter(subject for line in ledger.lines["liar_valid"] for subject in set(line["extra"]["subjects"]))
    for subject, number in subjects.most_common(20):
        assert ledger.total(topic=subject) == number
    facets = ledger.api.read("/v1/claims/facets", params={"field": "topic", "limit": 20, "topic": "liar"})
    (facet,) = facets["facets"]
    expected = subjects + Counter({"liar": len(ledger.lines["liar_valid"])})
    assert {each["value"]: each["claims"] for each in facet["values"]}.items() <= expected.items()


def test_counts_by_month_and_country_are_those_of_the_file(ledger: Ledger) -> None:
    lines = ledger.lines["ucdp_2016"]
    assert ledger.total(country="SY") == len(lines)
    assert ledger.total(country="US") == 0
    for month in MONTHS:
        ends = [(line["date"][:7], line["date"][-10:-3]) for line in lines]
        certain = sum(first == last == month for first, last in ends)
        possible = sum(first <= month <= last for first, last in ends)
        assert ledger.total(country="SY", occurred=month, occurred_match="certainly") == certain
        assert ledger.total(country="SY", occurred=month) == possible


def test_deaths_by_month_and_side_are_those_of_the_file(ledger: Ledger) -> None:
    assert deaths_read(ledger.api) == deaths_in(ledger.lines["ucdp_2016"])


class Writer(Thread):
    """Records claims over connections of its own, one after another, until it is told to stop."""

    def __init__(self, api: Api, stop: Event) -> None:
        super().__init__()
        self._api, self._stopping = api, stop
        self.written = 0

    def run(self) -> None:
        while not self._stopping.is_set():
            occurred = {"edtf": f"2016-{1 + self.written % 12:02}"}
            review = assessment_body(confidence=self.written % 101, review_url="https://apublica.org/new")
            self._api.create("/v1/claims", claim_body(occurred=occurred, assessment=review))
            self.written += 1


@contextmanager
def somebody_writing(ledger: Ledger, portal: BlockingPortal) -> Iterator[Writer]:
    """Somebody else who records claims all the while, in what shares nothing with the caller but the database."""
    database, stop = Database(ledger.context.database.url.render_as_string(hide_password=False)), Event()
    context = Context(settings=ledger.context.settings, database=database, pepper=ledger.context.pepper)
    writer = Writer(_caller(context, ledger.key, portal), stop)
    writer.start()
    try:
        yield writer
    finally:
        stop.set()
        writer.join()
        database.dispose()


def visited(ledger: Ledger, portal: BlockingPortal, path: str, **params: Any) -> Counter[str]:
    """How often each id stands in the pages of a list that are read while somebody writes."""
    visited: Counter[str] = Counter()
    params |= {"limit": PAGE, "fields": "id"}
    with somebody_writing(ledger, portal) as writer:
        while True:
            page = ledger.api.read(path, params=params)
            visited.update(item["id"] for item in page["items"])
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
            seen = writer.written
            assert eventually(lambda: writer.written > seen)  # noqa: B023  # called at once
    return visited


@pytest.mark.parametrize("sign", ["", "-"], ids=["up", "down"])
@pytest.mark.parametrize("sort", ["recorded_at", "occurred", "confidence"])
def test_pages_visit_each_claim_once_while_somebody_writes(
    ledger: Ledger, portal: BlockingPortal, sort: str, sign: str
) -> None:
    found = visited(ledger, portal, "/v1/claims", sort=sign + sort)
    assert set(found.values()) == {1}
    assert found.keys() >= ledger.ids["/v1/claims"]


@pytest.mark.parametrize("sort", ["recorded_on", "-recorded_on"])
def test_pages_visit_each_source_once_while_somebody_writes(ledger: Ledger, portal: BlockingPortal, sort: str) -> None:
    found = visited(ledger, portal, "/v1/sources", sort=sort)
    assert set(found.values()) == {1}
    assert found.keys() >= ledger.ids["/v1/sources"]


@pytest.mark.parametrize("sort", ["recorded_at", "-recorded_at"])
def test_pages_visit_each_document_once_while_somebody_writes(
    ledger: Ledger, portal: BlockingPortal, sort: str
) -> None:
    found = visited(ledger, portal, "/v1/documents", sort=sort)
    assert set(found.values()) == {1}
    assert found.keys() >= ledger.ids["/v1/documents"]


def test_pages_visit_each_match_once_while_somebody_writes(ledger: Ledger, portal: BlockingPortal) -> None:
    words = "workers OR percent OR que"
    before = visited(ledger, portal, "/v1/claims", q=words, sort="recorded_at")
    found = visited(ledger, portal, "/v1/claims", q=words)
    assert len(before) > PAGE
    assert set(found.values()) == {1}
    assert found.keys() >= before.keys()


def test_google_s_client_visits_each_review_once_while_another_process_serves_it(
    ledger: Ledger, portal: BlockingPortal
) -> None:
    lines = [line for line in ledger.lines["factckbr"] if line["verdict"] is not None]
    expected = Counter(
        (line["claim"], line["url"], line["verdict"], line["extra"]["review_date"][:10], line["extra"]["reviewer"])
        for line in lines
    )
    database = ledger.context.database.url.render_as_string(hide_password=False)
    found: Counter[tuple[str, ...]] = Counter()
    with running_server(ledger.context.settings.data_dir, database) as server, somebody_writing(ledger, portal):
        client = fact_check_tools_at(server.base_url, ledger.key)
        for site in sorted({line["extra"]["reviewer"] for line in lines}):
            asked = {"reviewPublisherSiteFilter": f"www.{site}", "languageCode": "pt-BR", "pageSize": 50}
            request = client.claims().search(**asked)
            while request is not None:
                page = request.execute()
                found.update(_reviews(page))
                request = client.claims().search_next(request, page)
        client.close()
    assert found == expected


def _reviews(page: Any) -> Iterator[tuple[str, ...]]:
    for claim in page["claims"]:
        for review in claim["claimReview"]:
            day, publisher = review["reviewDate"][:10], review["publisher"]
            assert publisher["name"] == publisher["site"]
            yield claim["text"], review["url"], review["textualRating"], day, publisher["site"]


def test_reviews_by_site_are_those_of_the_file(ledger: Ledger) -> None:
    lines = ledger.lines["averitec_all_minus_dev"]
    sites = Counter(str(urlsplit(review_url(line) or "").hostname).removeprefix("www.") for line in lines)
    for site, number in sites.most_common(5):
        asked = {"reviewPublisherSiteFilter": site, "languageCode": "en", "pageSize": PAGE}
        found: list[str] = []
        while True:
            page = ledger.api.read("/v1alpha1/claims:search", params=asked)
            found += [review["url"] for claim in page["claims"] for review in claim["claimReview"]]
            if "nextPageToken" not in page:
                break
            asked["pageToken"] = page["nextPageToken"]
        assert len(found) == number
