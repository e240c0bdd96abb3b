"""`onrecord verify` finds whatever does not agree, and nothing else."""

import io

import pytest
from rich.console import Console
from sqlalchemy import Connection, text

from app import startup
from app.access.context import Context
from app.cli import queries, verify
from app.cli.verify import Difference
from tests.factories import recorded_claim, recorded_source, said_by
from tests.fixtures.api import Api
from tests.fixtures.ledger import Ledger, write_everything


def differences(context: Context) -> list[Difference]:
    with context.database.reading() as session:
        return list(verify.differences(session))


@pytest.fixture
def ledger(api: Api) -> Ledger:
    return write_everything(api)


def test_everything_agrees_after_every_kind_of_write(ledger: Ledger, context: Context) -> None:
    assert differences(context) == []


def test_everything_agrees_across_batches(api: Api, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    write_everything(api)
    monkeypatch.setattr(queries, "BATCH_SIZE", 1)
    done: list[int] = []
    with context.database.reading() as session:
        assert list(verify.differences(session, advance=done.append)) == []
        assert sum(done) == queries.count_rows(session) > 10
    assert set(done) == {1}


def test_everything_agrees_after_a_negative_zero_was_sent(api: Api, context: Context) -> None:
    claim = recorded_claim(api, place={"latitude": -0.0, "longitude": 0.5})
    assert str(claim["place"]["latitude"]) == "0.0"
    assert differences(context) == []


def test_everything_agrees_after_a_claim_is_hidden_and_shown_again(api: Api, context: Context) -> None:
    first, second = recorded_source(api), recorded_source(api, visibility="internal")
    recorded_claim(api, attributions=[said_by(first), said_by(second)])
    for visibility in ("restricted", "public", "internal", "public"):
        for source_id in (first, second):
            api.change(f"/v1/sources/{source_id}", {"visibility": visibility})
    assert differences(context) == []


@pytest.mark.parametrize("until", [None, "2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z"])
def test_everything_agrees_after_an_embargo_comes_and_goes(api: Api, context: Context, until: str | None) -> None:
    one, other = (f"/v1/claims/{recorded_claim(api, embargo_until='2026-12-24T00:00:00Z')['id']}" for _ in range(2))
    source_id = recorded_source(api)
    api.create(f"{one}/attributions", said_by(source_id))
    named = api.read(one)["attributions"][0]["chain"][0]["source_id"]
    api.create(f"/v1/sources/{named}/relations", {"other_id": source_id, "kind": "distinct_from"})
    api.create(f"{one}/relations", {"other_claim_id": other.rsplit("/", 1)[1], "kind": "refines"})
    assert differences(context) == []
    for path in (one, other):
        api.change(path, {"embargo_until": until})
        api.change(path, {"statement": "Ten."})
        assert differences(context) == []


NOT_ITS_TEXT = "the text that it is found by is not that of its records"
"""What is found of the claims too that name a document, when its title is changed."""
NOT_ITS_STANDING = "how the claim stands is not what its records give"

HAND_CHANGES = [
    # member of the ledger, what is changed, how what is found begins
    ("claim_id", "UPDATE claim SET statement = 'Ten.' WHERE id = :id", "the document for public readers is not what"),
    (
        "claim_id",
        "UPDATE hop SET role = 'relayer' WHERE claim_id = :id",
        "the document for internal readers is not what",
    ),
    (
        "claim_id",
        "DELETE FROM claim_topic WHERE claim_id = :id",
        "the digest for restricted readers is not that of what",
    ),
    (
        "claim_id",
        "UPDATE quantity SET best = '0.1' WHERE claim_id = :id",
        "the document for public readers is not what",
    ),
    ("claim_id", "UPDATE claim SET occurred_latest_day = 0 WHERE id = :id", "the days of occurrence are not those"),
    ("claim_id", "UPDATE claim SET occurred_edtf = 'soon' WHERE id = :id", "the date of occurrence is not EDTF"),
    ("claim_id", "UPDATE attribution SET said_latest_day = 0 WHERE claim_id = :id", "the days of saying are not those"),
    ("claim_id", "UPDATE attribution SET audience = 0 WHERE claim_id = :id", "an attribution's audience is not that"),
    ("claim_id", "UPDATE claim SET visibility = 'internal' WHERE id = :id", "public readers have a document of what"),
    (
        "claim_id",
        "UPDATE rendition SET embargo_until = '2027-01-01 00:00:00' WHERE resource_id = :id",
        "the embargo for public readers is not that",
    ),
    (
        "claim_id",
        "UPDATE rendition SET document = '{}' WHERE resource_id = :id AND first_audience = 0",
        "the newest change in the line of public readers is not the document that they read",
    ),
    (
        "claim_id",
        "UPDATE rendition SET version = 90 WHERE resource_id = :id AND first_audience = 0",
        "the newest change in the line of public readers is not the version that they read",
    ),
    (
        "claim_id",
        "UPDATE rendition SET content_digest = 'x' WHERE resource_id = :id AND first_audience = 1",
        "the digest for internal readers is not that",
    ),
    ("claim_id", "DELETE FROM rendition WHERE resource_id = :id AND first_audience = 1", "internal readers have no"),
    (
        "claim_id",
        "UPDATE rendition SET last_audience = 2 WHERE resource_id = :id AND first_audience = 1",
        "restricted readers have two documents",
    ),
    (
        "claim_id",
        "UPDATE change SET document = '{}' WHERE resource_id = :id AND audience = 2",
        "the newest change in the line of restricted readers is not the document that they read",
    ),
    (
        "claim_id",
        "DELETE FROM change WHERE resource_id = :id AND audience = 1 AND version = 3",
        "a version in the line of internal readers is missing",
    ),
    ("claim_id", "DELETE FROM claim_standing WHERE claim_id = :id", NOT_ITS_STANDING),
    ("claim_id", "UPDATE claim_standing SET origins_max = 90 WHERE claim_id = :id", NOT_ITS_STANDING),
    ("claim_id", "UPDATE quantity SET low_key = 'x' WHERE claim_id = :id", "what a quantity is compared by"),
    ("claim_id", "UPDATE assessment SET review_site = 'x.example' WHERE claim_id = :id", "the site of a review"),
    ("claim_id", "UPDATE search_text SET tokens = ' x ' WHERE resource_id = :id", NOT_ITS_TEXT),
    ("outlet_id", "UPDATE search_text SET tokens = ' x ' WHERE resource_id = :id", NOT_ITS_TEXT),
    ("source_id", "UPDATE source SET role = 'x' WHERE id = :id", "the document for restricted readers is not"),
    ("source_id", "UPDATE source SET reliability = 'A' WHERE id = :id", "the reliability is not that"),
    ("source_id", "DELETE FROM source_rating WHERE source_id = :id", "the reliability is not that"),
    ("document_id", "UPDATE document SET title = 'x' WHERE id = :id", "the document for public readers is not"),
    ("document_id", "UPDATE document SET text = 'x' WHERE id = :id", "the digest of the text is not the text's"),
    ("document_id", "UPDATE document SET published_earliest_day = 0 WHERE id = :id", "the days of publication are"),
    ("relation_id", "UPDATE relation SET note = 'x' WHERE id = :id", "the document for public readers is not"),
    ("key_id", "UPDATE api_key SET name = 'x' WHERE id = :id", "the document for restricted readers is not"),
    ("key_id", "DELETE FROM api_key WHERE id = :id", "there is a document and no row"),
    ("relation_id", "DELETE FROM relation WHERE id = :id", "the row is gone, and the history does not say"),
    (
        "outlet_id",
        "DELETE FROM change WHERE resource_id = :id AND version = 1",
        "the line of internal readers does not begin where another leaves off",
    ),
]


def test_whatever_is_changed_by_hand_is_found(
    ledger: Ledger, context: Context, connection: Connection, subtests: pytest.Subtests
) -> None:
    for member, statement, what in HAND_CHANGES:
        with subtests.test(statement):
            resource_id = getattr(ledger, member)
            savepoint = connection.begin_nested()
            connection.execute(text(statement), {"id": resource_id})
            found = differences(context)
            savepoint.rollback()
            # What a claim is found by is also what it names: that it differs too is right.
            named = member in {"document_id", "source_id"}
            found = [each for each in found if not (named and each.what == NOT_ITS_TEXT)]
            assert {each.resource_id for each in found} == {resource_id}
            assert any(each.what.startswith(what) for each in found)


def test_what_is_left_to_find_a_claim_by_that_is_gone_is_found(
    ledger: Ledger, context: Context, connection: Connection
) -> None:
    connection.execute(
        text("UPDATE search_text SET resource_id = 'nobody' WHERE resource_id = :id AND first_audience = 0"),
        {"id": ledger.claim_id},
    )
    found = {(each.resource_id, each.what) for each in differences(context)}
    assert found == {(ledger.claim_id, NOT_ITS_TEXT), ("nobody", "there is something to find it by and no row")}


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_an_index_that_is_not_of_the_texts_is_found(ledger: Ledger, context: Context, connection: Connection) -> None:
    (number,) = connection.execute(
        text("SELECT number FROM search_text WHERE resource_id = :id AND first_audience = 0"), {"id": ledger.claim_id}
    ).one()
    connection.execute(
        text(
            "INSERT INTO search_public (search_public, rowid, tokens) SELECT 'delete', number, tokens FROM search_text "
            "WHERE number = :number"
        ),
        {"number": number},
    )
    found = {(each.resource_id, each.what) for each in differences(context)}
    assert found == {
        (ledger.claim_id, "the index does not hold the text that it is found by"),
        ("search_public", "the index does not hold as many texts as there are"),
    }
    connection.execute(text("INSERT INTO search_public (rowid, tokens) VALUES (:number, ' x ')"), {"number": number})
    (difference,) = differences(context)
    assert difference.what == "the index does not hold the text that it is found by"


def test_a_relation_between_sources_changed_by_hand_is_found(
    ledger: Ledger, context: Context, connection: Connection
) -> None:
    connection.execute(text("UPDATE source_relation SET note = 'x'"))
    assert {each.kind for each in differences(context)} == {"source_relation"}


def test_the_report_names_kinds_and_ids_and_no_contents(
    ledger: Ledger, context: Context, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = io.StringIO()
    monkeypatch.setattr(startup, "open_context", lambda _settings, **_named: context)
    assert verify.run(context.settings, Console(file=printed))
    assert "agree" in printed.getvalue()
    connection.execute(text("UPDATE claim SET statement = 'SECRETWORD' WHERE id = :id"), {"id": ledger.claim_id})
    assert not verify.run(context.settings, Console(file=printed, width=40))
    assert (
        f"claim {ledger.claim_id}: the document for public readers is not what the rows give.\n" in printed.getvalue()
    )
    assert "SECRETWORD" not in printed.getvalue()
