"""Limits as callers meet them: what they are told, what they are refused, and what is answered whatever they do."""

from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from httpx import Response

from app.access.context import Context
from app.main import create_app
from app.settings import Settings
from tests.factories import source_body
from tests.fixtures.api import Api, make_key

PATIENCE_S = 20.0

Limited = Callable[..., Api]
"""Makes a caller with a key of an app with these settings."""


@pytest.fixture
def limited(context: Context, portal: BlockingPortal) -> Limited:
    def caller(**settings: Any) -> Api:
        own = replace(context, settings=Settings(data_dir=context.settings.data_dir, **settings))
        app = create_app(context=own)
        app.state.context = own
        return Api(app, own, portal, make_key(own))

    return caller


def test_a_key_has_its_number_of_requests_and_is_told_of_them(limited: Limited) -> None:
    api = limited(rate_per_key=3)
    answers = [api.get("/v1/vocabulary"), api.get("/v1/claims"), api.get("/v1/claims/none"), api.get("/v1/claims")]
    assert [answer.status_code for answer in answers] == [200, 200, 422, 429]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"key";q=3;w=60'}
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    refused = answers[-1]
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert api.with_scopes().get("/v1/claims").status_code == 200
    assert api.without_key().get("/v1/claims").status_code == 401


def test_an_address_has_its_number_of_requests_with_whatever_keys(limited: Limited) -> None:
    api = limited(rate_per_address=3)
    guesses = [
        api.without_key().get("/v1/claims", headers={"Authorization": f"Bearer onr_{guess}"}) for guess in range(4)
    ]
    assert [answer.status_code for answer in guesses] == [401, 401, 401, 429]
    assert api.get("/v1/claims").status_code == 429


def test_health_is_told_whatever_a_caller_has_sent(limited: Limited) -> None:
    api = limited(rate_per_address=1, rate_per_key=1)
    for path in ("/healthz", "/readyz") * 2:
        answer = api.get(path)
        assert (answer.status_code, answer.headers.get("ratelimit")) == (200, None)
    assert [api.get("/v1/claims").status_code for _ in range(2)] == [200, 429]
    assert api.get("/healthz").status_code == 200


def test_every_process_has_its_share(limited: Limited) -> None:
    assert limited(rate_per_key=10, workers=4).get("/v1/claims").headers["ratelimit-policy"] == '"key";q=3;w=60'


def test_no_limit_is_no_header(limited: Limited) -> None:
    answer = limited(rate_per_key=0, rate_per_address=0).get("/v1/claims")
    assert not {"ratelimit", "ratelimit-policy"} & answer.headers.keys()


def test_what_is_set_by_default_lets_a_newsroom_work() -> None:
    fields = Settings.model_fields
    assert fields["rate_per_address"].default >= fields["rate_per_key"].default >= 60 * 60


def test_a_request_too_many_is_turned_away_at_once_and_health_is_not(
    limited: Limited, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, begun, go_on = limited(max_in_flight=1), Event(), Event()
    write, answers = context.database.write, list[Response]()

    def held(work: Callable[..., Any]) -> Any:
        begun.set()
        go_on.wait(PATIENCE_S)
        return write(work)

    monkeypatch.setattr(context.database, "write", held)
    first = Thread(target=lambda: answers.append(api.post("/v1/sources", source_body())))
    first.start()
    try:
        assert begun.wait(PATIENCE_S)
        turned_away, healthy, ready = api.get("/v1/claims"), api.get("/healthz"), api.get("/readyz")
    finally:
        go_on.set()
        first.join(PATIENCE_S)
    assert (turned_away.status_code, turned_away.json()["code"]) == (503, "overloaded")
    assert turned_away.headers["retry-after"] == "1"
    assert (healthy.status_code, ready.status_code) == (200, 200)
    assert [answer.status_code for answer in answers] == [201]
    assert api.get("/v1/claims").status_code == 200
