"""Errors the edge raises and the handlers decide on.

The adapter only raises; ``handlers/delivery/outbox.py`` alone turns a ``SendError`` into a state.
"""

from __future__ import annotations

from bot.edge.messages import Failure


class WebhookRejected(Exception):
    """The request is not from the platform, or is not fresh. ``status`` is the HTTP status to answer with.

    ``reason`` is a short fixed word for logs and metrics; it never contains anything of the request.
    """

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class SendError(Exception):
    """A message was not handed over. ``code`` is the provider's. ``detail`` can be stored and logged: it contains
    no text, no address and no secret.
    """

    failure = Failure.REFUSED

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.detail = detail


class Temporary(SendError):
    """The provider did not process the call; the same call may work later."""

    failure = Failure.TEMPORARY


class RateLimited(Temporary):
    """The provider processes nothing for now. ``retry_after`` is in seconds."""

    failure = Failure.RATE_LIMITED

    def __init__(self, code: str, detail: str = "", *, retry_after: float = 30.0) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


class Ambiguous(SendError):
    """The request was sent and no answer came, so the message may have arrived. It is tried once more, marked as
    a repeat, with the platform's idempotency key where there is one
    (docs/decisions/0002-three-kinds-of-send-errors.md).
    """

    failure = Failure.AMBIGUOUS


class Refused(SendError):
    """The platform will not deliver this message in this way."""

    failure = Failure.REFUSED


class RecipientGone(Refused):
    """The address takes no more messages: unfollowed, opted out, or an invalid number."""

    failure = Failure.RECIPIENT_GONE


class WindowClosed(Refused):
    """The reply window is over or its quota is used up, whatever we have counted ourselves."""

    failure = Failure.WINDOW_CLOSED


class Misconfigured(SendError):
    """Our settings or rights are wrong: the message is held and the operator alarmed."""

    failure = Failure.MISCONFIGURED


class MediaError(Exception):
    """A download failed. ``permanent``: trying again cannot help, because it expired or is no picture."""

    def __init__(self, code: str, *, permanent: bool) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent


class ModelUnreadable(Exception):
    """A stored model cannot be used. ``why`` is empty, corrupt or other_version; nothing of what was read is
    quoted.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"the model cannot be read: {why}")
        self.why = why


FAILURES: dict[Failure, type[SendError]] = {
    cls.failure: cls for cls in (Temporary, RateLimited, Ambiguous, Refused, RecipientGone, WindowClosed, Misconfigured)
}
