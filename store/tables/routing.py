"""What the router learns from, what it learned, and hot topics."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from bot.classifier.states import DecisionSource, ModelState
from store.tables.schema import Id, metadata
from store.tables.schema import id_column as _id
from store.tables.schema import ref_column as _ref
from store.tables.types import JsonText, OneOf, UtcTime

decisions = Table(
    # What the router learns from: which unit an inquiry belonged to in the end, and who said so.
    "decisions",
    metadata,
    _id(),
    Column("inquiry_id", Id, ForeignKey("inquiries.id"), nullable=False, unique=True),
    _ref("unit_id", "units.id", nullable=False),
    Column("category", String(16), nullable=False, server_default=""),
    Column("source", OneOf(DecisionSource, 16), nullable=False),
    _ref("officer_id", "officers.id"),
    Column("at", UtcTime, nullable=False),
    Column("suggested", JsonText("dict[str, Any]"), nullable=False),
)

models = Table(
    # Learned routers. At most one is ``active``; the others wait (``standby``) or were no better (``refused``).
    "models",
    metadata,
    _id(),
    Column("made_at", UtcTime, nullable=False),
    Column("state", OneOf(ModelState, 16), nullable=False),
    Column("in_use_at", UtcTime),
    Column("card", JsonText("dict[str, Any]"), nullable=False),
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

topics = Table(
    "topics",
    metadata,
    _id(),
    Column("key", String(32), nullable=False, unique=True),
    Column("words", JsonText("list[str]"), nullable=False),
    Column("place", String(64), nullable=False, server_default=""),
    _ref("unit_id", "units.id"),
    Column("size", Integer, nullable=False),
    Column("citizens", Integer, nullable=False),
    Column("first_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("trend", JsonText("dict[str, int]"), nullable=False),
    _ref("sample_id", "inquiries.id"),
    Column("told_at", UtcTime),
    Column("told_citizens", Integer, nullable=False, server_default="0"),
    Index(None, "last_at"),
)
