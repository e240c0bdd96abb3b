"""Tokens of the issuer that is trusted let in whom it vouches for, and no other token lets anybody in."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI
from pydantic import ValidationError
from sqlalchemy import Connection, text

from app.access.context import Context
from app.access.issuer_keys import FRESH_S, KEPT_S, MAX_BYTES, RETRY_S, IssuerKeys, fetcher
from app.access.oidc import MAX_TOKEN_LENGTH, Issuer, UnknownScope
from app.settings import Settings
from app.startup import open_context
from tests.access.conftest import instant
from tests.conftest import START
from tests.factories import source_body
from tests.fixtures.api import Api
from tests.fixtures.issuer import (
    AUDIENCE,
    DISCOVERY,
    KEYS,
    SUBJECT,
    LocalIssuer,
    ec_key,
    ed_key,
    published,
    rsa_key,
)
from tests.fixtures.keys import With

SCOPES = {"desk": ["claims:read", "sources:write"], "heads": ["internal:read", "keys:manage"]}
Change = Callable[[LocalIssuer, datetime], str]


class Seconds:
    """A monotonic clock that tests set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def settings(local_issuer: LocalIssuer, context: Context) -> Settings:
    return Settings(
        data_dir=context.settings.data_dir,
        oidc_issuer=local_issuer.url,
        oidc_audience=AUDIENCE,
        oidc_scopes=SCOPES,
    )


@pytest.fixture
def trusting(app: FastAPI, context: Context, settings: Settings, seconds: Seconds, caller_with: With) -> With:
    """A caller with a token, of an app that trusts the issuer."""
    issuer = Issuer(settings, IssuerKeys(fetcher(settings), clock=seconds))
    app.state.context = replace(context, settings=settings, issuer=issuer)
    return caller_with


def status(caller: Api) -> int:
    return caller.get("/v1/claims").status_code


def test_whom_the_issuer_vouches_for_may_do_what_their_groups_may(trusting: With, local_issuer: LocalIssuer) -> None:
    caller = trusting(local_issuer.token(START))
    assert status(caller) == 200
    assert caller.post("/v1/sources", source_body()).status_code == 201
    refused = caller.get("/v1/keys")
    assert (refused.status_code, refused.json()["scope"]) == (403, "keys:manage")
    head = trusting(local_issuer.token(START, groups=["heads", "desk"]))
    assert head.read("/v1/keys")["items"] == []


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RS256", rsa_key("two")), ("PS256", rsa_key("two")), ("ES256", ec_key("two")), ("EdDSA", ed_key("two"))],
)
def test_tokens_by_each_accepted_algorithm_let_in(
    trusting: With, local_issuer: LocalIssuer, algorithm: str, key: Any
) -> None:
    local_issuer.publish(published("two", key))
    assert status(trusting(local_issuer.token(START, key=key, algorithm=algorithm, kid="two"))) == 200


def test_a_person_has_one_id_that_does_not_tell_who_they_are(
    trusting: With, local_issuer: LocalIssuer, connection: Connection
) -> None:
    for caller in (trusting(local_issuer.token(START)), trusting(local_issuer.token(START, jti="another"))):
        caller.create("/v1/sources", source_body())
    trusting(local_issuer.token(START, sub="someone.else")).create("/v1/sources", source_body())
    actors = connection.execute(text("SELECT actor_id FROM change ORDER BY recorded_at")).scalars().all()
    assert actors[0] == actors[1] != actors[2]
    assert actors[0][14] == "8", "a UUIDv8"
    assert SUBJECT not in str(connection.execute(text("SELECT * FROM change")).all())


def encoded(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def with_header(token: str, header: Any) -> str:
    return ".".join([encoded(header), *token.split(".")[1:]])


def unsigned(issuer: LocalIssuer, now: datetime, algorithm: str) -> str:
    return f"{encoded({'alg': algorithm, 'kid': 'one'})}.{encoded(issuer.claims(now))}."


def signed_with_the_public_key(issuer: LocalIssuer, now: datetime) -> str:
    """HS256, its secret the PEM of the public key, which everyone knows (CVE-2015-9256)."""
    pem = rsa_key("one").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    said = f"{encoded({'alg': 'HS256', 'kid': 'one', 'typ': 'JWT'})}.{encoded(issuer.claims(now))}"
    return f"{said}.{encoded(hmac.new(pem, said.encode(), hashlib.sha256).digest())}"


def with_a_key_of_its_own(issuer: LocalIssuer, now: datetime) -> str:
    """One that brings its key along, in `jwk` and at an address (RFC 7515 §4.1.2, §4.1.3)."""
    own = published("one", rsa_key("thief"))
    headers = {"kid": "one", "jwk": own, "jku": "https://thief.example/keys"}
    return jwt.encode(issuer.claims(now), rsa_key("thief"), "RS256", headers=headers)


def tampered(issuer: LocalIssuer, now: datetime) -> str:
    header, _, signature = issuer.token(now).split(".")
    return ".".join([header, encoded(issuer.claims(now, groups=["heads"])), signature])


SECOND = timedelta(seconds=1)
WRONG: dict[str, Change] = {
    "by no algorithm": lambda issuer, now: unsigned(issuer, now, "none"),
    "by no algorithm, spelt otherwise": lambda issuer, now: unsigned(issuer, now, "nOnE"),
    "by no algorithm, with a signature": lambda issuer, now: with_header(
        issuer.token(now), {"alg": "none", "kid": "one"}
    ),
    "by the public key as a secret": signed_with_the_public_key,
    "by another's key": lambda issuer, now: issuer.token(now, key=rsa_key("thief")),
    "by a key of its own": with_a_key_of_its_own,
    "by an algorithm that is not accepted": lambda issuer, now: issuer.token(now, algorithm="RS512"),
    "by the wrong algorithm for the key": lambda issuer, now: with_header(
        issuer.token(now), {"alg": "ES256", "kid": "one"}
    ),
    "by an algorithm that is no text": lambda issuer, now: with_header(
        issuer.token(now), {"alg": ["RS256"], "kid": "one"}
    ),
    "by an unknown key": lambda issuer, now: issuer.token(now, kid="other"),
    "by a key without a name": lambda issuer, now: issuer.token(now, kid=None),
    "by a key whose name is no text": lambda issuer, now: with_header(
        issuer.token(now), {"alg": "RS256", "kid": {"a": 1}}
    ),
    "changed": tampered,
    "without its signature": lambda issuer, now: issuer.token(now).rpartition(".")[0] + ".",
    "critical": lambda issuer, now: jwt.encode(
        issuer.claims(now), rsa_key("one"), "RS256", headers={"kid": "one", "crit": ["b64"], "b64": True}
    ),
    "of another issuer": lambda issuer, now: issuer.token(now, iss="https://other.example"),
    "of an issuer that is nearly this one": lambda issuer, now: issuer.token(now, iss=issuer.url + "/"),
    "of several issuers": lambda issuer, now: issuer.token(now, iss=[issuer.url]),
    "for another audience": lambda issuer, now: issuer.token(now, aud="other"),
    "for no audience": lambda issuer, now: issuer.token(now, aud=[]),
    "over": lambda issuer, now: issuer.token(now, exp=int((now - 61 * SECOND).timestamp())),
    "not begun": lambda issuer, now: issuer.token(now, nbf=int((now + 65 * SECOND).timestamp())),
    "of the future": lambda issuer, now: issuer.token(now, iat=int((now + 65 * SECOND).timestamp())),
    "that never ends": lambda issuer, now: issuer.token(now, exp=10**400),
    "that ends at no time": lambda issuer, now: issuer.token(now, exp=float("nan")),
    "that ends in a text": lambda issuer, now: issuer.token(now, exp="9999999999"),
    "that ends in a truth": lambda issuer, now: issuer.token(now, exp=True),
    "that begins before time": lambda issuer, now: issuer.token(now, nbf=-1),
    "without an issuer": lambda issuer, now: issuer.token(now, iss=...),
    "without an audience": lambda issuer, now: issuer.token(now, aud=...),
    "without an end": lambda issuer, now: issuer.token(now, exp=...),
    "without a time of issue": lambda issuer, now: issuer.token(now, iat=...),
    "of nobody": lambda issuer, now: issuer.token(now, sub=...),
    "of an empty name": lambda issuer, now: issuer.token(now, sub=""),
    "of a number": lambda issuer, now: issuer.token(now, sub=7),
    "too long": lambda issuer, now: issuer.token(now, more="x" * MAX_TOKEN_LENGTH),
    "with a deep header": lambda issuer, now: encoded(b"[" * 8000) + ".e30.AAAA",
    "with a great number": lambda issuer, now: encoded(b'{"alg":' + b"9" * 6000 + b"}") + ".e30.AAAA",
    "with no header": lambda issuer, now: "..",
    "of one part": lambda issuer, now: "e30",
    "of nothing readable": lambda issuer, now: "\u00e9.\u00e9.\u00e9",
    "whose header is a list": lambda issuer, now: with_header(issuer.token(now), ["RS256"]),
    "whose claims are a list": lambda issuer, now: jwt.api_jws.encode(
        b"[1]", rsa_key("one"), "RS256", headers={"kid": "one"}
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_token_that_is_wrong_lets_nobody_in_and_all_are_answered_alike(
    trusting: With, local_issuer: LocalIssuer, wrong: str
) -> None:
    assert status(trusting(local_issuer.token(START))) == 200
    unknown = trusting("onr_" + "A" * 43).get("/v1/claims")
    refused = trusting("x").get(
        "/v1/claims", headers={"Authorization": f"Bearer {WRONG[wrong](local_issuer, START)}".encode("latin-1")}
    )
    assert refused.status_code == 401
    assert (refused.json()["detail"], refused.headers["www-authenticate"]) == (
        unknown.json()["detail"],
        unknown.headers["www-authenticate"],
    )
    assert status(trusting(local_issuer.token(START))) == 200


@pytest.mark.parametrize("changed", ["exp", "nbf", "iat"])
def test_the_issuer_may_be_a_minute_off(trusting: With, local_issuer: LocalIssuer, changed: str) -> None:
    off = -50 if changed == "exp" else 50
    moved: dict[str, Any] = {changed: int(START.timestamp()) + off}
    token = local_issuer.token(START, **moved)
    assert status(trusting(token)) == 200


@pytest.mark.parametrize("groups", [..., [], ["unknown"], "desk", {"desk": 1}, [["desk"], {"desk": 1}, None, 7], None])
def test_whoever_is_in_no_group_that_is_known_may_do_nothing(
    trusting: With, local_issuer: LocalIssuer, groups: Any
) -> None:
    refused = trusting(local_issuer.token(START, groups=groups)).get("/v1/claims")
    assert (refused.status_code, refused.json()["scope"]) == (403, "claims:read")


def test_without_an_issuer_no_token_lets_in(app: FastAPI, caller_with: With, local_issuer: LocalIssuer) -> None:
    assert status(caller_with(local_issuer.token(START))) == 401
    assert local_issuer.asked == []


def test_a_person_makes_no_key_that_reaches_further(trusting: With, local_issuer: LocalIssuer) -> None:
    head = trusting(local_issuer.token(START, groups=["heads"]))
    soon, later = (instant(START + timedelta(seconds=seconds)) for seconds in (600, 601))
    body = {"name": "CMS", "scopes": ["internal:read"], "expires_at": soon}
    made = head.create("/v1/keys", body)
    assert made["created_by"] is not None
    broader: list[dict[str, Any]] = [{"expires_at": later}, {"expires_at": None}, {"scopes": ["claims:read"]}]
    assert [head.post("/v1/keys", body | each).status_code for each in broader] == [403, 403, 403]
    assert head.create(f"/v1/keys/{made['id']}/rotate", {})["expires_at"] == made["expires_at"]


# The issuer's keys.


def test_the_keys_are_fetched_once_and_kept(trusting: With, local_issuer: LocalIssuer, seconds: Seconds) -> None:
    token = local_issuer.token(START)
    assert [status(trusting(token)) for _ in range(3)] == [200] * 3
    assert local_issuer.asked == [DISCOVERY, KEYS]
    seconds.now += FRESH_S
    assert status(trusting(token)) == 200
    assert local_issuer.asked == [DISCOVERY, KEYS] * 2


def test_an_unknown_key_is_asked_for_once_a_minute(trusting: With, local_issuer: LocalIssuer, seconds: Seconds) -> None:
    assert status(trusting(local_issuer.token(START))) == 200
    local_issuer.publish(published("one", rsa_key("one")), published("two", rsa_key("two")))
    of_new_key = local_issuer.token(START, key=rsa_key("two"), kid="two")
    assert status(trusting(of_new_key)) == 401
    seconds.now += RETRY_S
    assert [status(trusting(of_new_key)) for _ in range(2)] == [200, 200]
    seconds.now += RETRY_S
    unknown = [local_issuer.token(START, kid=f"other {number}") for number in range(5)]
    assert [status(trusting(token)) for token in unknown] == [401] * 5
    assert local_issuer.asked.count(KEYS) == 3


def test_a_key_that_the_issuer_withdrew_stops_holding(
    trusting: With, local_issuer: LocalIssuer, seconds: Seconds
) -> None:
    token = local_issuer.token(START)
    assert status(trusting(token)) == 200
    local_issuer.publish(published("two", rsa_key("two")))
    seconds.now += FRESH_S
    assert status(trusting(token)) == 401


DOWN: dict[str, dict[str, Any]] = {
    "failing": {"value": b"", "status": 503},
    "of no JSON": {"value": b"<html>"},
    "no object": {"value": ["keys"]},
    "no set of keys": {"value": {"keys": {}}},
    "deep": {"value": b"[" * 20_000},
    "huge": {"value": b'{"keys": [' + b" " * MAX_BYTES + b"]}"},
    "elsewhere": {"value": b"", "status": 302, "Location": "/elsewhere"},
    "compressed": {"value": b"\x1f\x8b" + b"\0" * 100, "Content-Encoding": "gzip"},
    "cut": {"value": b"{", "Content-Length": "100"},
}


@pytest.mark.parametrize("answer", DOWN)
def test_the_last_keys_are_kept_for_an_hour_while_the_issuer_does_not_answer(
    trusting: With, local_issuer: LocalIssuer, seconds: Seconds, answer: str
) -> None:
    local_issuer.serve("/elsewhere", {"keys": []})
    token = local_issuer.token(START)
    assert status(trusting(token)) == 200
    good = local_issuer.answers[KEYS]
    local_issuer.serve(KEYS, **DOWN[answer])
    fetched_at = seconds.now
    for since in (FRESH_S, FRESH_S + 1, KEPT_S):
        seconds.now = fetched_at + since
        assert status(trusting(token)) == 200
    assert local_issuer.asked.count(KEYS) == 3
    assert "/elsewhere" not in local_issuer.asked
    seconds.now = fetched_at + KEPT_S + RETRY_S
    assert status(trusting(token)) == 401
    local_issuer.answers[KEYS] = good
    seconds.now += RETRY_S
    assert status(trusting(token)) == 200


def test_an_issuer_that_was_never_there_is_asked_once_a_minute(
    trusting: With, local_issuer: LocalIssuer, seconds: Seconds
) -> None:
    local_issuer.serve(DISCOVERY, b"", status=500)
    token = local_issuer.token(START)
    assert [status(trusting(token)) for _ in range(3)] == [401] * 3
    assert local_issuer.asked == [DISCOVERY]


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://other.example"},
        {"jwks_uri": "http://keys.example/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"jwks_uri": "http://[bad"},
    ],
)
def test_a_description_of_another_issuer_or_of_keys_at_an_unsafe_address_is_not_believed(
    trusting: With, local_issuer: LocalIssuer, changed: dict[str, Any]
) -> None:
    local_issuer.serve(DISCOVERY, {"issuer": local_issuer.url, "jwks_uri": local_issuer.url + KEYS} | changed)
    assert status(trusting(local_issuer.token(START))) == 401
    assert local_issuer.asked == [DISCOVERY]


def test_the_address_of_the_keys_may_be_set(settings: Settings, local_issuer: LocalIssuer) -> None:
    local_issuer.serve("/certs", {"keys": [published("one", rsa_key("one"))]})
    chosen = settings.model_copy(update={"oidc_jwks_url": local_issuer.url + "/certs"})
    assert Issuer(chosen).person(local_issuer.token(START), START) is not None
    assert local_issuer.asked == ["/certs"]


SECRET = {"kty": "oct", "kid": "one", "k": encoded(b"s" * 32), "alg": "HS256"}
PASSED_OVER: dict[str, Callable[[], Any]] = {
    "a secret": lambda: SECRET,
    "a private key": lambda: {**published("one", rsa_key("one")), "d": "AQAB"},
    "a key to encrypt": lambda: published("one", rsa_key("one"), use="enc"),
    "a key for another algorithm": lambda: published("one", rsa_key("one"), alg="RS384"),
    "a key without a name": lambda: {**published("one", rsa_key("one")), "kid": None},
    "a broken key": lambda: {**published("one", rsa_key("one")), "n": "?"},
    "a key without its numbers": lambda: {"kty": "RSA", "kid": "one"},
    "a key of no kind": lambda: {"kid": "one", "kty": ["RSA"]},
    "a key on another curve": lambda: published("one", ec.generate_private_key(ec.SECP384R1())),
    "no key": lambda: "one",
}


@pytest.mark.parametrize("passed_over", PASSED_OVER)
def test_what_is_no_key_to_verify_with_is_passed_over(
    trusting: With, local_issuer: LocalIssuer, passed_over: str
) -> None:
    local_issuer.publish(PASSED_OVER[passed_over](), published("two", rsa_key("two")))
    assert status(trusting(local_issuer.token(START))) == 401
    assert status(trusting(local_issuer.token(START, key=rsa_key("two"), kid="two"))) == 200


def test_a_short_key_verifies_nothing(trusting: With, local_issuer: LocalIssuer) -> None:
    short = rsa_key("short", 1024)
    local_issuer.publish(published("one", short))
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = local_issuer.token(START, key=short)
    assert status(trusting(token)) == 401


def test_scopes_that_there_are_not_are_refused_at_the_start(settings: Settings) -> None:
    with pytest.raises(UnknownScope, match="claims:read"):
        Issuer(settings.model_copy(update={"oidc_scopes": {"desk": ["everything"]}}))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("oidc_issuer", {"oidc_issuer": "http://issuer.example", "oidc_audience": AUDIENCE}),
        ("oidc_issuer", {"oidc_issuer": "https://user:word@issuer.example", "oidc_audience": AUDIENCE}),
        ("oidc_audience", {"oidc_issuer": "https://issuer.example"}),
        ("oidc_jwks_url", {"oidc_jwks_url": "ftp://issuer.example/keys"}),
        ("oidc_scopes", {"oidc_scopes": "{"}),
        ("oidc_scopes", {"oidc_scopes": '{"desk": "claims:read"}'}),
    ],
)
def test_unsafe_settings_are_refused_by_name(name: str, given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(**given)
    assert [error["loc"][0] for error in refused.value.errors()] == [name]


def test_the_issuer_of_the_settings_is_trusted_once_the_service_runs(settings: Settings) -> None:
    trusting, alone = (open_context(each) for each in (settings, settings.model_copy(update={"oidc_issuer": None})))
    assert trusting.issuer is not None
    assert trusting.issuer.name == settings.oidc_issuer
    assert alone.issuer is None
