"""One caller sends the worst that may be written, again and again; what others write meanwhile is written all the same.

The ledger has a source that thousands of claims name and an outlet that thousands of sources republish. A short run has
a tenth of both, and sends a tenth of the largest body.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import httpx
from sqlalchemy import insert
from sqlmodel import Session

from app import startup
from app.access.context import Context
from app.canonical.named import Named
from app.claims.schemas import ClaimBatch
from app.claims.service import create_claims
from app.claims.sizes import MOST_CHARACTERS, MOST_NEW, MOST_PARTS
from app.keys.service import at_the_server
from app.kit.ids import random_id
from app.kit.instants import day_of
from app.models import SourceRelation
from app.settings import Settings
from app.sources.schemas import SourceCreate
from app.sources.service import add_source
from tests.factories import claim_body, outlet_body, source_body
from tests.fixtures.api import make_key
from tests.fixtures.proofs import Prove, share
from tests.fixtures.server import running_server

NAMING: Final = 17_000
"""Claims that name one source, and sources that republish one outlet, in a full run."""
WRITES: Final = 500
"""Of others, in a full run."""
OTHERS: Final = 2
PAUSE_S: Final = 0.05
PATIENCE_S: Final = 120.0
TURNED_AWAY: Final = 503
BATCH: Final = 100


@dataclass(frozen=True)
class Ledger:
    """The ids of what very many records name."""

    source: str
    outlet: str
    document: str
    claim: str
    paper: str


def prepared(context: Context) -> Ledger:
    """A ledger in which claims of one source were read in one document of an outlet that many others republish."""

    def first(session: Session) -> tuple[str, str]:
        unit = at_the_server(context, session)
        named = Named(unit)
        made = [
            add_source(unit, named, SourceCreate.model_validate(body)).id for body in (source_body(), outlet_body())
        ]
        named.record()
        return made[0], made[1]

    source, outlet = context.database.write(first)
    papers = [republish(context, outlet, begin) for begin in range(0, share(NAMING), 500)]
    document = {"title": "A report", "url": "https://example.org/report", "outlet_id": outlet}
    claims: list[Any] = []
    for begin in range(0, share(NAMING), BATCH):
        where = {"document": document} if not claims else {"document_id": claims[0]["attributions"][0]["document_id"]}
        chain = [{"role": "originator", "source_id": source}, {"role": "outlet", "source_id": outlet}]
        attributions = [{"speech": "indirect", "chain": chain, **where}]
        bodies = [claim_body(statement=f"Claim {begin + each}.", attributions=attributions) for each in range(BATCH)]
        claims += recorded(context, bodies)
    return Ledger(source, outlet, claims[0]["attributions"][0]["document_id"], claims[0]["id"], papers[0])


def republish(context: Context, outlet: str, begin: int) -> str:
    """Records some papers that republish the outlet, and gives one of them."""

    def work(session: Session) -> str:
        unit = at_the_server(context, session)
        named = Named(unit)
        bodies = [outlet_body(name=f"Paper {begin + each}") for each in range(min(500, share(NAMING)))]
        papers = [add_source(unit, named, SourceCreate.model_validate(body)).id for body in bodies]
        named.record()
        related = {"other_id": outlet, "kind": "republishes", "recorded_on": day_of(unit.now)}
        rows = [{"id": random_id(), "source_id": paper, **related} for paper in papers]
        session.connection().execute(insert(SourceRelation), rows)
        return papers[0]

    return context.database.write(work)


def recorded(context: Context, bodies: list[dict[str, Any]]) -> list[Any]:
    batch = ClaimBatch.model_validate({"claims": bodies})
    reply = context.database.write(lambda session: create_claims(at_the_server(context, session), batch))
    return list(httpx.Response(200, content=reply.body).json()["items"])


@dataclass
class Attack:
    """What the one caller sends: in turn all that costs much."""

    client: httpx.Client
    ledger: Ledger
    statuses: list[tuple[str, int]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def run(self, over: Event) -> None:
        """Sends each of the worst once, and goes on until it is over."""
        worst = self.worst()
        for sent, send in enumerate(cycle(worst)):
            if over.is_set() and sent >= len(worst):
                return
            response = send()
            self.statuses.append((send.__name__, response.status_code))

    def worst(self) -> list[Callable[[], httpx.Response]]:
        return [
            self.batch_of_sources,
            self.batch_of_quantities,
            self.batch_of_words,
            self.number_beside_many,
            self.source_renamed,
            self.source_hidden,
            self.claim_of_the_outlet,
            self.outlet_is_a_group,
            self.outlet_is_an_outlet,
            self.outlet_renamed,
            self.outlet_is_related,
            self.source_shown,
            self.document_renamed,
            self.document_hidden,
            self.document_shown,
            self.outlet_hidden,
            self.outlet_shown,
        ]

    def _change(self, path: str, body: dict[str, Any]) -> httpx.Response:
        headers = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
        return self.client.patch(path, json=body, headers=headers)

    def batch_of_sources(self) -> httpx.Response:
        new, parts = share(MOST_NEW), share(MOST_PARTS)
        hops = [{"role": "republisher", "source": source_body(description=f"A guard {each}")} for each in range(18)]
        chain = [{"role": "originator", "source_id": self.ledger.source}, *hops]
        attribution = {"speech": "indirect", "document_id": self.ledger.document, "chain": chain}
        plain = {**attribution, "chain": [chain[0], *[{"role": "republisher", "source_id": self.ledger.outlet}] * 18]}
        with_new = new // 18
        without = (parts - with_new * 39) // 20
        attributions = [attribution] * with_new + [plain] * max(without - 5, 1)
        claims = [claim_body(attributions=attributions[at::4]) for at in range(4) if attributions[at::4]]
        return self.client.post("/v1/claims/batch", json={"claims": claims})

    def batch_of_quantities(self) -> httpx.Response:
        each = share(MOST_PARTS) // share(BATCH) - 4
        claims = [self._with_numbers(f"Some {number} of them left.", each) for number in range(share(BATCH))]
        return self.client.post("/v1/claims/batch", json={"claims": claims})

    def _with_numbers(self, statement: str, numbers: int) -> dict[str, Any]:
        quantities = [
            {"best": str(next(self.numbers) * 7919 % 1_000_003), "unit": "person", "approximation": "exact"}
            for _ in range(numbers)
        ]
        attribution = {
            "speech": "indirect",
            "document_id": self.ledger.document,
            "chain": [{"role": "originator", "source_id": self.ledger.source}],
        }
        return claim_body(
            statement=statement, kind="quantity", topics=["leaving"], quantities=quantities, attributions=[attribution]
        )

    def batch_of_words(self) -> httpx.Response:
        statement = f"{next(self.numbers)} " + "unpronounceable consequences of deforestation " * 200
        claims = [self._with_numbers(statement, 0) for _ in range(share(MOST_CHARACTERS) // len(statement) or 1)]
        return self.client.post("/v1/claims/batch", json={"claims": claims})

    def number_beside_many(self) -> httpx.Response:
        quantities = self._with_numbers("", 20)["quantities"]
        body = {"statement": "Some of them left.", "kind": "quantity", "topics": ["leaving"], "quantities": quantities}
        return self._change(f"/v1/claims/{self.ledger.claim}", body)

    def source_renamed(self) -> httpx.Response:
        return self._change(f"/v1/sources/{self.ledger.source}", {"description": f"official {next(self.numbers)}"})

    def source_hidden(self) -> httpx.Response:
        return self._change(f"/v1/sources/{self.ledger.source}", {"visibility": "restricted"})

    def source_shown(self) -> httpx.Response:
        return self._change(f"/v1/sources/{self.ledger.source}", {"visibility": "public"})

    def claim_of_the_outlet(self) -> httpx.Response:
        chain = [{"role": "outlet", "source_id": self.ledger.outlet}]
        attribution = {"speech": "outlet_voice", "document_id": self.ledger.document, "chain": chain}
        return self.client.post("/v1/claims", json=claim_body(attributions=[attribution]))

    def outlet_is_a_group(self) -> httpx.Response:
        return self._change(f"/v1/sources/{self.ledger.outlet}", {"kind": "group", "member_count_min": 2})

    def outlet_is_an_outlet(self) -> httpx.Response:
        return self._change(f"/v1/sources/{self.ledger.outlet}", {"kind": "outlet", "member_count_min": None})

    def outlet_renamed(self) -> httpx.Response:
        name = f"Wire {next(self.numbers)}"
        return self._change(f"/v1/sources/{self.ledger.outlet}", {"name": name})

    def outlet_is_related(self) -> httpx.Response:
        body = {"other_id": self.ledger.paper, "kind": "same_as"}
        path = f"/v1/sources/{self.ledger.outlet}/relations"
        made = self.client.post(path, json=body)
        if made.status_code == 201:
            return self.client.delete(f"{path}/{made.json()['id']}", headers={"If-Match": "*"})
        return made

    def document_renamed(self) -> httpx.Response:
        return self._change(f"/v1/documents/{self.ledger.document}", {"title": f"Report {next(self.numbers)}"})

    def document_hidden(self) -> httpx.Response:
        return self._change(f"/v1/documents/{self.ledger.document}", {"visibility": "internal"})

    def document_shown(self) -> httpx.Response:
        return self._change(f"/v1/documents/{self.ledger.document}", {"visibility": "public"})

    def outlet_hidden(self) -> httpx.Response:
        return self._change(f"/v1/sources/{self.ledger.outlet}", {"visibility": "internal"})

    def outlet_shown(self) -> httpx.Response:
        return self._change(f"/v1/sources/{self.ledger.outlet}", {"visibility": "public"})


@dataclass
class Other:
    """Somebody else, who writes a little now and then: how long each write took, and how it was answered."""

    client: httpx.Client
    took: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def run(self, writes: int, over: Event) -> None:
        for number in range(writes):
            begun = time.monotonic()
            if number % 2:
                response = self.client.post("/v1/claims", json=claim_body(statement=f"Another {number}."))
            else:
                response = self.client.post("/v1/sources", json=source_body())
            self.took.append(time.monotonic() - begun)
            self.statuses.append(response.status_code)
            over.wait(PAUSE_S)


def test_others_write_while_one_caller_sends_the_worst(
    durable_url: str, data_dir: Path, engine_name: str, prove: Prove
) -> None:
    context = startup.open_context(Settings(data_dir=data_dir, database_url=durable_url))
    startup.migrate(context.database)
    ledger, key = prepared(context), make_key(context)
    context.database.dispose()
    over = Event()
    with running_server(data_dir, durable_url) as server:
        clients = [
            httpx.Client(
                base_url=server.base_url,
                headers={"Authorization": f"Bearer {key}"},
                timeout=PATIENCE_S,
                trust_env=False,
            )
            for _ in range(OTHERS + 1)
        ]
        attack, others = Attack(clients[0], ledger), [Other(client) for client in clients[1:]]
        attacking = Thread(target=attack.run, args=(over,))
        writing = [Thread(target=other.run, args=(share(WRITES) // OTHERS, over)) for other in others]
        attacking.start()
        for thread in writing:
            thread.start()
        for thread in writing:
            thread.join()
        over.set()
        attacking.join()
        for client in clients:
            client.close()
    assert {name for name, _ in attack.statuses} == {send.__name__ for send in attack.worst()}
    assert {status for _, status in attack.statuses} <= {200, 201, 204}, attack.statuses
    statuses = [status for other in others for status in other.statuses]
    assert set(statuses) <= {201, TURNED_AWAY}
    figures = {
        "writes of others": len(statuses),
        "slowest of them, seconds": round(max(took for other in others for took in other.took), 2),
        "turned away": statuses.count(TURNED_AWAY),
    }
    prove("writing-goes-on", engine_name, figures)
