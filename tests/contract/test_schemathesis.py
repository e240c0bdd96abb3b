"""The API held against its own description by Schemathesis: valid, invalid and linked requests, on both engines.

The app runs in this process over a database of its own, since Schemathesis's requests commit. The seed is fixed, so a
failure comes back. `make fuzz` runs the same with more requests.
"""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
import structlog
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from hypothesis.strategies import SearchStrategy, builds, just
from schemathesis.config import ChecksConfig, SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER, HookContext
from schemathesis.openapi.checks import JsonSchemaError
from schemathesis.python.asgi import shutdown_lifespans
from starlette.types import Receive, Scope, Send

from app import startup
from app.identities.age import new_private_key
from app.main import create_app
from app.settings import Settings
from tests import factories
from tests.fixtures.api import Api, make_key
from tests.fixtures.postgres import drop_database, fresh_database
from tests.fixtures.proofs import FULL, Prove

SEED: Final = 20261123
FUZZED: Final = int(os.environ.get("ONRECORD_FUZZ_EXAMPLES", "20" if FULL else "2"))
"""Random requests of each operation, at the most."""
ROUNDS: Final = 6 if FULL else 1
"""Rounds of chains of requests, each of which goes on with what the one before was answered; each of another seed,
since Hypothesis ends a round where a write that is repeated is answered otherwise."""
CHAINS: Final = 40
"""Chains of a round, at the most."""
STEPS: Final = 10
"""Longest chain."""
DEEP: Final = 2
"""Links that some chain must have gone on by,"""
DIFFERENT: Final = 8
"""and how many different ones must have been gone on by in all."""
REFUSALS: Final = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 431]
ACCEPTED: Final = ["2xx", "3xx", "403", "404", "409", "412"]
"""What a request that the description allows may be answered: it may name what is not there or has changed."""
CHECKS: Final[dict[str, Any]] = {
    "negative_data_rejection": {"expected-statuses": REFUSALS},
    "missing_required_header": {"expected-statuses": [400, 401, 403, 404, 415, 422, 428]},
    # Rules between fields, EDTF, codes and unknown references cannot be said in JSON Schema; see SAID_WHOLLY.
    "positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "422"]},
    "max_response_time": 30,
    # A record belongs to the newsroom and not to the key that recorded it. Who sees what is held elsewhere:
    # tests/contract/test_access_matrix.py, tests/contract/test_noninterference.py.
    "object_level_authorization": {"enabled": False},
}
NOT_MADE: Final = "object_level_authorization"
MADE: Final = frozenset(each.name for each in fields(ChecksConfig) if not each.name.startswith("_")) - {NOT_MADE}
"""The checks of the installed version that must have been made of some answer."""
SAID_WHOLLY: Final = (
    "healthz",
    "readyz",
    "list_vocabularies",
    "get_attribution",
    "get_assessment",
    "get_relation",
    "get_source_relation",
    "remove_attribution",
    "remove_source_relation",
    "retire_custodian",
    "check_sourcing",
    "get_exposure",
)
"""Operations of which the description says every rule: what it allows is never refused as invalid."""
NOT_COVERED: Final[dict[str, Any]] = {"phases": {"coverage": {"enabled": FULL}}}
LARGE: Final = (
    "create_claim",
    "patch_claim",
    "list_claims",
    "list_claims_of_source",
    "create_attribution",
    "patch_attribution",
    "create_assessment",
    "patch_source",
    "patch_document",
)
"""Operations, `create_claims` and `count_claims` beside, with four fifths of all there is to cover: a short run leaves
them to chance."""
STRICT: Final = {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}
STAYS: Final = {"use_after_free": {"enabled": False}}
"""Whose key it was, and who was a custodian, can be read for good: revoking and retiring delete nothing."""
EITHER_HEADER: Final = {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "422", "428"]}}
"""That one of two headers must be there cannot be said either."""
ID_OR_WORD: Final = {"unsupported_method": {"enabled": False}, "allow_header_conformance": {"enabled": False}}
"""`batch` and `facets` stand where an id could: other methods are answered for an id of that form."""


@dataclass
class Counting:
    """The app, and how many requests it was sent."""

    app: FastAPI
    requests: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += scope["type"] == "http"
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class Served:
    """An app over a database that has one record of each kind, a key to it, and the records' ids by parameter."""

    app: Counting
    key: str
    key_id: str
    ids: dict[str, str]


@pytest.fixture
def served(
    engine_name: str, portal: BlockingPortal, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Served]:
    """The app as it is served, on either engine."""
    url, server, name = None, None, f"onrecord_schemathesis_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    if engine_name == "postgresql":
        server = request.getfixturevalue("postgres_dsn")
        url = fresh_database(server, name)
    settings = Settings(data_dir=tmp_path, database_url=url)
    context = startup.open_context(settings)
    startup.migrate(context.database)
    app = create_app(settings, context)
    app.state.context = context
    key = make_key(context)
    api = Api(app, context, portal, key)
    key_id = api.read("/v1/keys")["items"][0]["id"]
    yield Served(Counting(app), key, key_id, _record(api))
    shutdown_lifespans()
    if server is not None:
        drop_database(server, name)


@pytest.fixture
def quiet() -> Iterator[None]:
    """Thousands of requests without a line of the log for each."""
    before = structlog.get_config()
    structlog.configure(**{**before, "wrapper_class": structlog.make_filtering_bound_logger(logging.ERROR)})
    yield
    structlog.configure(**before)


def _record(api: Api) -> dict[str, str]:
    source_id, other_id = factories.recorded_source(api), factories.recorded_source(api)
    claim, other_claim = factories.recorded_claim(api), factories.recorded_claim(api)
    path, relation = f"/v1/claims/{claim['id']}", {"other_claim_id": other_claim["id"], "kind": "refines"}
    return {
        "source_id": source_id,
        "claim_id": claim["id"],
        "document_id": factories.recorded_document(api),
        "attribution_id": claim["attributions"][0]["id"],
        "assessment_id": api.create(f"{path}/assessments", factories.assessment_body())["id"],
        "relation_id": api.create(f"{path}/relations", relation)["id"],
        "key_id": api.create("/v1/keys", KEY)["id"],
        "other_id": other_id,
        "other_claim_id": other_claim["id"],
    }


def _config(served: Served, phases: Mapping[str, Any], *, seed: int) -> SchemathesisConfig:
    """Requests that name what is recorded two times in three, and its current version."""
    given = {**served.ids, "if-match": "*"}
    likely = {f"path.{name}": name for name in served.ids if not name.startswith("other")}
    likely |= {f"body.{name}": name for name in ("other_id", "other_claim_id", "document_id")}
    likely |= {"header.If-Match": "if-match"}
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "headers": {"Authorization": f"Bearer {served.key}"},
            "dictionaries": {name: {"values": [value]} for name, value in given.items()},
            "parameters": {name: {"dictionary": of, "probability": 0.67} for name, of in likely.items()},
            "generation": {"max-examples": FUZZED, "deterministic": phases is ALONE},
            "phases": phases,
            "checks": CHECKS,
            "operations": [
                *({"include-operation-id": each, "checks": STRICT} for each in SAID_WHOLLY),
                *({"include-operation-id": each, **NOT_COVERED} for each in LARGE),
                *(
                    {"include-operation-id": each, "checks": ID_OR_WORD, **NOT_COVERED}
                    for each in ("create_claims", "count_claims")
                ),
                {"include-operation-id": "get_key", "checks": STRICT | STAYS},
                {"include-operation-id": "get_custodian", "checks": STRICT | STAYS},
                {"include-operation-id": "seal_identity", "checks": EITHER_HEADER},
            ],
            "warnings": False,
        }
    )


ALONE: Final[Mapping[str, Any]] = {"stateful": {"enabled": False}}
CHAINED: Final[Mapping[str, Any]] = {
    **{phase: {"enabled": False} for phase in ("examples", "coverage", "fuzzing")},
    "stateful": {"generation": {"max-examples": CHAINS, "mode": "positive"}, "max-steps": STEPS},
}
KEY: Final = {"name": "CMS", "scopes": ["claims:read"]}
Body = Callable[[Served], dict[str, Any]]
BODIES: Final[Mapping[str, Body]] = {
    "create_claim": lambda _: factories.claim_body(),
    "patch_claim": lambda _: {"statement": "Ten workers defected."},
    "create_attribution": lambda _: factories.attribution_body(),
    "patch_attribution": lambda _: {"cue": "said"},
    "create_assessment": lambda _: factories.assessment_body(),
    "create_relation": lambda served: {"other_claim_id": served.ids["other_claim_id"], "kind": "refines"},
    "patch_relation": lambda _: {"status": "rejected"},
    "create_document": lambda _: factories.document_body(),
    "patch_document": lambda _: {"byline": "A. Writer"},
    "create_source": lambda _: factories.source_body(),
    "patch_source": lambda _: {"role": "engineer"},
    "relate_source": lambda served: {"other_id": served.ids["other_id"], "kind": "distinct_from"},
    "create_key": lambda _: KEY,
    "register_custodian": lambda _: {"name": "A. Editor", "recipient": new_private_key().public},
}
"""Bodies that are accepted, so that a chain gets to what comes after a write."""


def _accepted(served: Served) -> Callable[[HookContext, SearchStrategy[Any]], SearchStrategy[Any]]:
    """A hook that takes one of these bodies in place of a random one, which is refused more often than not."""

    def before_generate_body(context: HookContext, strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
        assert context.operation is not None
        body = BODIES.get(context.operation.definition.raw["operationId"])
        return strategy if body is None else builds(body, just(served))

    return before_generate_body


@contextmanager
def _sparing(key_id: str, other_id: str) -> Iterator[None]:
    """Requests that would revoke their own key or put another in its place name another key instead."""

    def before_call(_context: HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
        if case.path_parameters.get("key_id") == key_id:
            case.path_parameters["key_id"] = other_id

    schemathesis.hook("before_call")(before_call)
    try:
        yield
    finally:
        GLOBAL_HOOK_DISPATCHER.unregister(before_call)


def _is_fault(context: HookContext, failure: Failure, case: schemathesis.Case[Any], response: Response) -> bool:
    # With `fields` an answer is less than its schema requires, as the parameter's description says.
    return not (isinstance(failure, JsonSchemaError) and "fields" in (case.query or {}))


@dataclass
class Seen:
    """What came of the requests."""

    failures: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    checks: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    """Those that a chain went on by."""
    deepest: int = 0
    """Links that the longest chain went on by."""

    def add(self, event: events.ScenarioFinished) -> None:
        recorder = event.recorder
        self.answers.update(seen.response.status_code for seen in recorder.interactions.values() if seen.response)
        for case_id, checks in recorder.checks.items():
            self.checks.update(check.name for check in checks)
            self.failures += [
                f"{event.phase.value}: {recorder.cases[case_id].value.as_curl_command()}\n{check.failure_info.failure}"
                for check in checks
                if check.failure_info is not None
            ]
        for case_id in recorder.cases:
            links = list(_links(recorder, case_id))
            self.links.update(links)
            self.deepest = max(self.deepest, len(links))


def _links(recorder: ScenarioRecorder, case_id: str) -> Iterator[str]:
    """The links by which a chain has come to the request, the last first."""
    node = recorder.cases[case_id]
    while node.transition is not None and node.parent_id is not None:
        yield node.transition.id
        node = recorder.cases[node.parent_id]


@pytest.fixture
def seen(served: Served, quiet: None) -> Seen:
    """What comes of all requests: first each by itself, then chains of them."""
    seen = Seen()
    for seed, phases in enumerate((ALONE, *[CHAINED] * ROUNDS), SEED):
        config = _config(served, phases, seed=seed)
        schema = schemathesis.openapi.from_asgi("/openapi.json", served.app, config=config)
        schema.hook("filter_failure")(_is_fault)
        if phases is CHAINED:
            schema.hook("before_generate_body")(_accepted(served))
        with _sparing(served.key_id, served.ids["key_id"]):
            for event in from_schema(schema).execute():
                if isinstance(event, events.ScenarioFinished):
                    seen.add(event)
                elif isinstance(event, events.NonFatalError | events.FatalError):
                    seen.failures.append(repr(event))
    return seen


def test_every_answer_is_as_described(served: Served, seen: Seen, engine_name: str, prove: Prove) -> None:
    assert not seen.failures, "\n\n".join(seen.failures[:10])
    assert seen.checks >= MADE
    # Enough of the requests got through to the records, and on from them, for the rest to mean something.
    assert seen.answers[200] + seen.answers[201] + seen.answers[204] > len(served.ids)
    assert seen.deepest >= DEEP
    assert len(seen.links) >= DIFFERENT
    prove("description", engine_name, {"requests": served.app.requests, "failures": len(seen.failures)})
