"""The tables. Migrations in ``store/migrations`` are written from them; the router's
own are in ``store/tables/routing.py``.

States are short strings: ``bot`` owns their meaning. Nothing here is personal in clear but message
texts: addresses are encrypted beside a keyed hash for look-up.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from store.tables.schema import Id, metadata
from store.tables.schema import id_column as _id
from store.tables.schema import ref_column as _ref
from store.tables.types import JsonText, SafeText, UtcTime

inbox = Table(
    "inbox", metadata, _id(),
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

contacts = Table(
    "contacts", metadata, _id(),
    Column("created_at", UtcTime, nullable=False),
)

addresses = Table(
    "addresses", metadata, _id(),
    _ref("contact_id", "contacts.id"),
    _ref("officer_id", "officers.id"),
    Column("channel", String(32), nullable=False),
    Column("scheme", String(16), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("cipher", SafeText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("state", String(16), nullable=False, server_default="active"),
    Column("state_code", String(64), nullable=False, server_default=""),
    Column("state_at", UtcTime),
    Column("last_inbound_at", UtcTime),
    Column("message_at", UtcTime),
    Column("message_used", Integer, nullable=False, server_default="0"),
    Column("event_at", UtcTime),
    Column("event_used", Integer, nullable=False, server_default="0"),
    Column("closed_at", UtcTime),
    Column("subscriptions", JsonText),
    Column("bad_codes", Integer, nullable=False, server_default="0"),
    Column("locked_until", UtcTime),
    UniqueConstraint("channel", "hash"),
    Index(None, "contact_id"),
    Index(None, "officer_id"),
)

conversations = Table(
    "conversations", metadata,
    Column("address_id", Id, ForeignKey("addresses.id"), primary_key=True, autoincrement=False),
    Column("state", JsonText, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

bindings = Table(
    "bindings", metadata, _id(),
    _ref("contact_id", "contacts.id", nullable=False),
    _ref("address_id", "addresses.id", nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Index(None, "contact_id"),
)

inquiries = Table(
    "inquiries", metadata, _id(),
    Column("number", String(24), nullable=False, unique=True),
    Column("query_code", String(8), nullable=False),
    _ref("contact_id", "contacts.id", nullable=False),
    _ref("address_id", "addresses.id", nullable=False),
    Column("channel", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("kind", String(12), nullable=False, server_default="help"),
    Column("summary", SafeText, nullable=False, server_default=""),
    _ref("unit_id", "units.id"),
    Column("received_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("derivation", JsonText, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("fold_until", UtcTime),
    Column("routing", JsonText),
    Column("answered_at", UtcTime),
    Column("closed_at", UtcTime),
    Column("rating", Integer),
    Column("rating_reason", SafeText),
    Column("rated_at", UtcTime),
    Column("urged_on", Date),
    Column("urgent", Boolean, nullable=False, server_default=text("false")),
    Column("extended", Integer, nullable=False, server_default="0"),
    Column("returns", Integer, nullable=False, server_default="0"),
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("paused_at", UtcTime),
    Column("next_state_at", UtcTime),
    Column("category", String(16), nullable=False, server_default=""),
    Column("flags", JsonText),
    Column("reject_code", String(24), nullable=False, server_default=""),
    Column("appeals", Integer, nullable=False, server_default="0"),
    # To other inquiries and to a topic. No foreign keys: SQLite adds a constraint only by making the table anew.
    Column("merged_into_id", Id),
    Column("linked_to_id", Id),
    Column("repeat_of_id", Id),
    Column("topic_id", Id),
    Column("version", Integer, nullable=False, server_default="1"),
    Index(None, "contact_id"),
    *(Index(f"ix_inquiries_{name}", name, sqlite_where=text(f"{name} IS NOT NULL"),
            postgresql_where=text(f"{name} IS NOT NULL"))
      for name in ("merged_into_id", "linked_to_id", "topic_id")),
    Index("ix_inquiries_next_state", "next_state_at", sqlite_where=text("next_state_at IS NOT NULL"),
          postgresql_where=text("next_state_at IS NOT NULL")),
    Index("ix_inquiries_fold", "fold_until", sqlite_where=text("fold_until IS NOT NULL"),
          postgresql_where=text("fold_until IS NOT NULL")),
    Index(None, "state", "due_at"),
)

messages = Table(
    "messages", metadata, _id(),
    _ref("inquiry_id", "inquiries.id"),
    _ref("address_id", "addresses.id"),
    _ref("officer_id", "officers.id"),
    Column("direction", String(8), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", SafeText, nullable=False, server_default=""),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("created_at", UtcTime, nullable=False),
    Index(None, "inquiry_id"),
)

media = Table(
    "media", metadata, _id(),
    _ref("message_id", "messages.id", nullable=False),
    Column("channel", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("ref", SafeText, nullable=False),
    Column("state", String(16), nullable=False, server_default="pending"),
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

units = Table(
    "units", metadata, _id(),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("short_names", JsonText, nullable=False),
    Column("tier", String(16), nullable=False),
    Column("parent_code", String(32), nullable=False, server_default=""),
    Column("keywords", JsonText, nullable=False),
    Column("places", JsonText, nullable=False),
    Column("phone", String(32), nullable=False, server_default=""),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    # The code of the unit that took over the work of an abolished one.
    Column("merged_into", String(32), nullable=False, server_default=""),
)

officers = Table(
    "officers", metadata, _id(),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", String(32), nullable=False),
    _ref("unit_id", "units.id", nullable=False),
    Column("role", String(16), nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("bind_hash", String(64)),
    Column("bind_until", UtcTime),
    # No foreign key: SQLite adds a constraint only by making the table anew, under rows that refer to it.
    Column("substitute_id", Id),
    Column("away_from", UtcTime),
    Column("away_until", UtcTime),
    Index(None, "unit_id"),
    Index(None, "bind_hash"),
)

assignments = Table(
    "assignments", metadata, _id(),
    _ref("inquiry_id", "inquiries.id", nullable=False),
    _ref("unit_id", "units.id", nullable=False),
    Column("role", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("signed_at", UtcTime),
    Column("signed_by", Id, ForeignKey("officers.id")),
    Column("ended_at", UtcTime),
    Column("ended_by", Id, ForeignKey("officers.id")),
    Column("reason", SafeText, nullable=False, server_default=""),
    Column("checked_at", UtcTime),
    Column("next_check_at", UtcTime),
    Column("version", Integer, nullable=False, server_default="1"),
    Index(None, "inquiry_id"),
    Index(None, "unit_id", "state"),
    # What a unit was given lately: an inquiry is compared with those for a burst.
    Index("ix_assignments_unit_created", "unit_id", "created_at"),
    # The deadline run reads only what is due: its cost follows that, not what is stored.
    Index("ix_assignments_next_check", "next_check_at", sqlite_where=text("next_check_at IS NOT NULL"),
          postgresql_where=text("next_check_at IS NOT NULL")),
    # Exactly one open lead for an inquiry, whatever two officers do at once.
    Index("uq_assignments_open_lead", "inquiry_id", unique=True,
          sqlite_where=text("role = 'lead' AND state IN ('pending', 'signed')"),
          postgresql_where=text("role = 'lead' AND state IN ('pending', 'signed')")),
)

requests = Table(
    # Extension, return, supplement: opened by the unit, decided by the dispatch office.
    "requests", metadata, _id(),
    _ref("inquiry_id", "inquiries.id", nullable=False),
    _ref("assignment_id", "assignments.id", nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("opened_by", Id, ForeignKey("officers.id")),
    Column("reason_code", String(32), nullable=False, server_default=""),
    Column("reason", SafeText, nullable=False, server_default=""),
    Column("wanted_at", UtcTime),
    _ref("unit_id", "units.id"),
    Column("decide_by", UtcTime, nullable=False),
    Column("decided_at", UtcTime),
    Column("decided_by", Id, ForeignKey("officers.id")),
    Column("note", SafeText, nullable=False, server_default=""),
    Column("version", Integer, nullable=False, server_default="1"),
    Index(None, "inquiry_id"),
    Index("ix_requests_decide_by", "decide_by", sqlite_where=text("state = 'pending'"),
          postgresql_where=text("state = 'pending'")),
    # One open request of a kind for an order, whatever two officers do at once.
    Index("uq_requests_open", "assignment_id", "kind", unique=True, sqlite_where=text("state = 'pending'"),
          postgresql_where=text("state = 'pending'")),
)

scores = Table(
    # The points ledger: entries and counter-entries, never a change. Points in hundredths.
    "scores", metadata, _id(),
    Column("once", String(96), nullable=False, unique=True),
    _ref("unit_id", "units.id", nullable=False),
    _ref("inquiry_id", "inquiries.id"),
    _ref("assignment_id", "assignments.id"),
    Column("at", UtcTime, nullable=False),
    Column("month", String(7), nullable=False),
    Column("hundredths", Integer, nullable=False),
    Column("rule", String(32), nullable=False),
    Column("rule_version", String(32), nullable=False),
    Column("evidence", JsonText, nullable=False),
    _ref("reverses_id", "scores.id"),
    Column("reason", SafeText, nullable=False, server_default=""),
    Column("actor_id", Id, ForeignKey("officers.id")),
    Index(None, "unit_id", "month"),
    Index(None, "inquiry_id"),
)

outbox = Table(
    "outbox", metadata, _id(),
    Column("once", String(96), nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("key", String(48), nullable=False),
    Column("params", JsonText, nullable=False),
    _ref("inquiry_id", "inquiries.id"),
    _ref("contact_id", "contacts.id"),
    _ref("officer_id", "officers.id"),
    _ref("address_id", "addresses.id"),
    Column("priority", Integer, nullable=False),
    Column("can_wait", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("way", String(24), nullable=False, server_default=""),
    Column("failed_ways", JsonText, nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_by", String(48)),
    Column("claimed_until", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
    Index("ix_outbox_due", "priority", "not_before", sqlite_where=text("state IN ('pending', 'sending')"),
          postgresql_where=text("state IN ('pending', 'sending')")),
    Index("ix_outbox_held", "contact_id", sqlite_where=text("state = 'held'"),
          postgresql_where=text("state = 'held'")),
    Index(None, "inquiry_id"),
)

deliveries = Table(
    "deliveries", metadata, _id(),
    _ref("outbox_id", "outbox.id", nullable=False),
    _ref("address_id", "addresses.id"),
    Column("at", UtcTime, nullable=False),
    Column("channel", String(32), nullable=False, server_default=""),
    Column("way", String(24), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("code", String(64), nullable=False, server_default=""),
    Column("reason", String(160), nullable=False, server_default=""),
    Column("external_id", String(96)),
    Column("parts", Integer, nullable=False, server_default="0"),
    Index(None, "outbox_id"),
    Index(None, "channel", "external_id"),
)

early_receipts = Table(
    # A receipt may overtake the commit of the send it speaks of (edge: "sid before our own insert").
    "early_receipts", metadata, _id(),
    Column("channel", String(32), nullable=False),
    Column("message_id", String(96), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("code", String(64), nullable=False),
    Column("failure", String(24), nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "channel", "message_id"),
)

events = Table(
    "events", metadata, _id(),
    _ref("inquiry_id", "inquiries.id"),
    Column("at", UtcTime, nullable=False),
    Column("name", String(48), nullable=False),
    Column("actor", String(16), nullable=False),
    Column("actor_id", Id),
    Column("data", JsonText, nullable=False),
    Index(None, "inquiry_id"),
)

counters = Table(
    "counters", metadata,
    Column("name", String(48), primary_key=True),
    Column("value", Integer, nullable=False),
)

calendar_overrides = Table(
    "calendar_overrides", metadata,
    Column("day", Date, primary_key=True),
    Column("workday", Boolean, nullable=False),
    Column("author", String(64), nullable=False),
    Column("source", SafeText, nullable=False),
    Column("entered_at", UtcTime, nullable=False),
)

alarms = Table(
    "alarms", metadata,
    Column("key", String(96), primary_key=True),
    Column("raised_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("count", Integer, nullable=False),
    Column("fields", JsonText, nullable=False),
    Column("cleared_at", UtcTime),
)
