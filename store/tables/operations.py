"""Counters, the office's own days, alarms, and who is signed in at the duty desk."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    String,
    Table,
)

from store.tables.schema import Id, metadata
from store.tables.schema import id_column as _id
from store.tables.types import JsonText, SafeText, UtcTime

counters = Table(
    "counters",
    metadata,
    Column("name", String(48), primary_key=True),
    Column("value", Integer, nullable=False),
)

calendar_overrides = Table(
    "calendar_overrides",
    metadata,
    Column("day", Date, primary_key=True),
    Column("workday", Boolean, nullable=False),
    Column("author", String(64), nullable=False),
    Column("source", SafeText, nullable=False),
    Column("entered_at", UtcTime, nullable=False),
)

alarms = Table(
    "alarms",
    metadata,
    Column("key", String(96), primary_key=True),
    Column("raised_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("count", Integer, nullable=False),
    Column("fields", JsonText("dict[str, Any]"), nullable=False),
    Column("cleared_at", UtcTime),
)

sign_ins = Table(
    # One row a used link: a link signs in once, and signing out ends what it began.
    "sign_ins",
    metadata,
    _id(),
    Column("nonce", String(32), nullable=False, unique=True),
    Column("officer_id", Id, ForeignKey("officers.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
)
