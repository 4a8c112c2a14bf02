"""Units, officers and the catalogue of matters."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    String,
    Table,
    text,
)

from bot.directory.units import Role, Tier
from store.tables.schema import Id, metadata
from store.tables.schema import id_column as _id
from store.tables.schema import ref_column as _ref
from store.tables.types import JsonText, OneOf, SafeText, UtcTime

units = Table(
    "units",
    metadata,
    _id(),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("short_names", JsonText("list[str]"), nullable=False),
    Column("tier", OneOf(Tier, 16), nullable=False),
    Column("parent_code", String(32), nullable=False, server_default=""),
    Column("keywords", JsonText("list[str]"), nullable=False),
    Column("places", JsonText("list[str]"), nullable=False),
    Column("phone", String(32), nullable=False, server_default=""),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    # The code of the unit that took over the work of an abolished one.
    Column("merged_into", String(32), nullable=False, server_default=""),
)

officers = Table(
    "officers",
    metadata,
    _id(),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", String(32), nullable=False),
    _ref("unit_id", "units.id", nullable=False),
    Column("role", OneOf(Role, 16), nullable=False),
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

categories = Table(
    # Three levels by their codes: 2, 4 and 6 digits, or as ``parent_code`` says.
    "categories",
    metadata,
    _id(),
    Column("code", String(16), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("parent_code", String(16), nullable=False, server_default=""),
    Column("keywords", JsonText("list[str]"), nullable=False),
    Column("unit_code", String(32), nullable=False, server_default=""),
    Column("standard_code", String(32), nullable=False, server_default=""),
    Column("active", Boolean, nullable=False, server_default=text("true")),
)

catalogue_versions = Table(
    # Units and categories as they stood after each import; officers are not in it.
    "catalogue_versions",
    metadata,
    _id(),
    Column("at", UtcTime, nullable=False),
    Column("author", String(64), nullable=False),
    Column("source", SafeText, nullable=False),
    Column("changes", JsonText("dict[str, Any]"), nullable=False),
    Column("content", JsonText("dict[str, Any]"), nullable=False),
)
