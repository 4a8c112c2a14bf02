"""An SMS gateway as the mainland has them: registered templates only, no link, no answer inside the webhook.

What it shares with the pagers of ``toy_channel`` is how it signs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from adapters.kit.base import Limits, Received, Sent, WebhookResponse
from adapters.kit.http import Codes, post_json
from bot.edge.errors import Misconfigured, RateLimited, RecipientGone, Refused
from bot.edge.messages import Way
from bot.edge.ways import WayOut
from bot.text.sms import has_link
from tests.kit.toy_channel import Toy, ToyConfig

if TYPE_CHECKING:
    from bot.edge.messages import OutboundMessage

ERRORS: Codes = {
    "FAST": (RateLimited, "too many a second"),
    "NONUMBER": (RecipientGone, "no such number"),
    "SIGN": (Misconfigured, "signature not registered"),
    "WORDS": (Refused, "a value holds a banned word"),
}


class GatewayConfig(ToyConfig):
    url: str = Field("https://gateway.example/send", description="Where messages are handed over")
    templates: dict[str, str] = Field(default_factory=dict, description="The gateway's id of each of our notices")


class ToyGateway(Toy):
    """A gateway of registered texts."""

    name = "toy_gateway"
    title = "短信网关"
    scheme = "sms"
    Config = GatewayConfig
    limits = Limits(longest=8, unit="segments", receipts=True, texts="registered", links="none")
    ways = (WayOut(Way.SMS, place=60, brief=True),)

    config: GatewayConfig

    def acknowledge(self, received: Received, reply: str | None) -> WebhookResponse:
        return WebhookResponse(200, b"OK")

    def can_send(self, way: Way, template: str = "") -> str:
        return super().can_send(way) or ("" if template in self.config.templates else "no template id")

    def send(self, message: OutboundMessage) -> Sent:
        if message.way is not Way.SMS:
            raise Refused("unsupported")
        if message.template not in self.config.templates:
            raise Misconfigured("no_template")
        if any(has_link(value) for value in message.fields.values()):
            raise Refused("link")
        body: dict[str, Any] = {"to": message.to.value, "template": self.config.templates[message.template]}
        headers = {"X-Key": self.config.key.get_secret_value()}
        answer = post_json(self.config.url, body | {"values": dict(message.fields)}, headers=headers)
        number = answer.fields.get("id")
        if answer.ok and isinstance(number, str) and number:
            return Sent(number)
        raise answer.error(ERRORS, answer.fields.get("error"))
