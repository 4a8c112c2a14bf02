"""What happens on an SMS phone: texts that leave it, texts that arrive, and the reports on the way."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import requests
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from simulator import texts
from simulator.twilio import segments
from simulator.twilio_signature import sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.faults import Fault
    from simulator.network import Network
    from simulator.phones import Bubble
    from simulator.twilio import Message

FAILING = frozenset({"failed", "undelivered"})
TRIES = 2
"""Calls of a webhook: Twilio tries once more after a failure (webhooks-connection-overrides page, read 2026-11-23)."""


@dataclass(slots=True)
class Pushed:
    """What came of a push. ``outcome`` is silent, reply, abnormal or unanswered."""

    outcome: str = "unanswered"
    statuses: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    message_sid: str = ""
    seconds: float = 0.0

    def report(self) -> dict[str, Any]:
        tries = len(self.statuses) + len(self.errors)
        return {
            "outcome": self.outcome, "tries": tries, "statuses": self.statuses, "errors": self.errors,
            "reply": "\n".join(self.replies), "message_sid": self.message_sid, "seconds": round(self.seconds, 4),
        }  # fmt: skip


# -- from the phone ---------------------------------------------------------------------------------


def send(net: Network, number: str, given: Mapping[str, Any]) -> tuple[dict[str, str], Bubble]:
    """A text leaves the phone: the form that Twilio will post, and its bubble. ``given`` may have text, to and
    picture.
    """
    text, to = str(given.get("text", "")), str(given.get("to") or net.settings.sms_numbers[0])
    pictures = [given["picture"]] if given.get("picture") else []
    message = net.sms.keep(to, number, text, direction="inbound", media=len(pictures))
    form = _form(net, message) | _media_fields(net, message, pictures)
    shown = {"text": text, "segments": segments(text), "status": "sending", "kind": "text"}
    if pictures:
        stored = form["MediaUrl0"].rsplit("/", 1)[1]
        shown |= {"kind": "image", "picture": f"/twilio/media-store/{stored}"}
    bubble = net.phones.show(number, at=net.clock.now(), direction="out", way="sms", **shown)
    word = net.sms.heard(number, to, text)
    if word:
        _tell_stopped(net, number, word)
        form |= {"OptOutType": word} if net.settings.advanced_opt_out else {}
    return form, bubble


def deliver(net: Network, form: Mapping[str, str], bubble: Bubble) -> Pushed:
    """Call the hook at most twice with the same MessageSid, and show what the answer says."""
    pushed, started = Pushed(message_sid=form["MessageSid"]), time.monotonic()
    token = secrets.token_hex(16)
    for _ in range(TRIES):
        answer = _try(net, form, token, pushed)
        if answer is not None:
            _judge(net, form, answer, pushed)
            break
    pushed.seconds = time.monotonic() - started
    net.calls.pushed({"channel": "sms", "kind": "message", "number": form["From"]} | pushed.report())
    net.phones.mark(form["From"], bubble, "sent")
    if pushed.outcome in {"abnormal", "unanswered"}:
        line = texts.SMS_BAD_ANSWER if pushed.outcome == "abnormal" else texts.SMS_NO_ANSWER
        _note(net, form["From"], line)
    return pushed


def _try(net: Network, form: Mapping[str, str], token: str, pushed: Pushed) -> requests.Response | None:
    try:
        url = net.settings.sms_signed_url or net.settings.sms_hook
        answer = _post(net, net.settings.sms_hook, url, form, {"I-Twilio-Idempotency-Token": token})
    except requests.RequestException as error:
        pushed.errors.append(type(error).__name__)
        return None
    pushed.statuses.append(answer.status_code)
    if answer.status_code >= requests.codes.server_error:
        return None
    return answer


def _judge(net: Network, form: Mapping[str, str], answer: requests.Response, pushed: Pushed) -> None:
    try:
        pushed.replies = read_twiml(answer)
    except ValueError:
        pushed.outcome = "abnormal"
        return
    pushed.outcome = "reply" if pushed.replies else "silent"
    for text in pushed.replies:
        if net.sms.is_stopped(form["From"], form["To"]):
            _note(net, form["From"], texts.SMS_BLOCKED)
        else:
            _arrive(net, form["From"], text, way="passive")


def read_twiml(answer: requests.Response) -> list[str]:
    """The texts the answer sends back. Raises ValueError for what Twilio calls an invalid answer."""
    if not answer.ok:
        raise ValueError("not a success")
    body = answer.content
    if not body.strip():
        return []
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip()
    if kind == "text/plain":
        return [answer.content.decode()]
    if kind not in {"text/xml", "application/xml", "text/html"}:
        raise ValueError("12300 Invalid Content-Type")
    return _messages(body)


def _messages(body: bytes) -> list[str]:
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException) as error:
        raise ValueError("12100 Document parse failure") from error
    if root.tag != "Response":
        raise ValueError("12200 Schema validation warning")
    found = [message.findtext("Body") or message.text or "" for message in root.iter("Message")]
    return [text.strip() for text in found if text.strip()]


def _form(net: Network, message: Message) -> dict[str, str]:
    return {
        "ToCountry": "US", "ToState": "", "SmsMessageSid": message.sid, "NumMedia": "0", "ToCity": "",
        "FromZip": "", "SmsSid": message.sid, "FromState": "", "SmsStatus": "received", "FromCity": "",
        "Body": message.body, "FromCountry": "CN" if message.sender.startswith("+86") else "US",
        "To": message.to, "ToZip": "", "NumSegments": str(segments(message.body)), "MessageSid": message.sid,
        "AccountSid": net.settings.twilio_account_sid, "From": message.sender, "ApiVersion": "2010-04-01",
    } | _service(net)  # fmt: skip


def _service(net: Network) -> dict[str, str]:
    service = net.settings.twilio_messaging_service_sid
    return {"MessagingServiceSid": service} if service else {}


def _media_fields(net: Network, message: Message, pictures: list[tuple[bytes, str]]) -> dict[str, str]:
    account = net.settings.twilio_account_sid
    base = f"{net.settings.base_url}/twilio/2010-04-01/Accounts/{account}/Messages/{message.sid}/Media"
    fields = {"NumMedia": str(len(pictures))}
    for number, (content, content_type) in enumerate(pictures):
        media_id = net.media.put("image", content, content_type=content_type, now=net.clock.now())
        fields |= {f"MediaUrl{number}": f"{base}/{media_id}", f"MediaContentType{number}": content_type}
    return fields


def _tell_stopped(net: Network, number: str, word: str) -> None:
    """Show Twilio's own answer to STOP and START. The account's server is told of the word as well."""
    net.phones.set_state(number, stopped=net.sms.stopped_by(number))
    _arrive(net, number, texts.SMS_STOPPED if word == "STOP" else texts.SMS_STARTED, way="system")


# -- to the phone -----------------------------------------------------------------------------------


def carry(net: Network, message: Message, callback: str, order: Fault | None) -> None:
    """Bring an accepted message to its phone and report on the way."""
    statuses = order.statuses if order and order.statuses else ("sent", "delivered")
    error = order.errcode if order else 0
    net.background.start(_carry, net, message, callback, statuses, error)


def _carry(net: Network, message: Message, callback: str, statuses: tuple[str, ...], error: int) -> None:
    if "delivered" in statuses or not FAILING.intersection(statuses):
        _arrive(net, message.to, message.body, way="sms")
    for status in statuses:
        time.sleep(net.settings.result_delay)
        message.status = status
        message.error = (error or 30008) if status in FAILING else None
        if callback:
            _report(net, message, callback)


def _report(net: Network, message: Message, callback: str) -> None:
    form = {
        "SmsSid": message.sid, "SmsStatus": message.status, "MessageStatus": message.status, "To": message.to,
        "MessageSid": message.sid, "AccountSid": net.settings.twilio_account_sid, "From": message.sender,
        "ApiVersion": "2010-04-01",
    } | _service(net)  # fmt: skip
    if message.error:
        form["ErrorCode"] = str(message.error)
    entry: dict[str, Any] = {"channel": "sms", "kind": message.status, "message_sid": message.sid}
    try:
        entry["statuses"] = [_post(net, callback, callback, form, {}).status_code]
    except requests.RequestException as error:
        entry["errors"] = [type(error).__name__]
    net.calls.pushed(entry)


def _arrive(net: Network, number: str, text: str, *, way: str) -> None:
    """Put a message on the screen. A number that has no phone yet gets one, which the page keeps folded."""
    if net.phones.get(number) is None:
        net.add_sms(number, number, role="other", listed=False)
    content = {"text": text, "segments": segments(text)}
    net.phones.show(number, at=net.clock.now(), direction="in", way=way, **content)


def _note(net: Network, number: str, line: str) -> None:
    net.phones.show(number, at=net.clock.now(), direction="note", way="system", text=line)


def _post(net: Network, url: str, signed_url: str, form: Mapping[str, str], extra: dict[str, str]) -> requests.Response:
    signed_url = signed_url.split("#", 1)[0]  # connection overrides stand in the fragment, unsigned
    signature = sign(net.settings.twilio_auth_token, signed_url, form.items())
    headers = {"X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1"} | extra
    with requests.Session() as session:
        session.trust_env = False
        return session.post(
            url, data=dict(form), headers=headers, timeout=net.settings.sms_timeout, allow_redirects=False
        )
