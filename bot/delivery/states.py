"""Where a message to be delivered, an attempt at it, an address and a picture stand, as they are stored."""

from __future__ import annotations

from enum import StrEnum

URGENT, NORMAL = 0, 1
"""Which rows of the outbox go first. Urgent are replies somebody waits for in the chat, and alarms of danger."""


class OutboxState(StrEnum):
    """A message to be delivered.

    HELD: no way is open, so it goes first at the next contact. FAILED: given up, visible.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AttemptOutcome(StrEnum):
    """One attempt, or why there was none.

    AMBIGUOUS: the platform may have it, nobody knows. SKIPPED: the way was shut.
    """

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"
    SKIPPED = "skipped"
    HELD = "held"


class AddressState(StrEnum):
    """OPTED_OUT is the person's own word and stays whatever the platform says; GONE is the platform's."""

    ACTIVE = "active"
    GONE = "gone"
    OPTED_OUT = "opted_out"


class MediaState(StrEnum):
    """A picture or recording that came with a message."""

    PENDING = "pending"
    STORED = "stored"
    FAILED = "failed"
