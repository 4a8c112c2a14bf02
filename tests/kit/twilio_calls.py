"""Twilio's side for the tests: signs webhooks as the SDK does and knows the account they belong to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from adapters.kit.base import WebhookRequest
from adapters.twilio import Twilio, TwilioConfig
from bot.edge.messages import Address
from tests.contract import CURRENT, OTHER, PREVIOUS
from tests.kit.fakes import fake_services

PAYLOADS = Path(__file__).parent.parent / "payloads"
TOKENS = {CURRENT: "token-in-use-0001", PREVIOUS: "token-rotated-0002", OTHER: "token-foreign-0003"}
ACCOUNT, OURS, CITIZEN = "AC00000000000000000000000000000001", "+12025550100", "+12025550142"
URL = "https://wz.example.gov.cn/hooks/twilio"
MESSAGES = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
SID = "SM" + "0" * 31 + "1"
RECIPIENT = Address("sms", CITIZEN)


def channel(**settings: Any) -> Twilio:
    values = {
        "account_sid": ACCOUNT,
        "auth_token": TOKENS[CURRENT],
        "auth_token_previous": TOKENS[PREVIOUS],
        "from_": OURS,
        **settings,
    }
    return Twilio("twilio", TwilioConfig(**values), fake_services())


def signed(
    body: bytes | str, *, url: str = URL, secret: str = CURRENT, token: str = "", kind: str = ""
) -> WebhookRequest:
    """The body, signed over ``url`` by the SDK's own code (an implementation independent of ours)."""
    raw = body.encode() if isinstance(body, str) else body
    fields = MultiDict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, errors="replace"))
    signature = RequestValidator(token or TOKENS[secret]).compute_signature(url, fields)
    headers = {
        "x-twilio-signature": signature,
        "content-type": kind or "application/x-www-form-urlencoded; charset=UTF-8",
    }
    return WebhookRequest("POST", url, dict(parse_qsl(urlsplit(url).query)), headers, raw)


def message(**fields: str) -> str:
    """An inbound message's form: fields over the usual ones; ``None`` leaves one out."""
    usual = {
        "MessageSid": SID, "AccountSid": ACCOUNT, "From": CITIZEN, "To": OURS, "Body": "路灯坏了",
        "NumMedia": "0", "SmsStatus": "received", "ApiVersion": "2010-04-01",
    }  # fmt: skip
    return urlencode({name: value for name, value in {**usual, **fields}.items() if value is not None})


def status(**fields: str) -> str:
    usual = {"MessageSid": SID, "AccountSid": ACCOUNT, "MessageStatus": "delivered", "To": CITIZEN}
    return urlencode({name: value for name, value in {**usual, **fields}.items() if value is not None})


def recorded(name: str) -> Any:
    text = (PAYLOADS / name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()] if name.endswith("l") else json.loads(text)
