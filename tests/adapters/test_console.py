from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.console import Console, ConsoleConfig, sign
from adapters.kit.base import WebhookRequest
from bot.edge.errors import Temporary, WebhookRejected
from bot.edge.messages import Address, Contact, ContactEvent, OutboundMessage, UnknownEvent, Way
from tests.contract import CURRENT, OTHER, PREVIOUS, ChannelContract
from tests.kit.fakes import START, fake_services

SECRETS = {CURRENT: "console-secret-now", PREVIOUS: "console-secret-then", OTHER: "console-secret-else"}
ANN = Address("console", "ann-the-citizen")


def request(body: bytes, *, secret: str = CURRENT, at=START) -> WebhookRequest:
    timestamp = str(int(at.timestamp()))
    headers = {"x-console-timestamp": timestamp, "x-console-signature": sign(SECRETS[secret], timestamp, body)}
    return WebhookRequest("POST", "https://wz.example.gov.cn/hooks/console", {}, headers, body)


class TestConsole(ChannelContract):
    account = "console"
    secrets = (SECRETS[CURRENT], SECRETS[PREVIOUS])
    recipient = ANN
    way = Way.CONSOLE
    speaks_http = False

    @pytest.fixture(autouse=True)
    def _outbox(self, tmp_path):
        self.outbox = tmp_path / "out.jsonl"

    def make_channel(self):
        config = ConsoleConfig(secret=SECRETS[CURRENT], secret_previous=SECRETS[PREVIOUS], outbox=self.outbox)
        return Console("console", config, fake_services())

    def signed_request(self, text, *, number=1, secret=CURRENT, at=START):
        return request(json.dumps({"id": str(number), "from": ANN.value, "text": text}).encode(), secret=secret, at=at)

    def signed_body(self, body):
        return request(body)

    def unsigned(self, request):
        return replace(request, headers={"x-console-timestamp": request.headers["x-console-timestamp"]})

    def corrupt_signature(self, request):
        return replace(request, headers={**request.headers, "x-console-signature": "0" * 64})

    def stale_request(self):
        return self.signed_request("x", at=START - timedelta(hours=3))

    def read_reply(self, body):
        return body.decode("utf-8")

    # -- its own -------------------------------------------------------------------------------------

    def test_outgoing_messages_are_lines_of_the_outbox(self):
        channel = self.make_channel()
        for text in ("第一条\n两行", "𠮷"):
            channel.send(OutboundMessage(to=ANN, way=Way.CONSOLE, text=text, once=text[:2]))
        lines = [json.loads(line) for line in self.outbox.read_text("utf-8").splitlines()]
        assert [(line["to"], line["text"]) for line in lines] == [(ANN.value, "第一条\n两行"), (ANN.value, "𠮷")]

    def test_without_an_outbox_they_go_to_standard_output(self, capsys):
        channel = Console("console", ConsoleConfig(secret=SECRETS[CURRENT]), fake_services())
        sent = channel.send(OutboundMessage(to=ANN, way=Way.CONSOLE, text="办结"))
        assert json.loads(capsys.readouterr().out) == {"id": sent.external_id, "to": ANN.value, "text": "办结"}

    def test_an_outbox_that_cannot_be_written_is_tried_again_later(self, tmp_path):
        self.outbox = tmp_path / "missing" / "out.jsonl"
        with pytest.raises(Temporary, match="cannot_write"):
            self.make_channel().send(self.outbound("x"))

    @pytest.mark.parametrize("timestamp", ["", "abc", "-1", "9" * 40, "１７００００００００"])
    def test_a_timestamp_that_is_none_is_refused(self, timestamp):
        good = self.signed_request("x")
        with pytest.raises(WebhookRejected, match="no_timestamp"):
            self.make_channel().receive(
                replace(good, headers={**good.headers, "x-console-timestamp": timestamp}), START
            )

    def test_a_message_from_the_future_is_refused(self):
        with pytest.raises(WebhookRejected, match="stale"):
            self.make_channel().receive(self.signed_request("x", at=START + timedelta(hours=3)), START)

    def test_a_body_over_the_limit_is_refused(self):
        with pytest.raises(WebhookRejected) as caught:
            self.make_channel().receive(request(b"x" * 65_537), START)
        assert caught.value.status == 413

    @pytest.mark.parametrize("body", [b"{}", b'{"from": 7}', b"[]", b"not json"])
    def test_a_call_without_sender_is_kept_as_unknown(self, body):
        (event,) = self.make_channel().receive(request(body), START).events
        assert isinstance(event, UnknownEvent)

    @pytest.mark.parametrize(("text", "contact"), [("退订", Contact.OPT_OUT), ("START", Contact.OPT_IN)])
    def test_opt_words_are_contact_events(self, text, contact):
        (event,) = self.make_channel().receive(self.signed_request(text), START).events
        assert isinstance(event, ContactEvent)
        assert event.event is contact

    def test_a_lone_surrogate_becomes_storable(self):
        text = self.make_channel().receive(self.signed_request("坏\ud800了"), START).events[0].text
        assert text == "坏?了"
