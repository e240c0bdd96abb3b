"""What is sealed or restricted, as a thief of anything would look for it: marked words are planted, then searched for.

A real server over a real database, its log at debug: a restricted reader fills every field that can be restricted, an
editor seals identities after some mistakes, and everybody else asks for everything. Then the database is searched table
by table and file by file, and so are its backups, the logs, the metrics and all that anybody was answered.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import JSON, Enum, String, select
from sqlmodel import SQLModel

from app.identities import age
from app.kit.db import Database
from app.models.vocabulary import Scope
from tests.fixtures.canaries import FORMS, LENGTH, PIECE, Scanner, canary
from tests.fixtures.commands import serving
from tests.fixtures.planted import MARKS_IN_AN_IDENTITY, Caller, Planted
from tests.fixtures.postgres import DSN_VARIABLE, fresh_database, running_postgres
from tests.fixtures.proofs import Prove, share
from tests.fixtures.surfaces import of_postgresql, of_sqlite

CANARIES: Final = 1_000
SEALED_SHARE: Final = 0.3
ABSENT: Final = "00000000-0000-4000-8000-000000000000"
HOLDERS: Final = {
    "assessment",
    "attribution",
    "claim",
    "claim_topic",
    "document",
    "evidence",
    "quantity",
    "relation",
    "source",
    "source_rating",
    "source_relation",
    "change of restricted readers",
    "rendition of restricted readers",
    "search_text of restricted readers",
    "claim_entry of restricted readers",
    "search_restricted_data",  # FTS5's index for restricted readers
    "stored_reply",  # what a caller was answered, kept for the same caller for 24 hours
}
"""The tables that hold what is restricted."""
WHOLE: Final = ("file", "writes", "backup")
"""What has all that is recorded in it, and is guarded as a whole."""
WORDLESS: Final = re.compile(
    "id|.*_id|.*_digest|text_sha256|language|country|place_country|currency|published|said|occurred_edtf|best|low|high|.*_key"
)
"""Columns of ids, codes, dates and numbers, in which no word can stand."""
CROWD: Final[dict[str, tuple[Scope, ...]]] = {
    "reader": (Scope.CLAIMS_READ,),
    "everything but what is hidden": tuple(
        set(Scope) - {Scope.INTERNAL_READ, Scope.RESTRICTED_READ, Scope.IDENTITY_READ}
    ),
    "everything but what is restricted": tuple(set(Scope) - {Scope.RESTRICTED_READ, Scope.IDENTITY_READ}),
}
"""Who asks, besides those without a key."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server runs: its folders, what it is told, and what to look through when all has been asked."""

    folder: Path
    database_url: str | None
    server_data: Path | None

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ONRECORD_DATA_DIR": str(self.folder / "data"),
            "ONRECORD_LOG_LEVEL": "debug",
            "ONRECORD_PUBLIC_READ": "true",
            "ONRECORD_RATE_PER_ADDRESS": "0",
            "ONRECORD_RATE_PER_KEY": "0",
            **({"ONRECORD_DATABASE_URL": self.database_url} if self.database_url is not None else {}),
        }

    def stored(self) -> Iterator[tuple[str, bytes]]:
        """What the database leaves anywhere, and the log."""
        if self.database_url is None:
            backup = self.folder / "backup"
            backup.mkdir()
            yield from of_sqlite(self.folder / "data" / "onrecord.sqlite3", backup)
        else:
            dsn = self.database_url.replace("+psycopg", "")
            yield from of_postgresql(dsn, self.server_data)
            if self.server_data is not None:
                yield "the database server's log", (self.server_data.parent / "log").read_bytes()
        yield "log", (self.folder / "said").read_bytes()


@pytest.fixture
def place(engine_name: str) -> Iterator[Place]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-canaries-")))
        if engine_name == "sqlite":
            yield Place(folder, None, None)
            return
        server = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-postgres-")))
        dsn = stack.enter_context(running_postgres(server))
        url = fresh_database(dsn, f"onrecord_canaries_{os.getpid()}")
        yield Place(folder, url, None if DSN_VARIABLE in os.environ else server / "data")


def planted_by(editor: Caller, canaries: int) -> Planted:
    """So many canaries at least, of which three in ten are sealed."""
    planted = Planted()
    while len(planted.restricted) < canaries * (1 - SEALED_SHARE):
        planted.everything(editor)
    keys = [age.new_private_key().public for _ in range(2)]
    custodians = {
        editor.made("/v1/custodians", {"name": f"custodian {number}", "recipient": key})["id"]: key
        for number, key in enumerate(keys)
    }
    while len(planted.sealed) < canaries * SEALED_SHARE:
        planted.sealed_identity(editor, custodians)
    return planted


def paths(templates: dict[str, Any], planted: Planted) -> Iterator[tuple[str, str]]:
    """Each path of the description with each id that fits in, and one that is nobody's, beside its template."""
    for template in templates:
        parameters = re.findall(r"{(\w+)}", template)
        columns = [[*planted.ids.get(name, []), ABSENT] for name in parameters]
        for number in range(max(map(len, columns), default=1)):
            ids = {name: column[number % len(column)] for name, column in zip(parameters, columns, strict=True)}
            yield template, re.sub(r"{(\w+)}", lambda found: ids[found[1]], template)  # noqa: B023  # called at once


def ask_everything(caller: Caller, description: dict[str, Any], planted: Planted) -> None:
    """Reads all there is, searches for every word that is hidden, and writes what cannot be."""
    for template, path in paths(description["paths"], planted):
        operations = description["paths"][template]
        if "get" in operations:
            caller.ask("GET", path, headers={"Access-Reason": "to see what is there"})
            if any(each["name"] == "include_total" for each in operations["get"].get("parameters", [])):
                caller.ask("GET", path, params={"limit": 1, "include_total": True})
            caller.ask("GET", path, params={"limit": "many"}, headers={"If-None-Match": "*"})
        for method in {"patch", "put", "post"} & operations.keys():
            caller.ask(method.upper(), path, json={"note": ABSENT}, headers={"If-Match": "*"})
    for number in range(0, len(planted.restricted), 10):
        words = " OR ".join(planted.restricted[number : number + 10])
        caller.ask("GET", "/v1/claims", params={"q": words, "include_total": True})
        caller.ask("GET", "/v1/claims/facets", params={"q": words})
        caller.ask("GET", "/v1/sources", params={"name": planted.restricted[number]})
        caller.ask("GET", "/v1/documents", params={"url": f"https://example.org/{planted.restricted[number]}"})
        caller.ask("GET", "/v1alpha1/claims:search", params={"query": words})
        caller.ask("POST", "/v1/match", json={"text": words})


def said_to(caller: Caller) -> bytes:
    """Every answer that the caller got, whole."""
    return b"\n".join(
        b"\n".join([*(name + b": " + value for name, value in each.headers.raw), each.content])
        for each in caller.answers
    )


def refused(*callers: Caller) -> bytes:
    """Every refusal that the callers got."""
    return b"\n".join(each.content for caller in callers for each in caller.answers if each.status_code >= 400)


def test_nothing_hidden_stands_where_it_must_not(engine_name: str, place: Place, prove: Prove) -> None:
    with serving(place.folder, place.environment) as base_url, ExitStack() as callers:
        editor = callers.enter_context(Caller(base_url, (place.folder / "data" / "first.key").read_text().strip()))
        planted = planted_by(editor, share(CANARIES))
        described = editor.ask("GET", "/openapi.json").json()
        crowd = {name: callers.enter_context(editor.with_scopes(*scopes)) for name, scopes in CROWD.items()}
        crowd["nobody in particular"] = callers.enter_context(editor.without_key())
        for caller in crowd.values():
            ask_everything(caller, described, planted)
        surfaces = dict(place.stored())
        surfaces |= {f"answers to {name}": said_to(caller) for name, caller in crowd.items()}
        surfaces["refusals"] = refused(editor, *crowd.values())
        surfaces["metrics"] = editor.ask("GET", "/metrics").content
    scanner = Scanner([*planted.restricted, *planted.sealed])
    assert set(columns_without(scanner, place)) == set()
    found = {name: scanner.found(content) for name, content in surfaces.items()}
    check_that_it_was_planted(planted, found, surfaces)
    sealed, restricted = set(planted.sealed), set(planted.restricted)
    assert {name: len(each & sealed) for name, each in found.items() if each & sealed} == {}
    elsewhere = {
        name: len(each & restricted) for name, each in found.items() if each & restricted and not may_hold(name)
    }
    assert elsewhere == {}
    holding = {name for name, content in surfaces.items() if holds_ciphertext(content, planted)}
    assert {name for name in holding if not may_hold_ciphertext(name)} == set()
    figures: dict[str, float] = {
        "canaries": len(restricted) + len(sealed),
        "sealed ones found": len(set.union(*found.values()) & sealed),
        "restricted ones found elsewhere": len(set().union(*(found[name] & restricted for name in elsewhere))),
    }
    prove("canaries", engine_name, figures)


def columns_without(scanner: Scanner, place: Place) -> Iterator[str]:
    """Columns of the tables that may hold what is restricted which take words, and in which no canary stands."""
    database = Database(place.database_url or f"sqlite:///{place.folder / 'data' / 'onrecord.sqlite3'}")
    with database.reading() as session:
        for table in SQLModel.metadata.sorted_tables:
            for column in table.columns if table.name in HOLDERS else ():
                takes_words = isinstance(column.type, String | JSON) and not isinstance(column.type, Enum)
                if takes_words and not WORDLESS.fullmatch(column.name):
                    values = session.execute(select(column)).scalars()
                    if not scanner.found("\n".join(map(str, values)).encode()):
                        yield f"{table.name}.{column.name}"
    database.dispose()


def may_hold(name: str) -> bool:
    """Whether what is restricted may stand on the surface."""
    kind, _, rest = name.partition(": ")
    if kind == "table":
        return rest in HOLDERS
    return kind in WHOLE and not re.search("search_(public|internal)", rest)


def may_hold_ciphertext(name: str) -> bool:
    """Whether a sealed identity may stand on the surface, as it was sent."""
    kind, _, _ = name.partition(": ")
    return name == "table: sealed_identity" or kind in WHOLE


def holds_ciphertext(content: bytes, planted: Planted) -> bool:
    """Whether a line of any sealed identity stands in it."""
    return any(each.splitlines()[5].encode() in content for each in planted.ciphertexts)


def check_that_it_was_planted(planted: Planted, found: dict[str, set[str]], surfaces: dict[str, bytes]) -> None:
    """What is said not to be found elsewhere is found where it belongs, so that it can be found."""
    in_tables = set().union(*(each for name, each in found.items() if name.startswith("table: ")))
    assert in_tables >= set(planted.restricted)
    assert {
        name.removeprefix("table: ") for name, each in found.items() if each and name.startswith("table: ")
    } <= HOLDERS
    assert holds_ciphertext(surfaces["table: sealed_identity"], planted)
    assert len(planted.sealed) == MARKS_IN_AN_IDENTITY * len(planted.ciphertexts)


@pytest.mark.parametrize("form", FORMS)
def test_the_scanner_finds_a_canary_in_every_form(form: str) -> None:
    canaries = [canary() for _ in range(50)]
    scanner = Scanner(canaries)
    for before in (b"", b"x", b'{"name": "', os.urandom(99), b"\0"):
        for after in (b"", b'"}', b"\n", os.urandom(99)):
            assert scanner.found(before + FORMS[form](canaries[7]) + after) == {canaries[7]}


def test_the_scanner_finds_each_of_many_and_nothing_else() -> None:
    canaries = [canary() for _ in range(200)]
    written = [form(each) for form, each in zip(list(FORMS.values()) * 10, canaries, strict=False)]
    assert Scanner(canaries).found(b" ".join(written)) == set(canaries)
    assert Scanner([canary() for _ in range(200)]).found(b" ".join(written)) == set()
    assert Scanner(canaries).found(canaries[0][: PIECE - 1].encode()) == set()
    assert len(canaries[0]) == LENGTH
