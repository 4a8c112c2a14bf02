from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from adapters.kit.base import WebhookRequest
from adapters.kit.registry import config_from_env, find_channel_class
from bot.edge.errors import Misconfigured, RecipientGone, Refused, SendError, Temporary
from bot.edge.messages import Address, Way
from tests.contract import CURRENT, OTHER, PREVIOUS, ChannelContract, ErrorCase
from tests.kit.fakes import START, fake_services
from tests.kit.toy_channel import Toy, ToyConfig, sign

KEYS = {CURRENT: "toy-key-now", PREVIOUS: "toy-key-then", OTHER: "toy-key-else"}


def request(body: bytes, secret: str = CURRENT) -> WebhookRequest:
    headers = {"x-pager": sign(KEYS[secret], body)}
    return WebhookRequest("POST", "https://wz.example.gov.cn/hooks/toy", {}, headers, body)


class TestToyChannel(ChannelContract):
    account = "toy"
    secrets = (KEYS[CURRENT], KEYS[PREVIOUS])
    recipient = Address("pager", "pager-no-40777")
    way = Way.SMS
    error_cases = (
        ErrorCase("busy", Temporary, body="BUSY", code="BUSY"),
        ErrorCase("gone", RecipientGone, body="NOPAGER 40777", code="NOPAGER"),
        ErrorCase("key", Misconfigured, body="BADKEY", status=403),
        ErrorCase("length", Refused, body="TOOLONG"),
        ErrorCase("unknown word", SendError, body="EH"),
    )

    def make_channel(self):
        config = ToyConfig(key=KEYS[CURRENT], key_previous=KEYS[PREVIOUS])
        return Toy("toy", config, fake_services())

    def signed_request(self, text, *, number=1, secret=CURRENT, at=START):
        fields = {"no": number, "pager": self.recipient.value, "text": text}
        return request(urlencode(fields).encode(), secret)

    def signed_body(self, body):
        return request(body)

    def unsigned(self, request):
        return replace(request, headers={})

    def corrupt_signature(self, request):
        return replace(request, headers={"x-pager": "0" * 64})

    def read_reply(self, body):
        return body.decode("utf-8")

    def far_end(self, mock, case):
        if case is None:
            mock.post("https://pagers.example/send", body="OK 17")
        else:
            mock.post("https://pagers.example/send", body=case.raises or case.body, status=case.status)


def test_the_file_alone_makes_it_a_channel_with_settings():
    cls = find_channel_class("toy_channel", package="tests.kit")
    config, errors = config_from_env(cls, "north", {"NORTH_KEY": "k", "PATH": "x"})
    assert errors == []
    assert cls is Toy
    assert config.key.get_secret_value() == "k"
