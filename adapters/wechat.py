"""A WeChat official account, through wechatpy, whose weak places are closed in ``_wechat/``.

Pushes come plain or encrypted, as XML or JSON. Replies go back as the answer to the webhook, as customer-service
message, subscription notice or template message.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

from adapters._wechat import crypto, events, replies
from adapters._wechat.api import Api, ThreadSessions
from adapters._wechat.cache import SteadyCache
from adapters._wechat.config import WeChatConfig
from adapters._wechat.errors import TOKEN_ERRORS
from adapters._wechat.fields import fit_fields
from adapters._wechat.media import MediaFetcher
from adapters._wechat.push_body import Malformed, Node, is_json, parse_push
from adapters._wechat.tokens import Tokens
from adapters.kit.base import (
    Channel,
    Limits,
    Media,
    Received,
    ReplyWindow,
    Sent,
    WebhookRequest,
    WebhookResponse,
)
from bot.edge.errors import Ambiguous, Misconfigured, Refused, SendError, Temporary, WebhookRejected
from bot.edge.messages import Kind, Way
from bot.edge.ways import WayOut

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from adapters.kit.base import Services
    from bot.edge.messages import Event, MediaRef, OutboundMessage

__all__ = ["WeChat"]  # found by the file's name: nothing else need name it

FRESH_SECONDS = 600
"""How far a signed time may lie from our clock. WeChat's repeats come within 15 seconds, and one after two
minutes has been seen; the rest allows for clocks. Within this time the replay key guards
(docs/decisions/0010-replay-guard-in-the-inbox.md).
"""

MAX_PARTS = 5
"""A long text is sent in at most this many messages, which is what one message of the person allows."""

MEDIA_KINDS = frozenset({Kind.IMAGE, Kind.VOICE, Kind.VIDEO})


class WeChat(Channel):
    """One official account."""

    name: ClassVar[str] = "wechat"
    title: ClassVar[str] = "WeChat official account"
    scheme: ClassVar[str] = "wechat"
    Config = WeChatConfig
    ways = (
        WayOut(Way.CUSTOMER_SERVICE, place=20, in_window=True),
        WayOut(Way.SUBSCRIPTION, place=30, template=True, consent=True),
        WayOut(Way.TEMPLATE, place=40, template=True),
    )
    limits = Limits(
        longest=2048,
        unit="utf8_bytes",
        passive_longest=2048,
        window=ReplyWindow(message_hours=48, message_quota=5, event_minutes=1, event_quota=3),
        media=MEDIA_KINDS,
        receipts=True,
    )

    def __init__(self, account: str, config: WeChatConfig, services: Services) -> None:
        super().__init__(account, config, services)
        self.config: WeChatConfig = config
        vars(self)["limits"] = _limits(config)  # WeChat changes them: settings, not constants
        self._token = config.token.get_secret_value()
        self._keys = _keys(config)
        sessions = ThreadSessions()
        self._api = Api(config.app_id, config.api_base_url, sessions)
        self._tokens = Tokens(
            account,
            config.app_id,
            cache=SteadyCache(services.cache, services.clock),
            clock=services.clock,
            alarms=services.alarms,
            fetch=self._fetch_token,
        )
        self._media = MediaFetcher(config.api_base_url, self._tokens, sessions)

    # -- inbound -----------------------------------------------------------------------------

    def verify(self, request: WebhookRequest, now: datetime) -> None:
        """Check ``signature`` on every call, and ``msg_signature`` when encrypted: only the latter covers the body."""
        query = request.query
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        _check_fresh(timestamp, now)
        # The signature comes before everything else: a body nobody signed must not even be decrypted.
        self._check(query.get("signature", ""), timestamp, nonce)
        if request.method != "POST":
            return
        if query.get("encrypt_type", "") == "aes":
            self._check(query.get("msg_signature", ""), timestamp, nonce, _encrypt(request.body))
        else:
            self._check_plain(query.get("encrypt_type", ""))

    def _check(self, given: str, *parts: str) -> None:
        if not given or not crypto.same(crypto.signature(self._token, *parts), given):
            raise WebhookRejected("signature")

    def _check_plain(self, encrypt_type: str) -> None:
        # A plain push has no type or ``raw``. With any other value a readable body is not WeChat's.
        if encrypt_type not in {"", "raw"}:
            raise WebhookRejected("encrypt_type")
        if not self.config.allow_plain:
            raise WebhookRejected("plain_mode")

    def handshake(self, request: WebhookRequest) -> WebhookResponse | None:
        """Answer the check of the address: ``echostr`` goes back as it came, as plain text."""
        if request.method == "POST":
            return None
        echo = request.query.get("echostr", "")
        if request.method != "GET" or not echo:
            raise WebhookRejected("no_echostr", 400)
        # Anything but the bare text, a page or JSON say, makes WeChat refuse the address.
        return WebhookResponse(200, echo.encode("utf-8", "replace"))

    def parse(self, request: WebhookRequest) -> Received:
        """Read a push. Of a body in compatible mode only the decrypted part counts, since the other is not signed."""
        key, payload = self._open(request)
        replay_key = self._replay_key(request)
        try:
            root = parse_push(payload)
        except Malformed:
            event = events.unknown(self.account, "malformed", payload)
            return Received((event,), replay_key=replay_key, payload=payload)
        found, context = self._read(root, payload, request)
        context |= {"key": key, "format": "json" if is_json(payload) else "xml"}
        return Received(found, context=context, replay_key=replay_key, payload=payload)

    def _open(self, request: WebhookRequest) -> tuple[str, bytes]:
        if request.query.get("encrypt_type", "") != "aes":
            return "", request.body
        # After a change of the key some pushes still come with the previous one (push encryption page, read
        # 2026-11-23).
        opened = crypto.unseal_any(_encrypt(request.body), self._keys, self.config.app_id)
        if opened is None:
            raise WebhookRejected("undecryptable")
        return opened

    def _read(self, root: Node, payload: bytes, request: WebhookRequest) -> tuple[tuple[Event, ...], dict[str, str]]:
        push = events.Push(self.account, root, payload, _seconds(request.query.get("timestamp", "")))
        # The signature covers the token and not the account, so two accounts with one token would read each
        # other's messages.
        if self.config.original_id and push.account != self.config.original_id:
            return (events.unknown(self.account, "other_account", payload),), {}
        return events.read(push), {"to": push.sender, "from": push.account}

    def _replay_key(self, request: WebhookRequest) -> str:
        # WeChat's own retries have a new time and nonce, so the key is the same only for a request that somebody
        # captured.
        signed = (self.account, request.query.get("timestamp", ""), request.query.get("nonce", ""))
        return hashlib.sha256("|".join(signed).encode("utf-8", "replace")).hexdigest()[:40]

    def acknowledge(self, received: Received, reply: str | None) -> WebhookResponse:
        """``success``, or the reply in the push's own format, sealed with the key that opened it.

        Anything else makes WeChat show the person an error (passive reply page, read 2026-11-23).
        """
        context = received.context
        text = replies.fit_bytes(replies.clean(reply or "").strip(), self.limits.passive_longest)
        if not (text and context.get("to") and context.get("from")):
            return WebhookResponse(200, b"success")
        as_json = context.get("format") == "json"
        # CreateTime is in seconds (message format pages, read 2026-11-23).
        seconds = int(self.services.clock.now().timestamp())
        body = replies.render(text, to=context["to"], sender=context["from"], seconds=seconds, as_json=as_json)
        # The reply is encrypted with the key that opened the push: WeChat knows that one for certain.
        key = dict(self._keys).get(context.get("key", ""))
        if key:
            body = self._seal(body, key, seconds=seconds, as_json=as_json)
        content_type = "application/json" if as_json else "application/xml"
        return WebhookResponse(200, body.encode(), f"{content_type}; charset=utf-8")

    def _seal(self, body: str, key: bytes, *, seconds: int, as_json: bool) -> str:
        app_id, timestamp = self.config.app_id, str(seconds)
        return crypto.seal(body, key=key, app_id=app_id, token=self._token, timestamp=timestamp, as_json=as_json)

    # -- outbound ----------------------------------------------------------------------------

    def send(self, message: OutboundMessage) -> Sent:
        """Hand over one message. Raises SendError only."""
        try:
            if message.way is Way.CUSTOMER_SERVICE:
                return self._send_text(message)
            if message.way in {Way.TEMPLATE, Way.SUBSCRIPTION}:
                return self._send_notice(message)
        except SendError as error:
            self._alarm_field(error, message)
            raise
        except Exception as error:  # noqa: BLE001 - the outbox decides on SendError alone; no text in it
            raise Ambiguous("unexpected", type(error).__name__) from None
        raise Refused("unsupported_way", message.way.value)

    def _send_text(self, message: OutboundMessage) -> Sent:
        """Send a text, a long one in parts. Once a part is out, a later one's failure does not mean that nothing
        was sent.
        """
        parts = replies.split_bytes(replies.clean(message.text).strip(), self.limits.longest)
        if not 0 < len(parts) <= MAX_PARTS:
            raise Refused("45002" if parts else "44004", "text too long" if parts else "text empty")
        for number, part in enumerate(parts):
            body = {"touser": message.to.value, "msgtype": "text", "text": {"content": part}}
            try:
                answer = self._call("message/custom/send", body)
            except Temporary as error:
                if number:
                    # The person has the first parts: sending all of them again must be marked as a repeat.
                    raise Ambiguous(error.code, f"after part {number} of {len(parts)}") from None
                raise
        return Sent(_message_id(answer), parts=len(parts))

    def _send_notice(self, message: OutboundMessage) -> Sent:
        problem = self.can_send(message.way, message.template or "?")
        if problem:
            raise Misconfigured("no_template", problem)
        is_template = message.way is Way.TEMPLATE
        body: dict[str, Any] = {"touser": message.to.value, "data": self._data(message)}
        body["template_id"] = self._template_ids(message.way)[message.template]
        if message.url:
            body["url" if is_template else "page"] = message.url
        # bizsend has no such field, so a subscription notice that gets no answer may arrive twice.
        if is_template and message.once:
            body["client_msg_id"] = message.once  # the same one is sent once within 10 minutes
        path = "message/template/send" if is_template else "message/subscribe/bizsend"
        return Sent(_message_id(self._call(path, body)))

    def _data(self, message: OutboundMessage) -> dict[str, dict[str, str]]:
        mapping = self.config.template_fields.get(message.template, {})
        if message.way is Way.SUBSCRIPTION:
            mapping = self.config.subscription_fields.get(message.template, mapping)
        fitted = fit_fields(message.fields, mapping, self.services.clock.now())
        return {name: {"value": value} for name, value in fitted.items()}

    def _call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a call, and another with a renewed token if the token was refused; then the breaker opens."""
        token = self._tokens.get()
        try:
            answer = self._post(path, body, token)
        except _TokenRefused:
            token = self._tokens.renew(token)
            try:
                answer = self._post(path, body, token)
            except _TokenRefused as refused:
                # A token that is new and refused will be refused again. Without a breaker each message would
                # fetch another one, and force_refresh is allowed 20 times a day (api_getstableaccesstoken page,
                # read 2026-11-23).
                raise self._tokens.trip(Misconfigured(refused.code, "renewed token refused")) from None
        self._tokens.works()
        return answer

    def _post(self, path: str, body: dict[str, Any], token: str) -> dict[str, Any]:
        try:
            return self._api.post(path, body, token=token, sends=True)
        except Misconfigured as error:
            if error.code in _TOKEN_CODES:
                raise _TokenRefused(error.code) from None
            raise

    def _fetch_token(self, force: bool) -> dict[str, Any]:
        body = {
            "grant_type": "client_credential",
            "appid": self.config.app_id,
            "secret": self.config.app_secret.get_secret_value(),
            "force_refresh": force,
        }
        return self._api.post("stable_token", body, token=None, sends=False)

    def _alarm_field(self, error: SendError, message: OutboundMessage) -> None:
        """Raise an alarm for a field WeChat refuses: our mapping or fitting is wrong, and a person has to look at
        it.
        """
        if error.code == "47003":
            key = f"wechat_field:{self.account}:{message.template}"
            self.services.alarms.raise_alarm(key, code=error.code, detail=error.detail)

    def fetch_media(self, ref: MediaRef) -> Media:
        return self._media.fetch(ref)

    def can_send(self, way: Way, template: str = "") -> str:
        unsupported = super().can_send(way)
        if unsupported or way is Way.CUSTOMER_SERVICE:
            return unsupported
        ids = self._template_ids(way)
        return "" if (ids.get(template) if template else ids) else "no template id"

    def subscription_id(self, template: str) -> str:
        return self.config.subscriptions.get(template, "")

    def _template_ids(self, way: Way) -> dict[str, str]:
        return self.config.templates if way is Way.TEMPLATE else self.config.subscriptions

    # -- operation ---------------------------------------------------------------------------

    def check(self) -> str:
        self._tokens.get()
        mode = "encrypted pushes" if self._keys else "plain pushes"
        return f"access token works, {mode}, {len(self.config.templates)} template(s)"

    def age_of_token(self) -> timedelta | None:
        return self._tokens.age()


class _TokenRefused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


_TOKEN_CODES = frozenset(str(code) for code in TOKEN_ERRORS)


def _keys(config: WeChatConfig) -> tuple[tuple[str, bytes], ...]:
    named = (("current", config.aes_key), ("previous", config.aes_key_previous))
    return tuple((name, crypto.key_bytes(key.get_secret_value())) for name, key in named if key)


def _limits(config: WeChatConfig) -> Limits:
    window = ReplyWindow(
        message_hours=config.message_hours,
        message_quota=config.message_quota,
        event_minutes=config.event_minutes,
        event_quota=config.event_quota,
    )
    longest = config.longest_bytes
    return Limits(longest, "utf8_bytes", longest, window=window, media=MEDIA_KINDS, receipts=True)


def _check_fresh(timestamp: str, now: datetime) -> None:
    if not _seconds(timestamp) or abs(now.timestamp() - _seconds(timestamp)) > FRESH_SECONDS:
        raise WebhookRejected("stale")


def _seconds(timestamp: str) -> float:
    """A timestamp of digits as seconds; 0 for anything else."""
    return float(timestamp) if timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 13 else 0.0


def _encrypt(body: bytes) -> str:
    """The encrypted text of a body that is not trusted yet. Raises WebhookRejected when there is none."""
    try:
        found = parse_push(body).get("Encrypt")
    except Malformed:
        found = ""
    if not found:
        raise WebhookRejected("not_encrypted")
    return found


def _message_id(answer: dict[str, Any]) -> str:
    return str(answer.get("msgid") or answer.get("msg_id") or "")
