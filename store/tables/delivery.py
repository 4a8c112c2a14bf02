"""What came in, what has to go out, every attempt at it, and media to be fetched."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from bot.delivery.states import AttemptOutcome, MediaState, OutboxState
from bot.edge.messages import Outcome
from store.tables.schema import id_column as _id
from store.tables.schema import metadata
from store.tables.schema import ref_column as _ref
from store.tables.types import JsonText, OneOf, SafeText, UtcTime

inbox = Table(
    "inbox",
    metadata,
    _id(),
    Column("channel", String(32), nullable=False),
    Column("external_id", String(128), nullable=False),
    Column("replay_key", String(128)),
    Column("received_at", UtcTime, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("raw", SafeText, nullable=False),
    Column("reply", SafeText),
    _ref("address_id", "addresses.id"),
    _ref("inquiry_id", "inquiries.id"),
    _ref("outbox_id", "outbox.id"),
    UniqueConstraint("channel", "external_id"),
    UniqueConstraint("channel", "replay_key"),
)

media = Table(
    "media",
    metadata,
    _id(),
    _ref("message_id", "messages.id", nullable=False),
    Column("channel", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("ref", SafeText, nullable=False),
    Column("state", OneOf(MediaState, 16), nullable=False, server_default="pending"),
    Column("path", String(128)),
    Column("content_type", String(64)),
    Column("size", Integer),
    Column("sha256", String(64)),
    Column("code", String(64), nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", UtcTime, nullable=False),
    Index(None, "state", "next_at"),
    Index(None, "message_id"),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    # The name of what is said to whom. Because it is unique, nothing is sent twice, however often a handler runs.
    Column("once", String(96), nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("key", String(48), nullable=False),
    Column("params", JsonText("dict[str, Any]"), nullable=False),
    _ref("inquiry_id", "inquiries.id"),
    _ref("contact_id", "contacts.id"),
    _ref("officer_id", "officers.id"),
    _ref("address_id", "addresses.id"),
    Column("priority", Integer, nullable=False),
    Column("can_wait", Boolean, nullable=False),
    Column("state", OneOf(OutboxState, 16), nullable=False),
    Column("way", String(24), nullable=False, server_default=""),
    Column("failed_ways", JsonText("list[str]"), nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_by", String(48)),
    Column("claimed_until", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
    Index(
        # Only rows that wait are in this index, so a sweep each second costs the same however much was ever sent.
        "ix_outbox_due",
        "priority",
        "not_before",
        sqlite_where=text("state IN ('pending', 'sending')"),
        postgresql_where=text("state IN ('pending', 'sending')"),
    ),
    # Looked up for each message that comes in, so it holds only what is held.
    Index("ix_outbox_held", "contact_id", sqlite_where=text("state = 'held'"), postgresql_where=text("state = 'held'")),
    Index(None, "inquiry_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    _ref("outbox_id", "outbox.id", nullable=False),
    _ref("address_id", "addresses.id"),
    Column("at", UtcTime, nullable=False),
    Column("channel", String(32), nullable=False, server_default=""),
    Column("way", String(24), nullable=False),
    Column("outcome", OneOf(AttemptOutcome, 16), nullable=False),
    Column("code", String(64), nullable=False, server_default=""),
    Column("reason", String(160), nullable=False, server_default=""),
    Column("external_id", String(96)),
    Column("parts", Integer, nullable=False, server_default="0"),
    Index(None, "outbox_id"),
    Index(None, "channel", "external_id"),
)

early_receipts = Table(
    # A receipt may arrive before the transaction that stores the sending is committed. It waits here until its
    # attempt is known.
    "early_receipts",
    metadata,
    _id(),
    Column("channel", String(32), nullable=False),
    Column("message_id", String(96), nullable=False),
    Column("outcome", OneOf(Outcome, 16), nullable=False),
    Column("code", String(64), nullable=False),
    Column("failure", String(24), nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "channel", "message_id"),
)
