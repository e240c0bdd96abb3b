"""Writers who change one record at once, each by the version that it has read, lose no change of one another's.

They reach one database through two apps that share nothing but it, as two processes would.
"""

import logging
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import orjson
import pytest
import structlog
from anyio.from_thread import BlockingPortal

from app.access.context import Context
from app.kit.db import Database
from app.main import create_app
from tests.factories import document_body
from tests.fixtures.api import make_key
from tests.fixtures.asgi import Answer, Bytes
from tests.fixtures.proofs import Figures, Prove, share

WRITERS: Final = 16
INCREMENTS: Final = 1_000
"""Of each writer, in a full run."""
APPS: Final = 2
NUMBER: Final = "byline"
"""The field that holds the number: of all records a document is written the fastest."""
FIRST_PAUSE_S: Final = 0.005
LONGEST_PAUSE_S: Final = 0.5
"""A writer that is refused comes back after a random while, longer each time, as a polite client does."""


@pytest.fixture
def quiet() -> Iterator[None]:
    """Tens of thousands of requests without a line of the log for each."""
    before = structlog.get_config()
    structlog.configure(**{**before, "wrapper_class": structlog.make_filtering_bound_logger(logging.ERROR)})
    yield
    structlog.configure(**before)


@pytest.fixture
def callers(migrated_database: Database, own_context: Context, portal: BlockingPortal) -> Iterator[Sequence[Bytes]]:
    """The same caller of several apps over one database."""
    key, url = make_key(own_context), migrated_database.url.render_as_string(hide_password=False)
    with ExitStack() as stack:
        made = []
        for _ in range(APPS):
            database = Database(url)
            stack.callback(database.dispose)
            context = Context(settings=own_context.settings, database=database, pepper=own_context.pepper)
            app = create_app(context=context)
            app.state.context = context
            made.append(Bytes(app, portal, key))
        yield made


@dataclass
class Writer:
    """Adds one to the number, so many times, and counts what it was answered."""

    call: Bytes
    path: str
    pauses: random.Random
    added: int = 0
    refused: int = 0
    seen: list[int] = field(default_factory=list)
    """The numbers that it was told it had made."""

    def run(self, increments: int) -> None:
        answer, pause = self._read(), FIRST_PAUSE_S
        while self.added < increments:
            number = 1 + int(answer.json()[NUMBER])
            answer = self._write(number, answer.headers["etag"])
            if answer.status == 200:
                # What was written is answered as it is read from then on, so it is what the next one is added to.
                self.added, pause = self.added + 1, FIRST_PAUSE_S
                self.seen.append(number)
                continue
            assert answer.status == 412, answer.body
            self.refused += 1
            time.sleep(self.pauses.uniform(0, pause))
            answer, pause = self._read(), min(2 * pause, LONGEST_PAUSE_S)

    def _read(self) -> Answer:
        answer = self.call("GET", self.path)
        assert answer.status == 200, answer.body
        return answer

    def _write(self, number: int, etag: str) -> Answer:
        headers = [("content-type", "application/merge-patch+json"), ("if-match", etag)]
        return self.call("PATCH", self.path, raw=orjson.dumps({NUMBER: str(number)}), headers=headers)


def created(call: Bytes, path: str, body: dict[str, Any]) -> str:
    """The path of what was created."""
    answer = call("POST", path, body)
    assert answer.status == 201, answer.body
    return answer.headers["location"]


def test_no_increment_is_lost_among_writers_of_one_number(
    callers: Sequence[Bytes], engine_name: str, prove: Prove, quiet: None
) -> None:
    path = created(callers[0], "/v1/documents", document_body(**{NUMBER: "0"}))
    writers = [Writer(callers[each % APPS], path, random.Random(each)) for each in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(partial(Writer.run, increments=share(INCREMENTS, one_in=40)), writers))
    last = callers[0]("GET", path).json()
    added = sum(writer.added for writer in writers)
    made = sorted(number for writer in writers for number in writer.seen)
    assert made == list(range(1, 1 + added))
    assert last["version"] == 1 + added
    # They did get in one another's way.
    assert sum(writer.refused for writer in writers) > WRITERS
    figures: Figures = {"writers": len(writers), "increments": added, "lost": added - int(last[NUMBER])}
    prove("increments", engine_name, figures)
