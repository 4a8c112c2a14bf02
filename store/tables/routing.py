"""The router's tables and the duty desk's: the catalogue, decisions, learned models, topics, who is signed in."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from store.tables import core  # noqa: F401  the tables referred to
from store.tables.schema import Id
from store.tables.schema import id_column as _id
from store.tables.schema import metadata as metadata  # noqa: PLC0414  whole only with these tables
from store.tables.schema import ref_column as _ref
from store.tables.types import JsonText, SafeText, UtcTime

categories = Table(
    # Three levels by their codes: 2, 4 and 6 digits, or as ``parent_code`` says.
    "categories", metadata, _id(),
    Column("code", String(16), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("parent_code", String(16), nullable=False, server_default=""),
    Column("keywords", JsonText, nullable=False),
    Column("unit_code", String(32), nullable=False, server_default=""),
    Column("standard_code", String(32), nullable=False, server_default=""),
    Column("active", Boolean, nullable=False, server_default=text("true")),
)

catalogue_versions = Table(
    # Units and categories as they stood after each import; officers are not in it.
    "catalogue_versions", metadata, _id(),
    Column("at", UtcTime, nullable=False),
    Column("author", String(64), nullable=False),
    Column("source", SafeText, nullable=False),
    Column("changes", JsonText, nullable=False),
    Column("content", JsonText, nullable=False),
)

decisions = Table(
    # What the router learns from: which unit an inquiry belonged to in the end, and who said so.
    "decisions", metadata, _id(),
    Column("inquiry_id", Id, ForeignKey("inquiries.id"), nullable=False, unique=True),
    _ref("unit_id", "units.id", nullable=False),
    Column("category", String(16), nullable=False, server_default=""),
    Column("source", String(16), nullable=False),
    _ref("officer_id", "officers.id"),
    Column("at", UtcTime, nullable=False),
    Column("suggested", JsonText, nullable=False),
)

models = Table(
    # Learned routers. At most one is ``active``; the others wait (``standby``) or were no better (``refused``).
    "models", metadata, _id(),
    Column("made_at", UtcTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("in_use_at", UtcTime),
    Column("card", JsonText, nullable=False),
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

topics = Table(
    "topics", metadata, _id(),
    Column("key", String(32), nullable=False, unique=True),
    Column("words", JsonText, nullable=False),
    Column("place", String(64), nullable=False, server_default=""),
    _ref("unit_id", "units.id"),
    Column("size", Integer, nullable=False),
    Column("citizens", Integer, nullable=False),
    Column("first_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("trend", JsonText, nullable=False),
    _ref("sample_id", "inquiries.id"),
    Column("told_at", UtcTime),
    Column("told_citizens", Integer, nullable=False, server_default="0"),
    Index(None, "last_at"),
)

sign_ins = Table(
    # One row a used link: a link signs in once, and signing out ends what it began.
    "sign_ins", metadata, _id(),
    Column("nonce", String(32), nullable=False, unique=True),
    Column("officer_id", Id, ForeignKey("officers.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
)
