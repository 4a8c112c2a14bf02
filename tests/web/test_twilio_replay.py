"""Every recorded Twilio webhook and signature vector through the real webhook on a real socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from store.tables.delivery import early_receipts, inbox, media
from store.tables.inquiries import messages
from store.tables.people import addresses
from tests.kit.serving import Served, serve
from tests.kit.twilio_calls import signed

pytestmark = pytest.mark.integration

PAYLOADS = Path(__file__).parent.parent / "payloads"
CALLS = [json.loads(line) for line in (PAYLOADS / "twilio_inbound.jsonl").read_text("utf-8").splitlines()]
VECTORS = json.loads((PAYLOADS / "twilio_signatures.json").read_text("utf-8"))["vectors"]
OUTCOMES = {"failed": "failed", "delivered": "delivered", "read": "delivered", "sent": "sent"}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    # The recorded bodies name this account.
    with serve(tmp_path_factory.mktemp("replay"), TWILIO_ACCOUNT_SID="acctid") as served:
        yield served


@pytest.fixture(autouse=True)
def _empty(request):
    if "app" in request.fixturenames:
        request.getfixturevalue("app").forget()


def path_of(row: dict[str, Any]) -> str:
    return "/hooks/twilio/status" if row["kind"] == "status" else "/hooks/twilio"


def call(app: Served, path: str, body: str, **headers: str) -> Any:
    made = signed(body, url=app.public + path)
    return app.post(path, made.body, headers={**made.headers, **headers})


@pytest.mark.parametrize("row", CALLS, ids=lambda row: row["name"])
def test_every_recorded_call_is_taken_once_and_its_repeat_is_answered_the_same(app, row):
    path = path_of(row)
    for forged in ({"x-twilio-signature": ""}, {"x-twilio-signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}):
        assert call(app, path, row["body"], **forged).status_code == 403
    assert app.stored() == {}
    answer = call(app, path, row["body"])
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert ET.fromstring(answer.content).tag == "Response"
    stored = app.stored()
    check(app, row)
    assert call(app, path, row["body"]).content == answer.content
    assert app.stored() == stored


def check(app: Served, row: dict[str, Any]) -> None:
    (taken,) = app.rows(inbox)
    said = row["expected"]
    assert app.deps.store.vault.open_bytes(taken.raw).decode() == row["body"]
    if row["kind"] == "status":
        assert taken.kind == ("receipt" if said["status"] in OUTCOMES else "unknown")
        kept = [(r.message_id, r.outcome, r.code) for r in app.rows(early_receipts)]
        code = said["error_code"] or ""
        assert kept == ([(said["sid"], OUTCOMES[said["status"]], code)] if taken.kind == "receipt" else [])
        return
    (person,) = app.rows(addresses)
    sender = said["from"] if said["from"].startswith("whatsapp:") else f"sms:{said['from']}"
    assert app.deps.store.vault.open(person.cipher) == sender
    assert [app.deps.store.vault.open(m.ref) for m in app.rows(media)] == said["media"]
    assert taken.kind == ("text" if said["text"] else "image")
    assert [m.text for m in app.rows(messages)] == [said["text"]]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_official_vectors_are_taken_when_signed_for_our_address_and_refused_when_not(tmp_path, vector):
    """Their addresses are not ours, so the SDK signs the same fields for ours, port and query as theirs."""
    theirs = urlsplit(vector["url"])
    port = f":{theirs.port}" if theirs.port else ""
    public = f"{theirs.scheme}://wz.example.gov.cn{port}"
    path = f"/hooks/twilio?{theirs.query}"
    with serve(tmp_path, DEMO="true", PUBLIC_URL=public, TWILIO_AUTH_TOKEN=vector["token"]) as app:
        body, kind, fields = form(vector)
        headers = {"content-type": kind, "x-twilio-signature": vector["signature"]}
        assert app.post(path, body, headers=headers).status_code == 403
        assert app.stored() == {}
        for url in (public + path, f"{theirs.scheme}://wz.example.gov.cn{path}"):
            headers["x-twilio-signature"] = RequestValidator(vector["token"]).compute_signature(url, fields)
            assert app.post(path, body, headers=headers).status_code == 200
        assert app.stored()["inbox"] == 1


def form(vector: dict[str, Any]) -> tuple[bytes, str, Any]:
    if vector["params"] is None:
        return vector["body"].encode(), "application/json", {}
    pairs = [tuple(pair) for pair in vector["params"]]
    return urlencode(pairs).encode(), "application/x-www-form-urlencoded", MultiDict(pairs)
