"""What Twilio knows: accepted messages, numbers that stopped, landlines; and how it counts SMS."""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from simulator.clock import Clock
    from simulator.settings import Settings

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "REVOKE", "OPTOUT", "CANCEL"})
START_WORDS = frozenset({"START", "UNSTOP", "YES"})
LONGEST = 1600
E164 = re.compile(r"\+[1-9]\d{7,14}")
CHINESE_LANDLINE = re.compile(r"\+86(?!1\d{10}$)")

GSM7 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_TWICE = "^{}\\[~]|€\f"
MESSAGES: dict[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    21211: (400, "Invalid 'To' Phone Number"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' or 'MessagingServiceSid' parameter is required to send a message"),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination.",
    ),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (400, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "The 'To' phone number is not currently reachable via SMS"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
}


class Refusal(Exception):
    """A Twilio error code with its HTTP status."""

    def __init__(self, code: int, status: int = 0, message: str = "") -> None:
        super().__init__(code)
        known_status, known_message = MESSAGES.get(code, (400, "Error"))
        self.code, self.status, self.message = code, status or known_status, message or known_message


def units(text: str) -> int:
    """The length in UTF-16 units: an emoji counts two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def segments(text: str) -> int:
    """The number of SMS a text takes: 160 or 153 characters each in GSM-7, 70 or 67 in UCS-2."""
    if all(char in GSM7 or char in GSM7_TWICE for char in text):
        size, alone, joined = len(text) + sum(char in GSM7_TWICE for char in text), 160, 153
    else:
        size, alone, joined = units(text), 70, 67
    return 1 if size <= alone else -(-size // joined)


@dataclass(slots=True)
class Message:
    sid: str
    to: str
    sender: str
    body: str
    status: str
    direction: str
    created: datetime
    service: str = ""
    error: int | None = None
    media: int = 0

    def resource(self, account: str) -> dict[str, Any]:
        """The Message resource in the form of Twilio's interface."""
        uri = f"/2010-04-01/Accounts/{account}/Messages/{self.sid}"
        when = format_datetime(self.created)
        return {
            "sid": self.sid, "account_sid": account, "messaging_service_sid": self.service or None,
            "to": self.to, "from": self.sender, "body": self.body, "status": self.status,
            "direction": self.direction, "num_segments": str(segments(self.body)), "num_media": str(self.media),
            "error_code": self.error, "error_message": None, "price": None, "price_unit": "USD",
            "date_created": when, "date_updated": when, "date_sent": None, "api_version": "2010-04-01",
            "uri": f"{uri}.json", "subresource_uris": {"media": f"{uri}/Media.json"},
        }  # fmt: skip


class Carrier:
    """One Twilio account and the phone network behind it. Many threads may use it at once."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._messages: dict[str, Message] = {}
        self._stopped: set[tuple[str, str]] = set()
        self.landlines: set[str] = set()

    def accept(self, form: Mapping[str, str]) -> Message:
        """Check a message as Twilio does, then keep it. Raises Refusal."""
        to, body = form.get("To", ""), form.get("Body", "")
        if not to:
            raise Refusal(21604)
        sender = self._sender(form)
        if not body and not form.get("MediaUrl"):
            raise Refusal(21602)
        if not E164.fullmatch(to):
            raise Refusal(21211, message=f"Invalid 'To' Phone Number: {to[:3]}XXXX")
        if to in self.landlines or CHINESE_LANDLINE.match(to):
            raise Refusal(21614)
        if len(body) > LONGEST:
            raise Refusal(21617)
        if (to, sender) in self._stopped:
            raise Refusal(21610)
        return self.keep(to, sender, body, direction="outbound-api", service=form.get("MessagingServiceSid", ""))

    def keep(self, to: str, sender: str, body: str, *, direction: str, **more: Any) -> Message:
        sid = ("MM" if more.get("media") else "SM") + secrets.token_hex(16)
        status = "received" if direction == "inbound" else "queued"
        message = Message(sid, to, sender, body, status, direction, self._clock.now(), **more)
        with self._lock:
            self._messages[sid] = message
        return message

    def message(self, sid: str) -> Message:
        """A message by its id. Raises Refusal 20404."""
        with self._lock:
            found = self._messages.get(sid)
        if found is None:
            raise Refusal(20404)
        return found

    def heard(self, number: str, to: str, text: str) -> str:
        """Note STOP and START. Returns the word heard, or ``""``.

        Only the word alone counts (``STOP 1024`` is a message), and only towards the number written to.
        """
        word = text.strip().upper()
        with self._lock:
            if word in STOP_WORDS:
                self._stopped.add((number, to))
                return "STOP"
            if word in START_WORDS:
                self._stopped.discard((number, to))
                return "START"
        return ""

    def is_stopped(self, number: str, sender: str) -> bool:
        return (number, sender) in self._stopped

    def stopped_by(self, number: str) -> list[str]:
        with self._lock:
            return sorted(sender for known, sender in self._stopped if known == number)

    def clear(self) -> None:
        with self._lock:
            self._messages.clear()
            self._stopped.clear()
            self.landlines.clear()

    def _sender(self, form: Mapping[str, str]) -> str:
        """The number a message is sent from. Raises Refusal 21603 or 21606."""
        sender, service = form.get("From", ""), form.get("MessagingServiceSid", "")
        if not sender and not service:
            raise Refusal(21603)
        numbers = self._settings.sms_numbers
        if sender and sender not in numbers:
            raise Refusal(21606)
        if service and service != self._settings.twilio_messaging_service_sid:
            raise Refusal(20404)
        return sender or numbers[0]
