"""No refusal and no line of the log has anything of what was sent: a marked text is put in every place in turn."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi import FastAPI

from app.access.context import Context
from tests.factories import assessment_body, recorded_claim, recorded_document, recorded_source
from tests.fixtures.api import Api
from tests.fixtures.asgi import Bytes, Header

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


CANARY = "Canary zqx: Mark Felt"
MISSPELT = "misspelt"


def test_no_answer_and_no_log_line_has_what_was_sent(
    call: Bytes,
    api: Api,
    app: FastAPI,
    context: Context,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    tried = refused = 0
    ids = _recorded_ids(api)
    caplog.set_level("DEBUG")
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        for method, target, body, headers in _requests_with(CANARY, app.openapi(), ids):
            answer = call(method, target, body, headers=headers)
            assert answer.status < 500, (method, target, body)
            tried += 1
            if answer.status < 400:
                continue
            refused += 1
            said = str(answer.headers.raw) + answer.body.decode()
            for part in CANARY.split():
                assert part not in said, (method, target, body, answer.body)
    captured = capsys.readouterr()
    logged = f"{lines}{caplog.text}{captured.out}{captured.err}"
    assert len(lines) == tried
    assert not re.search("Canary|zqx|Felt", logged)
    assert refused >= 2000


def _recorded_ids(api: Api) -> dict[str, str]:
    claim, other = recorded_claim(api), recorded_claim(api)
    path = f"/v1/claims/{claim['id']}"
    source_id = recorded_source(api)
    relation = {"other_id": recorded_source(api), "kind": "distinct_from"}
    return {
        "claim_id": claim["id"],
        "source_id": source_id,
        "document_id": recorded_document(api),
        "attribution_id": claim["attributions"][0]["id"],
        "assessment_id": api.create(f"{path}/assessments", assessment_body())["id"],
        "claims relation_id": api.create(f"{path}/relations", {"other_claim_id": other["id"], "kind": "refines"})["id"],
        "sources relation_id": api.create(f"/v1/sources/{source_id}/relations", relation)["id"],
        "key_id": UNKNOWN_ID,
    }


Sent = tuple[str, str, Any, list[Header]]


def _requests_with(mark: str, document: dict[str, Any], ids: dict[str, str]) -> Iterator[Sent]:
    """Requests to every operation with the mark in each place in turn: ids, parameters, headers, fields and names."""
    for path, operations in document["paths"].items():
        real = re.sub(r"{(\w+)}", lambda found: ids.get(found[1]) or ids[f"{path.split('/')[2]} {found[1]}"], path)  # noqa: B023  # called at once
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            media_type = next(iter(content), None)
            schema = _resolved(document, content[media_type]["schema"]) if media_type else None
            sound = schema["examples"][0] if schema else None
            own: list[Header] = [("content-type", media_type)] if media_type else []
            matching = [*own, ("if-match", "*")]
            for parameter in operation.get("parameters", []):
                yield from _with_parameter(mark, method.upper(), path, real, parameter, sound, own)
            for misspelt in (mark, f"a={mark}"):
                yield method.upper(), f"{real}?{misspelt}", sound, matching
            for media_or_key in (("content-type", mark), ("authorization", f"Bearer {mark}"), ("authorization", mark)):
                yield method.upper(), real, sound, [media_or_key]
            # A batch is made of what the route of one claim takes.
            if schema is not None and not path.endswith("/batch"):
                for body in _bodies(mark, document, schema, sound):
                    yield method.upper(), real, body, matching


def _with_parameter(
    mark: str, method: str, path: str, real: str, parameter: dict[str, Any], sound: Any, own: list[Header]
) -> Iterator[Sent]:
    name = parameter["name"]
    match parameter["in"]:
        case "path":
            steps = zip(path.split("/"), real.split("/"), strict=True)
            yield method, "/".join(mark if step == f"{{{name}}}" else given for step, given in steps), sound, own
        case "query":
            for query in (f"{name}={mark}", f"{name}={mark}&{name}={mark}", f"{name}=%00{mark}"):
                yield method, f"{real}?{query}", sound, own
        case "header":
            for value in (mark, f'"{mark}"', f"W/{mark}", mark * 20):
                yield method, real, sound, [*own, (name.lower(), value)]


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def _bodies(mark: str, document: dict[str, Any], schema: dict[str, Any], sound: Any) -> Iterator[Any]:
    yield from ([mark], mark, {mark: mark}, {**sound, mark: 1}, {**sound, MISSPELT: mark})
    for place in _places(document, schema, ()):
        for value in (mark, [mark], {mark: mark}, mark * 600):
            yield _placed(sound, place, value)
        # Refused for another reason: the field may take any text.
        yield {**_placed(sound, place, mark), MISSPELT: 1}


def _places(
    document: dict[str, Any], schema: dict[str, Any], above: tuple[str | int, ...]
) -> Iterator[tuple[str | int, ...]]:
    """Ways to every field, and into the first item of every array."""
    schema = _resolved(document, schema)
    for branch in schema.get("anyOf", ()):
        yield from _places(document, branch, above)
    for name, field in schema.get("properties", {}).items():
        yield (*above, name)
        yield from _places(document, field, (*above, name))
    if "items" in schema:
        yield (*above, 0)
        yield from _places(document, schema["items"], (*above, 0))


def _placed(body: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """The body with the value at the place; what is on the way there is made where it is missing."""
    if not place:
        return value
    step, *rest = place
    if isinstance(step, int):
        items = body if isinstance(body, list) and body else [{}]
        return [_placed(items[0], tuple(rest), value), *items[1:]]
    fields = body if isinstance(body, dict) else {}
    return {**fields, step: _placed(fields.get(step), tuple(rest), value)}
