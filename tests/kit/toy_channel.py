"""A third channel in one file, to prove that one file is enough: pagers that take 80 bytes over HTTP."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import requests
from pydantic import Field, SecretStr

from adapters.kit.base import (
    Channel,
    ChannelConfig,
    Limits,
    Received,
    Sent,
    WebhookRequest,
    WebhookResponse,
)
from adapters.kit.http import HTTP_TIMEOUT, http_session, transport_error
from bot.edge.errors import (
    Misconfigured,
    RecipientGone,
    Refused,
    SendError,
    Temporary,
    WebhookRejected,
)
from bot.edge.messages import Address, InboundMessage, Kind, OutboundMessage, UnknownEvent, Way
from bot.edge.ways import WayOut
from bot.text.sms import cut, size

if TYPE_CHECKING:
    from datetime import datetime

# What the pager network answers, in its first word.
ERRORS: dict[str, type[SendError]] = {
    "BUSY": Temporary,
    "NOPAGER": RecipientGone,
    "BADKEY": Misconfigured,
    "TOOLONG": Refused,
}


class ToyConfig(ChannelConfig):
    key: SecretStr = Field(description="Signs the webhook and opens the network")
    key_previous: SecretStr = Field(SecretStr(""), description="The key before; still taken")
    url: str = Field("https://pagers.example/send", description="Where messages are handed over")


def sign(key: str, body: bytes) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


class Toy(Channel):
    """Pagers."""

    name = "toy_channel"
    title = "寻呼机"
    scheme = "pager"
    Config = ToyConfig
    limits = Limits(longest=80, unit="utf8_bytes", passive_longest=80)
    ways = (WayOut(Way.SMS, place=60),)

    def verify(self, request: WebhookRequest, now: datetime) -> None:
        given = request.headers.get("x-pager", "").encode()
        keys = (self.config.key.get_secret_value(), self.config.key_previous.get_secret_value())
        good = [hmac.compare_digest(given, sign(key, request.body).encode()) for key in keys if key]
        if request.method != "POST" or not any(good):
            raise WebhookRejected("bad_signature")

    def parse(self, request: WebhookRequest) -> Received:
        fields = dict(parse_qsl(request.body.decode("utf-8", "replace"), errors="replace"))
        number = fields.get("no") or hashlib.sha256(request.body).hexdigest()
        if "pager" not in fields:
            return Received(events=(UnknownEvent(self.account, number, "no_pager"),))
        sender = Address(self.scheme, fields["pager"])
        text = fields.get("text", "").replace("\0", "")
        return Received(events=(InboundMessage(self.account, number, sender, Kind.TEXT, text),))

    def acknowledge(self, received: Received, reply: str | None) -> WebhookResponse:
        text = (reply or "").encode("utf-8", "replace").decode()
        return WebhookResponse(200, cut(text, self.limits.passive_longest, self.limits.unit).encode())

    def send(self, message: OutboundMessage) -> Sent:
        if message.way is not Way.SMS or size(message.text, "utf8_bytes") > self.limits.longest:
            raise Refused("unsupported")
        word, number = self._call({"to": message.to.value, "text": message.text})
        if word != "OK":
            raise ERRORS.get(word, SendError)(word or "no_word")
        return Sent(number)

    def _call(self, fields: dict[str, str]) -> tuple[str, str]:
        headers = {"X-Key": self.config.key.get_secret_value()}
        try:
            with http_session() as session:
                answer = session.post(
                    self.config.url, data=fields, headers=headers, timeout=HTTP_TIMEOUT, allow_redirects=False
                )
        except requests.RequestException as error:
            raise transport_error(error) from None
        word, _, number = answer.text[:80].partition(" ")
        return word, number
