"""Contacts, their addresses and conversations, and codes that bind an address to a person."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from bot.delivery.states import AddressState
from store.tables.schema import Id, metadata
from store.tables.schema import id_column as _id
from store.tables.schema import ref_column as _ref
from store.tables.types import JsonText, OneOf, SafeText, UtcTime

contacts = Table(
    "contacts",
    metadata,
    _id(),
    Column("created_at", UtcTime, nullable=False),
)

addresses = Table(
    "addresses",
    metadata,
    _id(),
    _ref("contact_id", "contacts.id"),
    _ref("officer_id", "officers.id"),
    Column("channel", String(32), nullable=False),
    Column("scheme", String(16), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("cipher", SafeText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("state", OneOf(AddressState, 16), nullable=False, server_default="active"),
    Column("state_code", String(64), nullable=False, server_default=""),
    Column("state_at", UtcTime),
    Column("last_inbound_at", UtcTime),
    Column("message_at", UtcTime),
    Column("message_used", Integer, nullable=False, server_default="0"),
    Column("event_at", UtcTime),
    Column("event_used", Integer, nullable=False, server_default="0"),
    Column("closed_at", UtcTime),
    Column("subscriptions", JsonText("dict[str, str]")),
    Column("bad_codes", Integer, nullable=False, server_default="0"),
    Column("locked_until", UtcTime),
    UniqueConstraint("channel", "hash"),
    Index(None, "contact_id"),
    Index(None, "officer_id"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("address_id", Id, ForeignKey("addresses.id"), primary_key=True, autoincrement=False),
    Column("state", JsonText("dict[str, Any]"), nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

bindings = Table(
    "bindings",
    metadata,
    _id(),
    _ref("contact_id", "contacts.id", nullable=False),
    _ref("address_id", "addresses.id", nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Index(None, "contact_id"),
)
