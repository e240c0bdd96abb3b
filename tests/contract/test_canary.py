"""No refusal and no line of the log has anything of what was sent: a marked text is put in every place in turn."""

import base64
import gzip
import json
import logging
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import pytest
import structlog
from fastapi import FastAPI

from app.access.context import Context
from tests.factories import assessment_body, recorded_claim, recorded_document, recorded_source
from tests.fixtures.api import Api
from tests.fixtures.asgi import Bytes, Header
from tests.fixtures.canaries import Scanner, canary
from tests.fixtures.proofs import FULL, Prove

UNKNOWN_ID: Final = "00000000-0000-4000-8000-000000000000"
MISSPELT: Final = "misspelt"
WORD: Final = canary()
MARKS: Final = (
    f"Canary {WORD}: Mark Felt",
    f"https://{WORD}.example/{WORD}?{WORD}=1#{WORD}",
    f"' OR '{WORD}' = '{WORD}'; --",
    f"{WORD}@newsroom.example, +1 202 555 0100",
    f"2023-11-23T09:30:00Z/{WORD}",
)
"""Texts of several kinds with the word in them. None looks like a field's name: a misspelt one is repeated."""
ONE_OF: Final = 2 if FULL else 19
"""One request of so many is sent: no divisor of how many there are for a mark, so that each mark gets to each place."""
TALKATIVE: Final = ("", "app", "asyncio", "psycopg", "sqlalchemy.engine", "uvicorn", "alembic", "httpx")


def test_no_answer_and_no_log_line_has_what_was_sent(
    call: Bytes,
    api: Api,
    app: FastAPI,
    context: Context,
    engine_name: str,
    prove: Prove,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    tried = refused = 0
    echoed: list[Any] = []
    ids = _recorded_ids(api)
    scanner = Scanner([WORD])
    for name in TALKATIVE:
        caplog.set_level(logging.DEBUG, logger=name)
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        sent = (each for mark in MARKS for each in _requests_with(mark, app.openapi(), ids))
        for method, target, content, headers in islice(sent, 0, None, ONE_OF):
            body, raw = (None, content) if isinstance(content, bytes) else (content, b"")
            answer = call(method, target, body, raw=raw, headers=headers)
            assert answer.status < 500, (method, target, content)
            tried += 1
            if answer.status >= 400:
                refused += 1
                if scanner.found(str(answer.headers.raw).encode() + answer.body):
                    echoed.append((method, target, content, headers, answer.body))
    assert echoed == []
    captured = capfd.readouterr()
    logged = [*map(str, lines), *caplog.text.splitlines(), *captured.out.splitlines(), *captured.err.splitlines()]
    telling = [line for line in logged if scanner.found(line.encode())]
    assert telling == []
    assert len(lines) >= tried
    prove("mute", engine_name, {"invalid requests": refused, "values echoed": len(echoed) + len(telling)})


def test_what_is_repeated_or_logged_would_be_noticed() -> None:
    for mark in MARKS:
        assert Scanner([WORD]).found(json.dumps({"detail": f"There is no {mark!r}."}).encode()) == {WORD}


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
    }


def _id(ids: dict[str, str], path: str, parameter: str) -> str:
    return ids.get(parameter) or ids.get(f"{path.split('/')[2]} {parameter}") or UNKNOWN_ID


Sent = tuple[str, str, Any, list[Header]]
"""Method, target, body or bytes, headers."""
ANY_HEADER: Final = (
    *(
        "accept",
        "accept-language",
        "access-reason",
        "content-encoding",
        "content-type",
        "cookie",
        "expect",
        "forwarded",
    ),
    *(
        "host",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "origin",
        "range",
        "referer",
        "traceparent",
        "user-agent",
    ),
    *("x-forwarded-for", "x-forwarded-proto", "x-request-id"),
)


def _requests_with(mark: str, document: dict[str, Any], ids: dict[str, str]) -> Iterator[Sent]:
    """Requests to every operation with the mark in each place in turn: ids, parameters, headers, fields and names."""
    for path, operations in document["paths"].items():
        real = re.sub(r"{(\w+)}", lambda found: _id(ids, path, found[1]), path)  # noqa: B023  # called at once
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
            for header in (*(("authorization", value) for value in _credentials(mark)), *_headers(mark)):
                given = [each for each in own if each[0] != header[0]]
                yield method.upper(), f"{real}?{MISSPELT}=1", sound, [*given, header]
            # A batch is made of what the route of one claim takes.
            if schema is not None and not path.endswith("/batch"):
                for body in (*_bodies(mark, document, schema, sound), *_broken(mark)):
                    yield method.upper(), real, body, matching
        for target in (f"{real}/{mark}", f"/{mark}{real}", f"{real}%00{mark}", f"{real}%2F..%2F{mark}"):
            yield "GET", target, None, []
        for wrong in ("TRACE", "OPTIONS", mark.upper()):
            yield wrong, f"{real}?{MISSPELT}={mark}", None, []


def _credentials(mark: str) -> Iterator[str]:
    """What could stand for a key, a token or a password, and does not."""
    encoded = (
        base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": mark, "iss": mark}).encode()).decode().rstrip("=")
    )
    yield from (mark, f"Bearer {mark}", f"Bearer onr_{mark}", f"Basic {base64.b64encode(mark.encode()).decode()}")
    yield from (f"Bearer {encoded}.{encoded}.{encoded}", f"Bearer {encoded}..{mark}")


def _headers(mark: str) -> Iterator[Header]:
    yield from ((name, mark) for name in ANY_HEADER)
    yield mark.translate(str.maketrans(" :'@", "----")), mark


def _broken(mark: str) -> Iterator[bytes]:
    """Bodies that are not what is read: no JSON, no UTF-8, no end, one name twice, too deep, numbers out of bounds."""
    text = json.dumps(mark)
    yield from (
        mark.encode(),
        text[:-1].encode(),
        b"\xff" + mark.encode(),
        mark.encode("utf-16"),
        gzip.compress(mark.encode()),
    )
    yield from (f"{{{text}: 1, {text}: 2}}".encode(), f"{{{text}: {text}".encode(), f"[{text},]".encode())
    yield f"{'[' * 40}{text}{']' * 40}".encode()
    yield f"{{{text}: 1{'0' * 99}}}".encode()
    yield f'{{"statement": {text}, "{MISSPELT}": NaN}}'.encode()
    yield f'{{"statement": "\\u0000{mark}"}}'.encode()
    yield f'{{"statement": "\\ud800{mark}"}}'.encode()
    yield f"--{mark}\r\nContent-Disposition: form-data; name={text}\r\n\r\n{mark}\r\n--{mark}--\r\n".encode()


def _with_parameter(
    mark: str, method: str, path: str, real: str, parameter: dict[str, Any], sound: Any, own: list[Header]
) -> Iterator[Sent]:
    name = parameter["name"]
    match parameter["in"]:
        case "path":
            steps = zip(path.split("/"), real.split("/"), strict=True)
            yield method, "/".join(mark if step == f"{{{name}}}" else given for step, given in steps), sound, own
        case "query":
            encoded = base64.urlsafe_b64encode(mark.encode()).decode()
            for query in (
                f"{name}={mark}",
                f"{name}={mark}&{name}={mark}",
                f"{name}=%00{mark}",
                f"{name}={encoded}.{mark}",
            ):
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
