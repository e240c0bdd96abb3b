"""How much hidden is reached by a write decides nothing that its writer, or the public, can tell."""

from typing import Final

import pytest

from app.access.context import Context
from app.background.worker import carry_out_all
from app.models.vocabulary import Scope
from tests.factories import recorded_claim, recorded_source, said_by
from tests.fixtures.api import Api

WRITER: Final = (Scope.CLAIMS_READ, Scope.SOURCES_WRITE)
SHOWN: Final = 15
CHANGES: Final = (
    {"description": "somebody else"},
    {"role": "warden"},
    {"anonymity": "named", "name": "Jo Doe", "description": None},
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
@pytest.mark.parametrize("hidden", [0, 6])
def test_hidden_claims_do_not_decide_when_a_writer_finds_the_others_anew(
    api: Api, context: Context, monkeypatch: pytest.MonkeyPatch, hidden: int, change: dict[str, str]
) -> None:
    monkeypatch.setattr(context.database, "after_write", lambda: None)
    source, other = recorded_source(api), recorded_source(api)
    for _ in range(SHOWN):
        recorded_claim(api, attributions=[said_by(source), said_by(other)])
    for _ in range(hidden):
        recorded_claim(api, attributions=[said_by(source)], visibility="restricted")
    carry_out_all(context)
    writer = api.with_scopes(*WRITER)
    assert writer.patch(f"/v1/sources/{source}", change, etag="*").status_code == 200
    found = {word: len(writer.read(f"/v1/claims?q={word}")["items"]) for word in ("somebody", "warden", "doe")}
    assert set(found.values()) == {0}
    readable = len(writer.read(f"/v1/claims?source_id={other}")["items"])
    assert readable == (0 if "description" in change else SHOWN)
    carry_out_all(context)
    assert len(writer.read(f"/v1/claims?source_id={other}")["items"]) == SHOWN
