"""Errors the edge raises and the handlers decide on.

The adapter only raises; ``handlers/delivery/outbox.py`` alone turns a ``SendError`` into a state.
"""

from __future__ import annotations

from bot.edge.messages import Failure


class WebhookRejected(Exception):
    """The request is not from the platform, or not fresh. ``status`` is what to answer.

    ``reason`` is a short static word for logs and metrics; never holds request content.
    """

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class SendError(Exception):
    """A message was not handed over. ``code`` is the provider's, ``detail`` safe to store and log:
    no text, no address, no secret.
    """

    failure = Failure.REFUSED

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.detail = detail


class Temporary(SendError):
    """Not processed; the same call may work later."""

    failure = Failure.TEMPORARY


class RateLimited(Temporary):
    """Not processed for now. ``retry_after`` in seconds."""

    failure = Failure.RATE_LIMITED

    def __init__(self, code: str, detail: str = "", *, retry_after: float = 30.0) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


class Ambiguous(SendError):
    """Sent, but no answer came: it may have arrived. One marked retry, with the platform's
    idempotency key where there is one.
    """

    failure = Failure.AMBIGUOUS


class Refused(SendError):
    """The platform will not deliver this message this way."""

    failure = Failure.REFUSED


class RecipientGone(Refused):
    """The address no longer takes messages (unfollowed, opted out, invalid number)."""

    failure = Failure.RECIPIENT_GONE


class WindowClosed(Refused):
    """The reply window is over or its quota used up, whatever our ledger says."""

    failure = Failure.WINDOW_CLOSED


class Misconfigured(SendError):
    """Our settings or rights are wrong: hold, alarm the operator, open the breaker."""

    failure = Failure.MISCONFIGURED


class MediaError(Exception):
    """A download failed. ``permanent`` when trying again cannot help (expired, not a picture)."""

    def __init__(self, code: str, *, permanent: bool) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent


class ModelUnreadable(Exception):
    """A stored model cannot be used. ``why``: empty, corrupt or other_version. Never quotes what was read."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the model cannot be read: {why}")
        self.why = why


FAILURES: dict[Failure, type[SendError]] = {
    cls.failure: cls for cls in (Temporary, RateLimited, Ambiguous, Refused, RecipientGone, WindowClosed, Misconfigured)
}
