"""The API held against its own description by Schemathesis: valid, invalid and linked requests, on both engines.

The app runs in this process over a database of its own, since Schemathesis's requests commit. The seed is fixed, so a
failure comes back. `make fuzz` runs the same with more requests.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import JsonSchemaError
from schemathesis.python.asgi import shutdown_lifespans

from app import startup
from app.main import create_app
from app.settings import Settings
from tests import factories
from tests.fixtures.api import Api, make_key
from tests.fixtures.postgres import drop_database, fresh_database

SEED: Final = 20261123
EXAMPLES: Final = int(os.environ.get("ONRECORD_FUZZ_EXAMPLES", "2"))
"""Random requests an operation, in each phase that makes any."""
FEW: Final = 10
"""With fewer examples the run is to be short."""
REFUSALS: Final = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 431]
CHECKS: Final[dict[str, Any]] = {
    "negative_data_rejection": {"expected-statuses": REFUSALS},
    "missing_required_header": {"expected-statuses": [400, 401, 403, 404, 415, 422, 428]},
    # Rules between fields, EDTF, codes and unknown references cannot be said in JSON Schema.
    "positive_data_acceptance": {"enabled": False},
}
IN_PARTS: Final[dict[str, Any]] = {"phases": {"coverage": {"enabled": EXAMPLES >= FEW}}}
"""For bodies whose parts are covered as bodies of their own, and which would be two fifths of a short run."""
OPERATIONS: Final[list[dict[str, Any]]] = [
    # It would revoke the key that the requests are sent with.
    {"include-operation-id": "revoke_key", "enabled": False},
    {
        "include-operation-id": "create_claims",
        # `batch` stands where an id could: other methods are answered for an id of that form.
        "checks": {"unsupported_method": {"enabled": False}, "allow_header_conformance": {"enabled": False}},
        **IN_PARTS,
    },
    # So does `facets`.
    {
        "include-operation-id": "count_claims",
        "checks": {"unsupported_method": {"enabled": False}, "allow_header_conformance": {"enabled": False}},
    },
    {"include-operation-id": "create_claim", **IN_PARTS},
]


@dataclass(frozen=True)
class Served:
    """An app over a database that has one record of each kind, a key to it, and the records' ids by parameter."""

    app: FastAPI
    key: str
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
    yield Served(app, key, _record(Api(app, context, portal, key)))
    shutdown_lifespans()
    if server is not None:
        drop_database(server, name)


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
        "other_id": other_id,
        "other_claim_id": other_claim["id"],
    }


def _config(served: Served) -> SchemathesisConfig:
    """Requests that name what is recorded two times in three, and its current version."""
    given = {**served.ids, "if-match": "*"}
    likely = {f"path.{name}": name for name in served.ids if not name.startswith("other")}
    likely |= {f"body.{name}": name for name in ("other_id", "other_claim_id", "document_id")}
    likely |= {"header.If-Match": "if-match"}
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "headers": {"Authorization": f"Bearer {served.key}"},
            "dictionaries": {name: {"values": [value]} for name, value in given.items()},
            "parameters": {name: {"dictionary": of, "probability": 0.67} for name, of in likely.items()},
            "generation": {"max-examples": EXAMPLES, "deterministic": True},
            "checks": CHECKS,
            "operations": OPERATIONS,
            "warnings": False,
        }
    )


def _is_fault(context: HookContext, failure: Failure, case: schemathesis.Case[Any], response: Response) -> bool:
    # With `fields` an answer is less than its schema requires, as the parameter's description says.
    return not (isinstance(failure, JsonSchemaError) and "fields" in (case.query or {}))


def test_every_answer_is_as_described(served: Served) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", served.app, config=_config(served))
    schema.hook("filter_failure")(_is_fault)
    failures: list[str] = []
    answers: Counter[int] = Counter()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            recorder = event.recorder
            answers.update(seen.response.status_code for seen in recorder.interactions.values() if seen.response)
            failures += [
                f"{event.phase.value}: {recorder.cases[case_id].value.as_curl_command()}\n{check.failure_info.failure}"
                for case_id, checks in recorder.checks.items()
                for check in checks
                if check.failure_info is not None
            ]
        elif isinstance(event, events.NonFatalError | events.FatalError):
            failures.append(repr(event))
    assert not failures, "\n\n".join(failures[:10])
    # Enough of the requests got through to the records for the rest to mean something.
    assert answers[200] + answers[201] + answers[204] > len(served.ids)
