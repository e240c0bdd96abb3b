"""What commands make of a service that answers with anything: whoever has taken it must not reach the terminal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from typer.testing import CliRunner, Result

from app.cli.commands import app
from app.cli.remote import CommandFailed, Service, api_key, shown
from app.identities.age import new_private_key

SOURCE: Final = "019a9f0e-4a10-7c55-8e21-0a1b2c3d4e5f"
NOT_ONRECORD: Final = "What answers at this address is not Onrecord."
HOSTILE: Final = "\x1b[2J\u202e\x07\r\n\x9b"
UNPRINTABLE: Final = set("\x1b\u202e\x07\r\x9b")
Answers = Callable[..., None]


def custodian(**fields: Any) -> dict[str, Any]:
    """A custodian as the service lists it."""
    recipient = new_private_key().public
    return {"id": SOURCE, "name": "editor", "recipient": recipient, "retired_at": None, "since": "x"} | fields


def page(*items: Any) -> httpx.Response:
    return httpx.Response(200, json={"items": list(items), "next_cursor": None, "total": None})


def problem(**fields: Any) -> httpx.Response:
    return httpx.Response(409, json={"code": "conflict", "detail": "No.", "errors": []} | fields)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Answers:
    """Takes what the service answers with, one request after the other; the last of it for all that follow."""
    monkeypatch.chdir(tmp_path)

    def answer_with(*given: httpx.Response) -> None:
        waiting = list(given)

        def handle(_transport: httpx.HTTPTransport, _request: httpx.Request) -> httpx.Response:
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)

    return answer_with


def run(*arguments: str, given: str = "") -> Result:
    environment = {"ONRECORD_URL": "http://127.0.0.1:9", "ONRECORD_KEY": "onr_key", "COLUMNS": "40"}
    return CliRunner().invoke(app, arguments, input=given, env=environment)


def seal(public: str) -> Result:
    Path("recipients").write_text(public)
    return run("seal", SOURCE, "--recipients", "recipients", given="Jane Roe")


def unseal() -> Result:
    path = Path("private")
    path.touch(mode=0o600)
    path.write_text(new_private_key().text)
    return run("unseal", SOURCE, "--identity", "private", "--reason", "a correction")


def test_nothing_that_a_service_says_reaches_the_terminal_as_it_is(answers: Answers) -> None:
    intruder, named = custodian(name=f"editor{HOSTILE}", recipient=f"age1{HOSTILE}"), custodian(name=f"x{HOSTILE}")
    said = []
    answers(page(intruder))
    said += [seal(new_private_key().public), run("custodian", "list")]
    answers(page(named), httpx.Response(201, json={}))
    said.append(seal(named["recipient"]))
    for refusal in (problem(detail=HOSTILE), problem(errors=[{"pointer": HOSTILE, "detail": HOSTILE}])):
        answers(refusal)
        said += [unseal(), run("custodian", "register", "editor", intruder["recipient"])]
        said.append(run("custodian", "retire", SOURCE))
    answers(httpx.Response(201, json=custodian(id=HOSTILE, name=HOSTILE)))
    said.append(run("custodian", "register", "editor", named["recipient"]))
    answers(page(custodian(retired_at=HOSTILE)))
    said.append(run("custodian", "list"))
    for result in said:
        assert not isinstance(result.exception, Exception), result
        assert UNPRINTABLE.isdisjoint(result.output), result.output
    assert "only registered there: age1\ufffd[2J" in said[0].stderr


def test_what_is_shown_keeps_letters_of_every_script_and_what_it_is_told_to_keep() -> None:
    assert shown("שולחן Zoë 🏴") == "שולחן Zoë 🏴"
    assert shown("a\tb\nc\x1b") == "a\ufffdb\ufffdc\ufffd"
    assert shown("a\tb\nc\x1b", keep="\t\n") == "a\tb\nc\ufffd"


DEEP: Final = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, content=b"\xff\xfe"),
        httpx.Response(200, content=DEEP),
        httpx.Response(200, content=b'{"items": %b, "next_cursor": null}' % DEEP),
        httpx.Response(200, content=json.dumps({"items": [custodian(name="\ud800")], "next_cursor": None}).encode()),
        httpx.Response(200, json=[]),
        httpx.Response(204),
        page({}),
        page(5),
        page(custodian(name=5)),
        page(custodian(recipient=["age1"])),
        page(custodian(id=None)),
        page(custodian(retired_at=5)),
        httpx.Response(200, json={"items": 5, "next_cursor": None}),
        httpx.Response(200, json={"items": [], "next_cursor": 5}),
        httpx.Response(500, json={}),
        httpx.Response(500, content=DEEP),
        httpx.Response(302, headers={"Location": "http://elsewhere.example"}),
        problem(errors=[{}]),
        problem(errors=5),
        problem(errors=[5]),
        problem(detail=["x"]),
        problem(errors=[{"pointer": 5, "detail": "x"}]),
    ],
)
def test_an_answer_of_another_shape_is_said_to_be_no_onrecords(answers: Answers, answer: httpx.Response) -> None:
    answers(answer)
    for result in (seal(new_private_key().public), run("custodian", "list"), unseal()):
        assert (result.exit_code, result.stderr.strip()) == (1, NOT_ONRECORD), result


def test_a_cursor_is_sent_back_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("cursor"))
        return page() if len(asked) > 1 else httpx.Response(200, json={"items": [], "next_cursor": "a&b\x1b c"})

    assert Service("http://127.0.0.1", "key", transport=httpx.MockTransport(answer)).custodians() == []
    assert asked == [None, "a&b\x1b c"]


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONRECORD_KEY", "onr_environment")
    path = tmp_path / "api.key"
    path.write_text("onr_file\n")
    path.chmod(0o640)
    with pytest.raises(CommandFailed, match="chmod 600"):
        api_key(path)
    path.chmod(0o600)
    assert (api_key(path), api_key(None)) == ("onr_file", "onr_environment")


def test_a_private_key_that_others_may_read_is_not_used(answers: Answers) -> None:
    answers(httpx.Response(200, json={"sealed": "x"}))
    assert "Your key does not open it" in unseal().stderr
    Path("private").chmod(0o644)
    refused = unseal()
    assert (refused.exit_code, "chmod 600" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost", "http://[::1]:1", "https://newsroom.example"]
)
def test_addresses_of_this_machine_and_encrypted_ones_do(url: str) -> None:
    Service(url, "key")
