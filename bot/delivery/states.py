"""The states of a message to be delivered, an attempt, an address and a picture, as they are stored."""

from __future__ import annotations

from enum import StrEnum

URGENT, NORMAL = 0, 1
"""Which rows of the outbox go first. Urgent are replies somebody waits for in the chat, and alarms of danger."""


class OutboxState(StrEnum):
    """The state of a message to be delivered.

    HELD: no way is open, so it is delivered first when the person next writes. FAILED: given up; shown to
    operators.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AttemptOutcome(StrEnum):
    """The outcome of one attempt, or the reason why there was none.

    AMBIGUOUS: the request was sent and no answer came, so the message may have arrived. SKIPPED: the way was not
    open.
    """

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"
    SKIPPED = "skipped"
    HELD = "held"


class AddressState(StrEnum):
    """OPTED_OUT was the person's own word and stays whatever the platform says; GONE was reported by the platform."""

    ACTIVE = "active"
    GONE = "gone"
    OPTED_OUT = "opted_out"


class MediaState(StrEnum):
    """The state of a picture or recording that came with a message."""

    PENDING = "pending"
    STORED = "stored"
    FAILED = "failed"
