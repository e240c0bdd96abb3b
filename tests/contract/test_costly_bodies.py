"""What the worst body costs, whatever its shape: its processor time and memory, and health beside 64 of them.

Bodies are as long and as full as may be, of every route: what JSON can be made of, and what each route's description
lets in, its texts filled with what is slow to look at. What a write does once its body is accepted is measured of
single records only, not of batches.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest

from app import startup
from app.kit.bodies import PLACES, PLACES_OF_CALLER
from app.kit.db import Database
from app.kit.json_body import MAX_MEMBERS, MAX_VALUES
from app.settings import Settings
from tests.factories import attribution_body, claim_body, document_body, source_body
from tests.fixtures.api import make_key
from tests.fixtures.beside import beside
from tests.fixtures.described import resolved
from tests.fixtures.proofs import FULL, Prove
from tests.fixtures.server import Server, running_server

MOST_BYTES: Final = Settings().max_body_bytes
LONGEST_TEXT: Final = 1_000_000
HEALTH_SECONDS: Final = 10 if FULL else 3
BESIDE_OTHER_TESTS_S: Final = 4.0
"""What health may take where other tests have the machine too; the promise is kept by a run of its own."""
WORST: Final = 5 if FULL else 1
"""Of so many shapes, the costliest, 64 are sent at once."""
TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")

Text = Callable[[int], str]


def repeated(unit: str) -> Text:
    """A text of any length, of one unit again and again."""
    return lambda length: (unit * (length // len(unit) + 1))[:length]


TEXTS: Final[Mapping[str, Text]] = {
    "a letter": lambda _length: "a",
    "letters": repeated("a"),
    "words": repeated("nine workers "),
    "spaces": lambda length: " " * (length - 1) + "x",
    "combining marks": repeated("a\u0301\u0327"),
    "ligatures": repeated("\ufdfa"),
    "Han": repeated("北韓"),
    "dates": lambda length: ("[" + "2001," * (length // 5))[: length - 1] + "]",
    "an address": lambda length: ("https://a.example/?" + "b=%41;c&" * (length // 8))[:length],
    "lines": repeated("-----BEGIN AGE ENCRYPTED FILE-----\n"),
}
"""What strings are filled with, whose length is the longest that may be."""
SHORT_TEXTS: Final = ("a letter", "ligatures")
"""Those of a short run."""


def filled(unit: str) -> bytes:
    """An array of so many of the unit as a body can hold."""
    return f"[{','.join([unit] * (MOST_BYTES // (len(unit) + 1) - 2))}]".encode()


def sparse(unit: str) -> bytes:
    """An array of so many of the unit as there may be values."""
    values = unit.count(",") + unit.count("[") + unit.count("{") + 1
    return f"[{','.join([unit] * (MAX_VALUES // values - 1))}]".encode()


MEMBERS: Final = ",".join(f'"m{number}":{{}}' for number in range(MAX_MEMBERS))
PLAIN: Final[Mapping[str, bytes]] = {
    "75,000 unknown names": json.dumps({f"{number:x}": 1 for number in range(75_000)}).encode(),
    "numbers": filled("1"),
    "as many numbers as may be": sparse("1"),
    "empty arrays": filled("[]"),
    "as many empty objects as may be": sparse("{}"),
    "objects with unknown names": sparse(f"{{{MEMBERS}}}"),
    "objects with one name twice": sparse('{"a":1,"a":1}'),
    "nests": sparse("[" * 30 + "]" * 30),
    "openings": b"[" * MOST_BYTES,
    "closings": b"]" * MOST_BYTES,
    "commas": b"[" + b"," * (MOST_BYTES - 2) + b"]",
    "strings": filled('""'),
    "strings with NUL": sparse('"\\u0000"'),
    "a string of escapes": b'"' + b"\\ud83d\\ude00" * (MOST_BYTES // 12 - 1) + b'"',
    "a string of backslashes": b'"' + b"\\" * (MOST_BYTES - 2) + b'"',
    "a string without an end": b'"' + b'\\"' * (MOST_BYTES // 2 - 1),
    "long numbers": filled("9" * 64),
    "long fractions": sparse("0." + "9" * 30),
    "exponents": sparse("1e99"),
    "what is no number": filled("NaN"),
    "no UTF-8": b"\xff" * MOST_BYTES,
}
"""What a body can be that is no body of a route's; in the API they are all alike."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request: where to, with which body, and what is said of it."""

    name: str
    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request took of the server."""

    seconds: float
    mib: float
    status: int


def of_every_route(document: Mapping[str, Any], ids: Mapping[str, str]) -> Iterator[Sent]:
    """For each route, with each text, the fullest body that its description lets in, and one unknown name more."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "requestBody" not in operation:
                continue
            schema = next(iter(operation["requestBody"]["content"].values()))["schema"]
            for name in TEXTS if FULL else SHORT_TEXTS:
                body = fullest(document, schema, TEXTS[name])
                yield Sent(f"{method.upper()} {path}: {name}", method.upper(), path.format(**ids), body)


def fullest(document: Mapping[str, Any], schema: Mapping[str, Any], text: Text) -> bytes:
    """The longest body of that schema that is still short enough, its arrays all as long as one another."""
    body = b"{}"
    for items in (1, 2, 3, 5, 8, 12, 20, 30, 50, 100, 200, 1000):
        value = made(document, schema, lru_cache(text), items)
        longer = json.dumps({**value, "unknown": 1}, ensure_ascii=False).encode()
        if len(longer) > MOST_BYTES or longer.count(b",") + longer.count(b"[") + longer.count(b"{") > MAX_VALUES:
            break
        body = longer
    return body


def made(document: Mapping[str, Any], schema: Mapping[str, Any], text: Text, items: int) -> Any:
    """A value of that schema with every field, with so many items in each array where so many may be."""
    schema = resolved(document, schema)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            kinds = [resolved(document, each) for each in schema[several]]
            kind = next((each for each in kinds if each.get("type") in {"object", "array", "string"}), kinds[0])
            return made(document, kind, text, items)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            return {name: made(document, each, text, items) for name, each in schema.get("properties", {}).items()}
        case "array":
            count = min(items, schema.get("maxItems", items))
            return [made(document, schema["items"], text, items)] * count
        case "string":
            return text(min(schema.get("maxLength", 64), LONGEST_TEXT // 6))
        case "integer" | "number":
            return schema.get("maximum", 1)
        case _:
            return True


def of_writes(ids: Mapping[str, str]) -> Iterator[Sent]:
    """Bodies that are accepted, and cost what is done with them: long texts, and quotations of a text of a megabyte."""
    for name in TEXTS if FULL else SHORT_TEXTS:
        text = TEXTS[name](LONGEST_TEXT // len(TEXTS[name](100)[:1].encode()) - 1000)
        yield json_sent(f"a document's text: {name}", "POST", "/v1/documents", document_body(text=text, url=None))
        some = TEXTS[name](400).strip() or "a"
        yield json_sent(
            f"a source: {name}", "POST", "/v1/sources", source_body(aliases=[f"{some} {n}" for n in range(50)])
        )
        yield json_sent(f"a text to match: {name}", "POST", "/v1/match", {"text": TEXTS[name](10_000)})
    path = f"/v1/claims/{ids['claim_id']}/attributions"
    for name, exact in {
        "absent": "Ten workers left. " * 500,
        "everywhere": "Nine workers left.",
        "found": "The end.",
    }.items():
        body = attribution_body(document_id=ids["document_id"], quote={"exact": exact})
        body.pop("document", None)
        yield json_sent(f"a quotation, {name}", "POST", path, body)


def json_sent(name: str, method: str, path: str, body: Any) -> Sent:
    """A request with that body."""
    return Sent(name, method, path, json.dumps(body, ensure_ascii=False).encode())


class Watched:
    """A running server, what requests cost it, and the keys that send them."""

    def __init__(self, server: Server, keys: list[str]) -> None:
        self._process, self._keys = Path("/proc") / str(server.pid), keys
        self._base_url = server.base_url
        self._address = str(urlsplit(server.base_url).hostname), urlsplit(server.base_url).port or 0

    def cost(self, sent: Sent) -> Cost:
        """What this one request costs."""
        (self._process / "clear_refs").write_text("5")  # has the highest memory counted anew
        seconds, before = self._seconds(), self._memory("VmRSS")
        address, own = f"{self._base_url}{sent.path}", headers(self._keys[0], sent)
        answer = httpx.request(sent.method, address, content=sent.body, headers=own, timeout=60)
        assert answer.status_code < 500, (sent.name, answer.text)
        return Cost(self._seconds() - seconds, self._memory("VmHWM") - before, answer.status_code)

    def _seconds(self) -> float:
        fields = (self._process / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    def _memory(self, name: str) -> float:
        lines = (self._process / "status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))

    def health_beside(self, sent: Sent) -> float:
        """The longest that health takes to tell, in seconds, while as many of this request as may be come at once."""
        with beside(self._send_for_ever, sent):
            return asyncio.run(self._slowest_health(time.monotonic() + HEALTH_SECONDS))

    async def _send_for_ever(self, sent: Sent) -> None:
        await asyncio.gather(*(self._send(number, sent) for number in range(PLACES)))

    async def _send(self, number: int, sent: Sent) -> None:
        key = self._keys[number // PLACES_OF_CALLER]
        lines = [f"{sent.method} {sent.path} HTTP/1.1", "Host: onrecord.test", f"Content-Length: {len(sent.body)}"]
        lines += [f"{name}: {value}" for name, value in headers(key, sent).items()]
        whole = "\r\n".join([*lines, "", ""]).encode() + sent.body
        while True:
            own = f"127.0.0.{number // PLACES_OF_CALLER + 2}"
            reader, writer = await asyncio.open_connection(*self._address, local_addr=(own, 0))
            writer.write(whole)
            status = int((await reader.readuntil(b"\r\n\r\n")).split()[1])
            assert status < 500 or status == 503, sent.name
            writer.close()

    async def _slowest_health(self, until: float) -> float:
        slowest = 0.0
        while time.monotonic() < until:
            started = time.monotonic()
            reader, writer = await asyncio.open_connection(*self._address)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: onrecord.test\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            writer.close()
            slowest = max(slowest, time.monotonic() - started)
            await asyncio.sleep(0.02)
        return slowest


def headers(key: str, sent: Sent) -> dict[str, str]:
    """The request's headers, without which its body would not be looked at."""
    kind = "application/merge-patch+json" if sent.method == "PATCH" else "application/json"
    return {"Authorization": f"Bearer {key}", "Content-Type": kind, "If-Match": "*"}


def recorded(server: Server, key: str) -> dict[str, str]:
    """Ids of what the paths name: a claim with all that it has, and a document with a text of a megabyte."""
    with httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:

        def create(path: str, body: Any) -> Any:
            return client.post(path, json=body).raise_for_status().json()

        text = "Nine workers left. " * (LONGEST_TEXT // 20) + "The end."
        document = create("/v1/documents", document_body(text=text, url=None))
        claim, other = (create("/v1/claims", claim_body(attributions=[attribution_body()])) for _ in range(2))
        relation = create(f"/v1/claims/{claim['id']}/relations", {"other_claim_id": other["id"], "kind": "refines"})
        made_key = create("/v1/keys", {"name": "another", "scopes": ["claims:read"]})
        return {
            "claim_id": claim["id"],
            "attribution_id": claim["attributions"][0]["id"],
            "relation_id": relation["id"],
            "document_id": document["id"],
            "source_id": create("/v1/sources", source_body())["id"],
            "key_id": made_key["id"],
        }


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="Linux tells what a process takes; here it is not."
)
def test_no_body_costs_much(own_database: Database, tmp_path: Path, engine_name: str, prove: Prove) -> None:
    url = own_database.url.render_as_string(hide_password=False)
    context = startup.open_context(Settings(data_dir=tmp_path, database_url=url))
    startup.migrate(context.database)
    keys = [make_key(context) for _ in range(PLACES // PLACES_OF_CALLER)]
    context.database.dispose()
    with running_server(tmp_path, url) as server:
        watched, ids = Watched(server, keys), recorded(server, keys[0])
        document = httpx.get(f"{server.base_url}/openapi.json").json()
        plain = [Sent(name, "POST", "/v1/claims", body) for name, body in PLAIN.items()]
        all_sent = [*plain, *of_every_route(document, ids), *of_writes(ids)]
        watched.cost(all_sent[0])  # what the first request of all takes is not the body's
        costs = [(watched.cost(sent), sent) for sent in all_sent]
        worst = sorted(costs, key=lambda each: -each[0].seconds)
        slowest = max(watched.health_beside(sent) for _, sent in islice(worst, WORST))
    for cost, sent in worst[:12]:
        print(f"{cost.seconds:.2f} s, {cost.mib:.0f} MiB, {cost.status}, {len(sent.body)} bytes: {sent.name}")  # noqa: T201
    assert slowest <= BESIDE_OTHER_TESTS_S
    figures = {
        "shapes": len(all_sent),
        "most processor time, seconds": round(worst[0][0].seconds, 2),
        "most memory, MiB": round(max(cost.mib for cost, _ in costs)),
    } | ({"slowest health answer, seconds": round(slowest, 2)} if FULL else {})
    prove("costly-bodies", engine_name, figures)
