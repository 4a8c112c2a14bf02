"""Twilio's REST interface: its error codes as our errors, and an HTTP client that raises them.

The SDK drops the headers of an answer before it raises. The mapping is therefore done in the HTTP client, where
``Retry-After`` is still known. Codes: Twilio's error dictionary (twilio.com/docs/api/errors), read 2026-11-23.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from twilio.http.http_client import TwilioHttpClient

from adapters.kit.http import HTTP_TIMEOUT, code_error, http_session, retry_after, status_error, transport_error
from adapters.kit.payload import json_object
from bot.edge.errors import (
    Misconfigured,
    RateLimited,
    RecipientGone,
    Refused,
    Temporary,
    WindowClosed,
)

if TYPE_CHECKING:
    from twilio.http.response import Response

    from adapters.kit.http import Codes
    from bot.edge.errors import SendError

ERRORS: Codes = {
    # Our account, our numbers, our rights: nothing goes out until the operator acts.
    "20003": (Misconfigured, "wrong credentials, or no permission"),
    "20404": (Misconfigured, "account not found"),
    "21212": (Misconfigured, "sending number not valid"),
    "21408": (Misconfigured, "region of the recipient not enabled for the account"),
    "21603": (Misconfigured, "neither sending number nor messaging service given"),
    "21606": (Misconfigured, "sending number cannot send messages"),
    "21608": (Misconfigured, "trial account: recipient not verified"),
    "21624": (Misconfigured, "validity period not valid"),
    "21703": (Misconfigured, "messaging service has no number"),
    "30002": (Misconfigured, "account suspended"),
    "30032": (Misconfigured, "toll-free number not verified"),
    "30034": (Misconfigured, "number not registered with the carriers"),
    # Too fast. 20429 was never processed, says its page, so a repeat is always safe.
    "20429": (RateLimited, "too many requests"),
    "21611": (RateLimited, "queue of the sending number is full"),
    "30001": (RateLimited, "queue overflow"),
    "63018": (RateLimited, "rate limit of the channel"),
    # This number takes no messages from us: mark it, use another rung.
    "21211": (RecipientGone, "recipient is no phone number"),
    "21217": (RecipientGone, "recipient is no valid phone number"),
    "21604": (RecipientGone, "recipient is missing"),
    "21610": (RecipientGone, "recipient opted out of the sending number"),
    "21614": (RecipientGone, "recipient is no mobile number"),
    "30004": (RecipientGone, "recipient blocks messages"),
    "30005": (RecipientGone, "recipient unknown to the carrier"),
    "30006": (RecipientGone, "landline or unreachable carrier"),
    # This message will not arrive this way; the number may well take another one. 30003 (phone off, no signal)
    # comes after the carrier has tried for hours: waiting longer costs the citizen more than another rung.
    "21602": (Refused, "text is empty"),
    "21605": (Refused, "text is too long"),
    "21612": (Refused, "no route from our number to the recipient"),
    "21617": (Refused, "text is longer than 1600 characters"),
    "21620": (Refused, "media address not valid"),
    "21623": (Refused, "too many media files"),
    "30003": (Refused, "phone off or out of reach"),
    "30007": (Refused, "filtered by Twilio or the carrier"),
    # The carrier gave no reason; Twilio's page advises one more try.
    "30008": (Temporary, "unknown error at the carrier"),
    # WhatsApp only: free text later than 24 h after the person's last message.
    "63016": (WindowClosed, "outside the reply window"),
}


class TwilioHttp(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's HTTP client with time limits, without proxies from the environment, and calling ``base_url``."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.session = http_session()
        self.timeout = HTTP_TIMEOUT
        self.base_url = base_url.rstrip("/")

    def request(self, method: str, url: str, **options: Any) -> Response:
        """Call the provider. Raises SendError for every answer that is not 2xx. The host that the SDK chose is
        replaced.
        """
        try:
            response = super().request(method, self.base_url + urlsplit(url).path, **options)
        except requests.RequestException as error:
            raise transport_error(error) from None  # its text holds the URL
        if not 200 <= response.status_code < 300:
            raise answer_error(response.status_code, response.text, response.headers)
        return response

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Log nothing: the SDK's lines contain addresses with the account in them, and a later version's may
        contain more.
        """

    def log_response(self, status_code: int, response: requests.Response) -> None:
        """Log nothing, for the same reason."""


def answer_error(status: int, body: str, headers: Any) -> SendError:
    """The error for an answer that is no success: by its code, else by its HTTP status."""
    code = _code(body) or str(status)
    wait = retry_after(headers)
    # A POST may have been processed before Twilio's side failed, and it takes no idempotency key.
    return code_error(ERRORS, code, retry_after=wait) or status_error(status, code, retry_after=wait)


def _code(body: str) -> str:
    code = str(json_object(body.encode("utf-8", "replace")).get("code") or "")
    return code if code.isascii() and code.isdigit() and len(code) <= 6 else ""
