"""The points ledger."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from store.tables.schema import Id, metadata
from store.tables.schema import id_column as _id
from store.tables.schema import ref_column as _ref
from store.tables.types import JsonText, SafeText, UtcTime

scores = Table(
    # The points ledger: entries and counter-entries, never a change. Points in hundredths.
    "scores",
    metadata,
    _id(),
    Column("once", String(96), nullable=False, unique=True),
    _ref("unit_id", "units.id", nullable=False),
    _ref("inquiry_id", "inquiries.id"),
    _ref("assignment_id", "assignments.id"),
    Column("at", UtcTime, nullable=False),
    Column("month", String(7), nullable=False),
    Column("hundredths", Integer, nullable=False),
    Column("rule", String(32), nullable=False),
    Column("rule_version", String(32), nullable=False),
    Column("evidence", JsonText("dict[str, Any]"), nullable=False),
    _ref("reverses_id", "scores.id"),
    Column("reason", SafeText, nullable=False, server_default=""),
    Column("actor_id", Id, ForeignKey("officers.id")),
    Index(None, "unit_id", "month"),
    Index(None, "inquiry_id"),
)
