"""Every recorded WeChat push through the real webhook on a real socket, in every mode the platform has.

Plain, compatible (plain and sealed side by side) and safe mode, XML and JSON: taken once, with the right sender,
kind, text and media in the database; a repeat answered the same; a forged or old one refused with nothing stored.
"""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from store.tables.delivery import inbox, media
from store.tables.inquiries import messages
from store.tables.people import addresses
from tests.kit import wechat_kit as kit
from tests.kit.serving import Served, serve

pytestmark = pytest.mark.integration

PAYLOADS = Path(__file__).parent.parent / "payloads"
PUSHES = [json.loads(line) for line in (PAYLOADS / "wechat_inbound.jsonl").read_text("utf-8").splitlines()]
VECTORS = [v for v in json.loads((PAYLOADS / "wechat_crypto.json").read_text("utf-8"))["vectors"] if v["kind"] == "mp"]

MESSAGES = {"text": "text", "image": "image", "voice": "voice", "video": "video", "shortvideo": "video",
            "location": "location", "link": "link", "notsure": "unsupported", "unknown": "unsupported",
            "device_text": "unsupported"}  # fmt: skip
EVENTS = {
    "subscribe": "follow", "unsubscribe": "unfollow", "scan": "scan", "click": "menu", "view": "view",
    "location": "position", "scancode_push": "menu", "scancode_waitmsg": "menu", "pic_sysphoto": "menu",
    "pic_photo_or_album": "menu", "pic_weixin": "menu", "location_select": "menu",
    "templatesendjobfinish": "receipt", "subscribe_msg_sent_event": "receipt",
    "subscribe_msg_popup_event": "subscription", "subscribe_msg_change_event": "subscription",
}  # fmt: skip
NOT_AN_XML_PUSH = {"not xml", "json instead of xml", "billion laughs", "root is not xml"}
NONCES = itertools.count(1)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("replay")) as served:
        yield served


@pytest.fixture(autouse=True)
def _empty(request):
    if "app" in request.fixturenames:
        request.getfixturevalue("app").forget()


# -- the platform's side ---------------------------------------------------------------------------


def plain(payload: bytes) -> tuple[bytes, str]:
    return payload, ""


def safe(payload: bytes) -> tuple[bytes, str]:
    cipher = kit.encrypt(payload)
    return f"<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>".encode(), cipher


def compatible(payload: bytes) -> tuple[bytes, str]:
    """The plain elements beside are another person's and must not count."""
    cipher = kit.encrypt(payload)
    beside = "<FromUserName>oOTHER</FromUserName><MsgType>text</MsgType><Content>other</Content><MsgId>9</MsgId>"
    return f"<xml>{beside}<Encrypt><![CDATA[{cipher}]]></Encrypt></xml>".encode(), cipher


def safe_json(payload: bytes) -> tuple[bytes, str]:
    cipher = kit.encrypt(payload)
    return json.dumps({"ToUserName": "x", "Encrypt": cipher}).encode(), cipher


XML_MODES = {"plain": plain, "compatible": compatible, "safe": safe}
JSON_MODES = {"plain json": plain, "safe json": safe_json}


def as_json(row: dict[str, Any]) -> bytes:
    return json.dumps(_value(ET.fromstring(row["xml"])), ensure_ascii=False).encode()


def _value(node: ET.Element) -> Any:
    if not len(node):
        return node.text or ""
    found: dict[str, Any] = {}
    for child in node:
        value = _value(child)
        found[child.tag] = (
            [*found[child.tag], value]
            if isinstance(found.get(child.tag), list)
            else ([found[child.tag], value] if child.tag in found else value)
        )
    return found


def query(cipher: str, *, at: float | None = None, token: str = kit.TOKEN) -> dict[str, str]:
    """Timestamp and nonce, fresh and signed."""
    stamp, nonce = str(int(time.time() if at is None else at)), f"n{next(NONCES)}"
    signed = {"timestamp": stamp, "nonce": nonce, "signature": kit.sha1(token, stamp, nonce)}
    if cipher:
        signed |= {"encrypt_type": "aes", "msg_signature": kit.sha1(token, stamp, nonce, cipher)}
    return signed


def push(app: Served, body: bytes, params: dict[str, str]) -> Any:
    return app.post("/hooks/wechat", body, params=params, headers={"content-type": "text/xml"})


def content(answer: Any, *, sealed: bool, as_json: bool) -> dict[str, str]:
    """What WeChat's reader finds, the time of writing aside. Fails for all that makes it show an error."""
    assert answer.status_code == 200
    assert not answer.history
    assert "content-encoding" not in answer.headers
    assert "html" not in answer.headers["content-type"]
    if answer.content == b"success":
        return {}
    body = answer.content
    if sealed:
        body = kit.decrypt(json.loads(body)["Encrypt"] if as_json else ET.fromstring(body).findtext("Encrypt", ""))
    fields = json.loads(body) if as_json else {child.tag: child.text for child in ET.fromstring(body)}
    assert fields.pop("CreateTime")
    assert fields["MsgType"] == "text"
    assert fields["Content"].strip()
    return fields


# -- what must stand in the database ---------------------------------------------------------------


def expected_kind(row: dict[str, Any]) -> str:
    said = row["expected"]
    if row["test"] in NOT_AN_XML_PUSH:
        return "unknown"
    kind = said["type"].strip()
    if "event" in said:
        return EVENTS.get(said["event"].strip().lower(), "unknown") if kind == "event" and "from" in said else "unknown"
    return MESSAGES[kind] if "from" in said else "unknown"


def check_stored(app: Served, row: dict[str, Any], payload: bytes) -> None:
    (taken,) = app.rows(inbox)
    said = row["expected"]
    assert taken.kind == expected_kind(row)
    assert app.deps.store.vault.open_bytes(taken.raw) == payload
    if taken.kind in {"unknown", "receipt"}:
        assert not app.rows(addresses)
        return
    (person,) = app.rows(addresses)
    assert app.deps.store.vault.open(person.cipher) == f"wechat:{said['from'].strip()}"
    assert taken.address_id == person.id
    check_message(app, row)


def check_message(app: Served, row: dict[str, Any]) -> None:
    said, kept = row["expected"], app.rows(messages)
    refs = [app.deps.store.vault.open(m.ref) for m in app.rows(media)]
    assert refs == ([said["media_id"]] if "media_id" in said else [])
    if said["type"] == "text":
        assert [m.text for m in kept] == [said["content"]]
    elif said["type"] == "location":
        assert [(str(m.latitude), str(m.longitude), m.text) for m in kept] == [tuple(said["location"])]
    elif said["type"] == "voice":
        assert [m.text for m in kept] == [said.get("recognition", "")]
    elif said["type"] == "link":
        link = ET.fromstring(row["xml"])
        assert [m.text for m in kept] == [f"{link.findtext('Title')}\n{link.findtext('Url')}"]


def named(row: dict[str, Any]) -> str:
    return f"{row['test'].strip()} {row['expected'].get('event', row['expected'].get('type'))}".strip()


# -- replay ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", XML_MODES)
@pytest.mark.parametrize("row", PUSHES, ids=named)
def test_every_recorded_push_is_taken_once_and_its_repeats_are_answered_the_same(app, row, mode):
    payload = row["xml"].encode()
    replay(app, row, payload, XML_MODES[mode](payload), as_json=payload.startswith(b"{"))


@pytest.mark.parametrize("mode", JSON_MODES)
@pytest.mark.parametrize("row", [row for row in PUSHES if row["test"] not in NOT_AN_XML_PUSH], ids=named)
def test_every_recorded_push_in_json_is_taken_once_and_its_repeats_are_answered_the_same(app, row, mode):
    payload = as_json(row)
    replay(app, row, payload, JSON_MODES[mode](payload), as_json=True)


def replay(app: Served, row: dict[str, Any], payload: bytes, made: tuple[bytes, str], *, as_json: bool) -> None:
    body, cipher = made
    refused(app, body, cipher)
    first = query(cipher)
    reading = {"sealed": bool(cipher), "as_json": as_json}
    answered = content(push(app, body, first), **reading)
    check_stored(app, row, payload)
    stored = app.stored()
    assert content(push(app, body, first), **reading) == answered, "the identical request"
    assert content(push(app, body, query(cipher)), **reading) == answered, "WeChat's own repeat: new time and nonce"
    assert app.stored() == stored


def refused(app: Served, body: bytes, cipher: str) -> None:
    """Forged and stale ones: 403, and nothing of them is kept."""
    wrong = query(cipher, token="another-token")
    half = query(cipher) | ({"msg_signature": "0" * 40} if cipher else {"signature": "0" * 40})
    stale = query(cipher, at=time.time() - 3 * 3600)
    for params in (wrong, half, stale, {}):
        answer = push(app, body, params)
        assert (answer.status_code, answer.content) == (403, b"")
    assert app.stored() == {}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_recorded_ciphertexts_are_taken_or_refused_as_their_source_says(tmp_path, vector):
    offset = int(vector["timestamp"]) - time.time()
    (tmp_path / "clock").write_text(str(offset), "ascii")
    account = {"WECHAT_APP_ID": vector["appid"], "WECHAT_TOKEN": vector["token"],
               "WECHAT_AES_KEY": vector["encoding_aes_key"]}  # fmt: skip
    stamp, nonce = vector["timestamp"], vector["nonce"]
    params = {"timestamp": stamp, "nonce": nonce, "signature": kit.sha1(vector["token"], stamp, nonce),
              "encrypt_type": "aes", "msg_signature": vector["msg_signature"]}  # fmt: skip
    with serve(tmp_path, DEMO="true", CLOCK_FILE=str(tmp_path / "clock"), **account) as app:
        answer = push(app, vector["encrypted_xml"].encode(), params)
        if not vector["valid"]:
            assert (answer.status_code, app.stored()) == (403, {})
            return
        assert answer.status_code == 200
        (taken,) = app.rows(inbox)
        assert app.deps.store.vault.open_bytes(taken.raw).decode() == vector["plaintext"]
        (person,) = app.rows(addresses)
        assert (
            app.deps.store.vault.open(person.cipher)
            == f"wechat:{ET.fromstring(vector['plaintext']).findtext('FromUserName')}"
        )
