"""The terminal as a channel, and the file to copy for a new one.

In: a signed JSON webhook ``{"id": "7", "from": "ann", "text": "…"}``. Out: JSON lines on a file or standard
output. Small on purpose, yet nothing is left out that a real channel needs: see ``docs/add-a-channel.md``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sys
from pathlib import Path  # noqa: TC003  # pydantic reads it at run time
from typing import TYPE_CHECKING

from pydantic import Field, SecretStr

from adapters.kit.base import Channel, ChannelConfig, Limits, Received, Sent, WebhookRequest, WebhookResponse
from adapters.kit.payload import json_object, storable, text_field
from bot.edge.errors import Refused, Temporary, WebhookRejected
from bot.edge.messages import Address, Contact, ContactEvent, InboundMessage, Kind, UnknownEvent, Way
from bot.edge.ways import WayOut
from bot.text.opt_out import opt_word
from bot.text.sms import cut, size

if TYPE_CHECKING:
    from datetime import datetime

    from bot.edge.messages import Event, OutboundMessage

__all__ = ["Console"]  # found by the file's name: nothing else need name it

FRESH_SECONDS = 300
MAX_BODY = 64 * 1024
CONTACTS = {"out": Contact.OPT_OUT, "in": Contact.OPT_IN}


# 1. Settings. The environment's names follow from the account and the field: CONSOLE_SECRET. Each field says what
#    it is for; what must not be printed is a SecretStr. Two secrets, because changing one takes a while.
class ConsoleConfig(ChannelConfig):
    secret: SecretStr = Field(min_length=8, description="Signs the webhook, at least 8 characters")
    secret_previous: SecretStr = Field(SecretStr(""), description="The secret before; still taken")
    outbox: Path | None = Field(None, description="File to append outgoing messages to; standard output without it")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """What the caller puts into X-Console-Signature."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


# 2. The class. ``name`` is the file's name, ``scheme`` begins every address, ``limits`` is what one message may
#    carry (without ``passive_longest`` there is no answer inside the webhook), ``ways`` are its rungs on the delivery
#    ladder with their places. The handlers read nothing else.
class Console(Channel):
    """A person at a terminal."""

    name = "console"
    title = "terminal"
    scheme = "console"
    Config = ConsoleConfig
    limits = Limits(longest=2000, unit="characters", passive_longest=2000)
    ways = (WayOut(Way.CONSOLE, place=50),)

    config: ConsoleConfig

    # 3. Who is calling? Before anything is parsed: size, freshness by the clock passed in, signature over all that
    #    matters, compared in constant time with each secret. Whatever is wrong is a WebhookRejected.
    def verify(self, request: WebhookRequest, now: datetime) -> None:
        if request.method != "POST":
            raise WebhookRejected("method_not_allowed", 405)
        if len(request.body) > MAX_BODY:
            raise WebhookRejected("too_large", 413)
        timestamp = request.headers.get("x-console-timestamp", "")
        given = request.headers.get("x-console-signature", "").encode("utf-8", "replace")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
            raise WebhookRejected("no_timestamp")
        known = [each.get_secret_value() for each in (self.config.secret, self.config.secret_previous)]
        matching = [hmac.compare_digest(given, sign(key, timestamp, request.body).encode()) for key in known if key]
        if not any(matching):
            raise WebhookRejected("bad_signature")
        if abs(now.timestamp() - int(timestamp)) > FRESH_SECONDS:
            raise WebhookRejected("stale")

    # 4. What does it say? Pure, and never another exception: what is authentic but makes no sense is kept as an
    #    UnknownEvent. ``external_id`` must be the same for a repeat and different for another message.
    def parse(self, request: WebhookRequest) -> Received:
        return Received(events=(self._event(request.body),), payload=request.body)

    def _event(self, body: bytes) -> Event:
        fields = json_object(body)
        external_id = text_field(fields, "id")[:64] or hashlib.sha256(body).hexdigest()[:32]
        if not text_field(fields, "from"):
            return UnknownEvent(self.account, external_id, "no_sender")
        sender = Address(self.scheme, text_field(fields, "from")[:64])
        text = text_field(fields, "text")
        if word := opt_word(text):
            return ContactEvent(self.account, external_id, sender, CONTACTS[word])
        return InboundMessage(self.account, external_id, sender, Kind.TEXT, text, account=self.account)

    # 5. "Received", in this platform's words, with the passive reply where it has one, cut to fit.
    def acknowledge(self, received: Received, reply: str | None) -> WebhookResponse:  # noqa: ARG002  # no one to name
        return WebhookResponse(200, cut(storable(reply or ""), self.limits.passive_longest, "characters").encode())

    # 6. Sending: hand over or raise one of the SendErrors, nothing else. Never put text or address into it.
    def send(self, message: OutboundMessage) -> Sent:
        if message.way is not Way.CONSOLE:
            raise Refused("unsupported")
        if size(message.text, self.limits.unit) > self.limits.longest:
            raise Refused("too_long")
        sent = Sent(message.once or secrets.token_hex(8))
        line = json.dumps({"id": sent.external_id, "to": message.to.value, "text": message.text})
        try:
            self._write(line + "\n")
        except OSError as error:
            raise Temporary("cannot_write", type(error).__name__) from None
        return sent

    def _write(self, line: str) -> None:
        if self.config.outbox is None:
            sys.stdout.write(line)
            sys.stdout.flush()
            return
        with self.config.outbox.open("a", encoding="utf-8") as outbox:
            outbox.write(line)
