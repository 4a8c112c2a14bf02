from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlencode

import responses

from bot.edge.errors import Ambiguous, Misconfigured, RateLimited, RecipientGone, Refused, SendError
from bot.edge.messages import Address, Way
from tests.adapters.test_toy_channel import KEYS, request
from tests.contract import CURRENT, PREVIOUS, ChannelContract, ErrorCase
from tests.kit.fakes import START, fake_services
from tests.kit.toy_gateway import GatewayConfig, ToyGateway

URL = "https://gateway.example/send"


class TestToyGateway(ChannelContract):
    account = "gateway"
    secrets = (KEYS[CURRENT], KEYS[PREVIOUS])
    recipient = Address("sms", "+8613900009999")
    way = Way.SMS
    template = "answer"
    error_cases = (
        ErrorCase("fast", RateLimited, body='{"error": "FAST"}', code="FAST"),
        ErrorCase("gone", RecipientGone, status=400, body='{"error": "NONUMBER"}'),
        ErrorCase("sign", Misconfigured, status=403, body='{"error": "SIGN"}'),
        ErrorCase("words", Refused, body='{"error": "WORDS"}'),
        ErrorCase("unknown code", SendError, body='{"error": "EH"}', code="EH"),
        ErrorCase("neither id nor error", Ambiguous, body="{}"),
    )

    def make_channel(self):
        config = GatewayConfig(key=KEYS[CURRENT], key_previous=KEYS[PREVIOUS], templates={"answer": "T-17"})
        return ToyGateway("gateway", config, fake_services())

    def signed_request(self, text, *, number=1, secret=CURRENT, at=START):
        return request(urlencode({"no": number, "pager": self.recipient.value, "text": text}).encode(), secret)

    def signed_body(self, body):
        return request(body)

    def unsigned(self, request):
        return replace(request, headers={})

    def corrupt_signature(self, request):
        return replace(request, headers={"x-pager": "0" * 64})

    def far_end(self, mock, case):
        if case is None:
            mock.post(URL, json={"id": "m-1"})
        else:
            mock.post(URL, body=case.raises or case.body, status=case.status)

    def test_what_goes_out_is_the_templates_id_and_our_fields(self):
        with responses.RequestsMock() as mock:
            self.far_end(mock, None)
            self.make_channel().send(self.outbound("路灯坏了"))
            sent = json.loads(mock.calls[0].request.body)
        assert (sent["template"], sent["values"]["subject"]) == ("T-17", "路灯坏了")
        assert "text" not in sent
