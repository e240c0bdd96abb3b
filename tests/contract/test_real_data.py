"""Two corpora written by others, through the API and back: every field of every line returns as it was.

A part of the lines, or with ONRECORD_TEST_WHOLE=1 all of them, which takes minutes. Skipped where
the data is not at hand; most of it may not be copied into the project.
"""

from collections.abc import Iterator
from typing import Any

from app.cli import verify
from app.kit.db import Database
from tests.fixtures.api import Api
from tests.fixtures.corpora import Recorder, held, line_of
from tests.fixtures.data import data_lines
from tests.fixtures.deaths import deaths_in, deaths_read
from tests.fixtures.proofs import WHOLE

ATTRIBUTIONS = 2192
"""Lines of PolNeAR's development set."""
EVENTS = 6170
"""UCDP's events of 2016."""
OUT_OF_BOUNDS = 15
"""Events whose best estimate does not lie between the low and the high one."""
BATCH = 100
PAGE = 200
EVERY = 1 if WHOLE else 10
"""One line of so many is recorded."""
SAMPLE = 97
"""Every so many claims one is also read by itself."""


def listed(api: Api, path: str) -> Iterator[tuple[Any, Any]]:
    """Each item of a list, the oldest first, and what is included in its page."""
    cursor: dict[str, str] = {}
    while True:
        page = api.read(path, params={"limit": PAGE, **cursor})
        yield from ((item, page.get("included")) for item in page["items"])
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def is_out_of_bounds(event: Any) -> bool:
    return not event["extra"]["low"] <= event["extra"]["best"] <= event["extra"]["high"]


def is_consistent(quantity: Any) -> bool:
    return bool(quantity["bounds_consistent"])


def test_every_line_of_two_corpora_comes_back_as_it_was(committing_api: Api, own_database: Database) -> None:
    attributions, events = data_lines("polnear_dev"), data_lines("ucdp_2016")
    assert (len(attributions), len(events)) == (ATTRIBUTIONS, EVENTS)
    assert sum(map(is_out_of_bounds, events)) == OUT_OF_BOUNDS
    attributions, events = attributions[::EVERY], [each for each in events[::EVERY] if not is_out_of_bounds(each)]
    events += [each for each in data_lines("ucdp_2016") if is_out_of_bounds(each)]
    recorder = Recorder(committing_api.create)
    for line in attributions:
        recorder.claim(line)
    for start in range(0, len(events), BATCH):
        recorder.claims(events[start : start + BATCH])

    read = list(listed(committing_api, "/v1/claims"))
    lines = [line_of(claim, included) for claim, included in read]
    recorded = {line["id"]: held(line) for line in (*attributions, *events)}
    assert [line["id"] for line in lines if line != recorded[line["id"]]] == []
    assert sorted(line["id"] for line in lines) == sorted(recorded)
    outside = {claim["topics"][0] for claim, _ in read if not all(map(is_consistent, claim["quantities"]))}
    assert outside == {event["id"] for event in events if is_out_of_bounds(event)}
    assert len(outside) == OUT_OF_BOUNDS

    assert deaths_read(committing_api) == deaths_in(events)

    for claim, included in read[::SAMPLE]:
        alone = committing_api.read(f"/v1/claims/{claim['id']}")
        for kind, records in alone.pop("included").items():
            assert records.items() <= included[kind].items()
        assert alone == claim
    for path in ("/v1/sources", "/v1/documents"):
        assert sorted(item["id"] for item, _ in listed(committing_api, path)) == sorted(recorder.ids(path))
    with own_database.reading() as session:
        assert list(verify.differences(session)) == []
