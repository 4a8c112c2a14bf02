"""SMS through Twilio: signed webhooks in, the Messages resource out, status callbacks as receipts.

Twilio has no two-way SMS with mainland China (guidelines page for CN, read 2026-11-23): to +86 numbers it can at
best send registered templates, in at most eight UCS-2 segments and without links; citizens there cannot write
to it. A Hong Kong or other number works both ways. WhatsApp numbers of the same account are taken as well.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator
from twilio.base.exceptions import TwilioException
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse

from adapters._twilio.api import ERRORS, TwilioHttp
from adapters._twilio.signature import body_matches, matches
from adapters.kit.base import (
    Channel,
    ChannelConfig,
    Limits,
    Received,
    Sent,
    WebhookRequest,
    WebhookResponse,
)
from adapters.kit.download import download
from adapters.kit.http import code_error
from bot.edge.errors import Ambiguous, Misconfigured, Refused, WebhookRejected
from bot.edge.messages import (
    Address,
    Contact,
    ContactEvent,
    DeliveryReceipt,
    Failure,
    InboundMessage,
    Kind,
    MediaRef,
    Outcome,
    UnknownEvent,
    Way,
)
from bot.edge.ways import WayOut
from bot.text.opt_out import is_platform_word, opt_word
from bot.text.phones import e164, is_mainland, region_of
from bot.text.sms import cut_to_segments, has_link, segments, without_links

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.kit.base import Links, Media, Services
    from bot.edge.messages import Event, OutboundMessage

__all__ = ["Twilio"]  # found by the file's name: nothing else need name it

# What the SDK raises on an answer that is not what Twilio documents.
BAD_ANSWER = (TwilioException, ValueError, TypeError, KeyError, AttributeError, RecursionError)

MAX_BODY = 64 * 1024
MAX_FIELDS = 200
MAX_MEDIA = 10  # Twilio's own limit for one message

OUTCOMES = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending"), Outcome.ACCEPTED),
    "sent": Outcome.SENT,
    **dict.fromkeys(("delivered", "read", "partially_delivered"), Outcome.DELIVERED),
    **dict.fromkeys(("undelivered", "failed", "canceled"), Outcome.FAILED),
}

OPT_OUT_TYPES = {"STOP": Contact.OPT_OUT, "START": Contact.OPT_IN}
OPT_WORDS = {"out": Contact.OPT_OUT, "in": Contact.OPT_IN}

# Characters XML 1.0 cannot carry: one of them and Twilio refuses the whole answer (12100).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class TwilioConfig(ChannelConfig):
    """One Twilio account, with a number or a messaging service to send from."""

    model_config = ConfigDict(populate_by_name=True)

    account_sid: str = Field(min_length=1, description="Account SID, AC…, from Twilio's console")
    auth_token: SecretStr = Field(min_length=1, description="Auth token: signs webhooks and opens the REST interface")
    auth_token_previous: SecretStr = Field(
        SecretStr(""), description="The token before a rotation; webhooks signed with it are still taken"
    )
    from_: str = Field("", alias="from", description="Number to send from, E.164 (+852…)")
    messaging_service_sid: str = Field("", description="Messaging Service SID, MG…, to send from instead of a number")
    also_to: list[str] = Field(default_factory=list, description="Further own numbers people write to, JSON list")
    api_base_url: str = Field("https://api.twilio.com", description="Address of the REST interface")
    status_callback: str = Field("", description="Public URL for delivery receipts; set at start-up from PUBLIC_URL")
    links_to_mainland: bool = Field(
        default=False, description="Whether texts to +86 numbers may carry a link (carriers filter them)"
    )
    longest_segments: int = Field(8, ge=1, le=8, description="Longest text in SMS segments; Twilio advises 8 for China")

    @field_validator("api_base_url", "status_callback")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            raise ValueError("is not an http(s) URL")
        return value.rstrip("/")

    @field_validator("from_")
    @classmethod
    def _one_spelling(cls, value: str) -> str:
        return _number(value)  # "+852 5123 0000" is how people note it; a name stays

    @model_validator(mode="after")
    def _has_a_sender(self) -> TwilioConfig:
        if not (self.from_ or self.messaging_service_sid):
            raise ValueError("FROM: this or MESSAGING_SERVICE_SID is required")
        return self

    @classmethod
    def insecure(cls, values: Mapping[str, Any]) -> list[str]:
        """Settings refused outside of the demo: the auth token would cross the network in clear."""
        url = urlsplit(str(values.get("api_base_url", "")))
        if url.scheme == "http" and url.hostname not in {"127.0.0.1", "localhost", "::1"}:
            return ["API_BASE_URL: must be https, the auth token goes there"]
        return []


class Form(NamedTuple):
    """The signed fields of a webhook, with the first value of each name, and an id for the whole body."""

    fields: Mapping[str, str]
    digest: str

    def get(self, *names: str) -> str:
        """The first of the fields that is present and not empty, without NUL, which no database takes."""
        return next((self.fields[name].replace("\0", "") for name in names if self.fields.get(name)), "")


class Twilio(Channel):
    """SMS in and out by Twilio."""

    name = "twilio"
    title = "SMS through Twilio"
    scheme = "sms"
    Config = TwilioConfig
    limits = Limits(
        longest=8,
        unit="segments",
        passive_longest=8,
        media=frozenset({Kind.IMAGE, Kind.VOICE, Kind.VIDEO}),
        receipts=True,
    )
    ways = (WayOut(Way.SMS, place=60, brief=True),)

    config: TwilioConfig

    def __init__(self, account: str, config: TwilioConfig, services: Services) -> None:
        super().__init__(account, config, services)
        longest = config.longest_segments
        self.limits = replace(self.limits, longest=longest, passive_longest=longest)  # type: ignore[misc]  # per account
        self.own_numbers = frozenset(_number(number) for number in (config.from_, *config.also_to) if number)
        self.client = Client(
            config.account_sid,
            config.auth_token.get_secret_value(),
            http_client=TwilioHttp(config.api_base_url),
        )

    # -- inbound -----------------------------------------------------------------------------

    def verify(self, request: WebhookRequest, now: datetime) -> None:  # noqa: ARG002  # nothing to compare it with
        """Check the signature. Twilio signs no time, but the MessageSid of a captured webhook is taken already."""
        if request.method != "POST":
            raise WebhookRejected("method_not_allowed", 405)
        if len(request.body) > MAX_BODY:
            raise WebhookRejected("too_large", 413)
        given = request.headers.get("x-twilio-signature", "")
        if not given:
            raise WebhookRejected("no_signature")
        pairs = _pairs(request) if _is_form(request) else _no_pairs(request)
        tokens = (self.config.auth_token, self.config.auth_token_previous)
        secrets = [token.get_secret_value() for token in tokens if token.get_secret_value()]
        if not matches(given, secrets, request.url, pairs):
            raise WebhookRejected("bad_signature")

    def parse(self, request: WebhookRequest) -> Received:
        form = _form(request)
        if form.get("AccountSid") not in {"", self.config.account_sid}:
            raise WebhookRejected("foreign_account")
        event = self._status(form) if _is_status(form, request.url) else self._message(form)
        return Received(events=(event,), payload=request.body)

    def _message(self, form: Form) -> Event:
        external_id = _external_id("m", form)
        to = _address(form.get("To"))
        sender = _address(form.get("From"), region_of(to.value) if to else "")
        if sender is None:
            return UnknownEvent(self.account, external_id, "no_sender")
        if sender.value in self.own_numbers or sender == to:
            return UnknownEvent(self.account, external_id, "own_number")  # two bots answering each other
        if not self._is_ours(form, to):
            return UnknownEvent(self.account, external_id, "foreign_number", sender)
        return self._contact(form, external_id, sender) or self._inbound(form, external_id, sender)

    def _is_ours(self, form: Form, to: Address | None) -> bool:
        """Whether the webhook is for this account: by AccountSid, and by service or number if it names a service.
        A number alone is accepted, since Twilio calls this URL only for numbers the operator has pointed here.
        """
        service = form.get("MessagingServiceSid")
        return service in {"", self.config.messaging_service_sid} or (to is not None and to.value in self.own_numbers)

    def _contact(self, form: Form, external_id: str, sender: Address) -> ContactEvent | None:
        """An opt-out or opt-in. ``key`` is ``platform`` where Twilio has acted on it and answered already."""
        by_platform = form.get("OptOutType").upper()
        word = None if _media(form) else opt_word(form.get("Body"))
        event = OPT_OUT_TYPES.get(by_platform) or OPT_WORDS.get(word or "")
        if event is None:
            return None
        key = "platform" if by_platform or is_platform_word(form.get("Body")) else ""
        return ContactEvent(self.account, external_id, sender, event, key=key, account=form.get("To"))

    def _inbound(self, form: Form, external_id: str, sender: Address) -> InboundMessage:
        media, text = _media(form), form.get("Body")
        return InboundMessage(
            self.account, external_id, sender, _kind(form, media), text, account=form.get("To"), media=media
        )

    def _status(self, form: Form) -> Event:
        status, sid = form.get("MessageStatus", "SmsStatus"), form.get("MessageSid", "SmsSid")
        external_id = _external_id("s", form, status[:20])
        outcome = OUTCOMES.get(status)
        if outcome is None or not sid:
            return UnknownEvent(self.account, external_id, "unknown_status" if sid else "no_sid")
        code = form.get("ErrorCode")
        code = code if outcome is Outcome.FAILED and code.isascii() and code.isdigit() else ""
        return DeliveryReceipt(
            self.account,
            external_id,
            message_id=sid,
            outcome=outcome,
            code=code,
            failure=_failure(code) if outcome is Outcome.FAILED else None,
            recipient=_address(form.get("To")),
        )

    def acknowledge(self, received: Received, reply: str | None) -> WebhookResponse:
        """TwiML with the reply, cut to the longest text and without links for mainland numbers."""
        answer = MessagingResponse()
        text = _NOT_XML.sub("", reply or "")
        senders = [event.sender for event in received.events if not isinstance(event, DeliveryReceipt)]
        if any(self.links_to(sender) == "none" for sender in senders if sender):
            text = without_links(text)
        if text.strip():
            answer.message(cut_to_segments(text, self.limits.passive_longest))
        return WebhookResponse(200, answer.to_xml().encode(), "text/xml; charset=utf-8")

    # -- outbound ----------------------------------------------------------------------------

    def links_to(self, to: Address) -> Links:
        return "any" if self.config.links_to_mainland or not is_mainland(to.value) else "none"

    def send(self, message: OutboundMessage) -> Sent:
        """Send one text of at most ``limits.longest`` segments. Twilio has no idempotency key for ``once``."""
        self._refuse(message)
        try:
            sid = self.client.messages.create(**self._call(message)).sid
        except BAD_ANSWER as error:
            raise Ambiguous("bad_answer", type(error).__name__) from None  # 2xx, but not what Twilio says
        if not isinstance(sid, str) or not sid:
            raise Ambiguous("bad_answer", "no sid")
        return Sent(sid, segments(message.text))

    def _refuse(self, message: OutboundMessage) -> None:
        """Raise for a message that must not even be tried."""
        if message.way is not Way.SMS or message.to.scheme not in {"sms", "whatsapp"}:
            raise Refused("unsupported")
        if not message.text.strip():
            raise Refused("empty_text")
        if segments(message.text) > self.limits.longest:
            raise Refused("too_long", f"{segments(message.text)} segments")
        if has_link(message.text) and self.links_to(message.to) == "none":
            raise Refused("link_to_mainland")

    def _call(self, message: OutboundMessage) -> dict[str, str]:
        whatsapp = message.to.scheme == "whatsapp"
        call = {
            "to": str(message.to) if whatsapp else message.to.value,
            "body": _NOT_XML.sub("", message.text),  # a lone surrogate cannot be encoded either
        }
        if self.config.messaging_service_sid:
            call["messaging_service_sid"] = self.config.messaging_service_sid
        else:
            call["from_"] = f"whatsapp:{self.config.from_}" if whatsapp else self.config.from_
        if self.config.status_callback:
            call["status_callback"] = self.config.status_callback
        return call

    def fetch_media(self, ref: MediaRef) -> Media:
        """Download media of a message. The password goes to Twilio's own host only and not to where it redirects."""
        auth = (self.config.account_sid, self.config.auth_token.get_secret_value())
        return download(ref.ref, provider_url=self.config.api_base_url, auth=auth)

    # -- operation ---------------------------------------------------------------------------

    def check(self) -> str:
        """Ask for the account resource: whether the credentials are right and the account is not suspended."""
        try:
            status = self.client.api.accounts(self.config.account_sid).fetch().status
        except BAD_ANSWER as error:
            raise Misconfigured("bad_answer", type(error).__name__) from None
        if status != "active":
            raise Misconfigured("account_not_active")
        return "account is active"


def _is_form(request: WebhookRequest) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in {"", "application/x-www-form-urlencoded"}


def _pairs(request: WebhookRequest) -> list[tuple[str, str]]:
    """The form fields in order. Twilio sends UTF-8; anything else becomes U+FFFD, here and in the signature alike."""
    text = request.body.decode("utf-8", "replace")
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace")
    except ValueError:
        raise WebhookRejected("too_many_fields", 413) from None


def _no_pairs(request: WebhookRequest) -> list[tuple[str, str]]:
    """No fields, for a JSON body, which is signed by its hash in the URL or not at all."""
    if not body_matches(request.query.get("bodySHA256", ""), request.body):
        raise WebhookRejected("bad_body_hash")
    return []


def _form(request: WebhookRequest) -> Form:
    pairs = _pairs(request) if _is_form(request) else []
    return Form(dict(reversed(pairs)), hashlib.sha256(request.body).hexdigest()[:32])


def _external_id(kind: str, form: Form, state: str = "") -> str:
    """The id of an event: ``m:SM…``, ``s:SM…:delivered``, or the body's hash, which is the same for each repeat."""
    sid = form.get("MessageSid", "SmsSid", "SmsMessageSid")
    if not re.fullmatch(r"[A-Za-z0-9]{1,64}", sid):
        return f"{kind}:h:{form.digest}"
    return f"{kind}:{sid}:{state}" if state else f"{kind}:{sid}"


def _is_status(form: Form, url: str) -> bool:
    """Whether it is a status report. Inbound messages have no ``MessageStatus`` other than received."""
    if urlsplit(url).path.rstrip("/").endswith("/status"):
        return True
    return form.get("MessageStatus") not in {"", "received"}


def _address(given: str, region: str = "") -> Address | None:
    """The address of a sender: ``+1413…`` is sms, ``whatsapp:…`` is whatsapp. A name or short code stays as it is."""
    scheme, colon, value = given.strip().rpartition(":")
    scheme = scheme.lower() if colon and scheme.isascii() and scheme.isalpha() else "sms"
    value = value if colon else given.strip()
    return Address(scheme, _number(value, region)) if value else None


def _number(value: str, region: str = "") -> str:
    return (e164(value, region) if region else e164(value)) or value.strip()


def _media(form: Form) -> tuple[MediaRef, ...]:
    """The media that is named, whatever ``NumMedia`` says (it may be ``abc`` or a million)."""
    found = []
    for index in range(MAX_MEDIA):
        url, said = form.get(f"MediaUrl{index}"), form.get(f"MediaContentType{index}")
        if url:
            kind = said.partition(";")[0].strip().lower() or mimetypes.guess_type(url)[0] or ""
            found.append(MediaRef(url, _media_kind(kind), kind))
    return tuple(found)


def _media_kind(content_type: str) -> Kind:
    kinds = {"image": Kind.IMAGE, "audio": Kind.VOICE, "video": Kind.VIDEO}
    return kinds.get(content_type.partition("/")[0], Kind.FILE)


def _kind(form: Form, media: tuple[MediaRef, ...]) -> Kind:
    """The kind, by the text first. Media announced but not there is UNSUPPORTED, so that somebody asks."""
    if form.get("Body").strip() or not (media or form.get("NumMedia").strip("0")):
        return Kind.TEXT
    return media[0].kind if media else Kind.UNSUPPORTED


def _failure(code: str) -> Failure:
    error = code_error(ERRORS, code)
    return error.failure if error else Failure.REFUSED
