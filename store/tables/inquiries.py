"""Inquiries with their messages, orders, requests and events."""

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
    text,
)

from bot.inquiry.directions import Direction
from bot.inquiry.kinds import InquiryKind
from bot.inquiry.states import AssignmentRole, AssignmentState, LoggedActor, RequestKind, RequestState, State
from store.tables.schema import Id, metadata
from store.tables.schema import id_column as _id
from store.tables.schema import ref_column as _ref
from store.tables.types import JsonText, OneOf, SafeText, UtcTime

inquiries = Table(
    "inquiries",
    metadata,
    _id(),
    Column("number", String(24), nullable=False, unique=True),
    Column("query_code", String(8), nullable=False),
    _ref("contact_id", "contacts.id", nullable=False),
    _ref("address_id", "addresses.id", nullable=False),
    Column("channel", String(32), nullable=False),
    Column("state", OneOf(State, 16), nullable=False),
    Column("kind", OneOf(InquiryKind, 12), nullable=False, server_default="help"),
    Column("summary", SafeText, nullable=False, server_default=""),
    _ref("unit_id", "units.id"),
    Column("received_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("derivation", JsonText("list[list[Any]]"), nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("fold_until", UtcTime),
    Column("routing", JsonText("dict[str, Any]")),
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
    Column("flags", JsonText("list[str]")),
    Column("reject_code", String(24), nullable=False, server_default=""),
    Column("appeals", Integer, nullable=False, server_default="0"),
    # To other inquiries and to a topic. No foreign keys: SQLite adds a constraint only by making the table anew.
    Column("merged_into_id", Id),
    Column("linked_to_id", Id),
    Column("repeat_of_id", Id),
    Column("topic_id", Id),
    Column("version", Integer, nullable=False, server_default="1"),
    Index(None, "contact_id"),
    *(
        Index(
            f"ix_inquiries_{name}",
            name,
            sqlite_where=text(f"{name} IS NOT NULL"),
            postgresql_where=text(f"{name} IS NOT NULL"),
        )
        for name in ("merged_into_id", "linked_to_id", "topic_id")
    ),
    Index(
        "ix_inquiries_next_state",
        "next_state_at",
        sqlite_where=text("next_state_at IS NOT NULL"),
        postgresql_where=text("next_state_at IS NOT NULL"),
    ),
    Index(
        "ix_inquiries_fold",
        "fold_until",
        sqlite_where=text("fold_until IS NOT NULL"),
        postgresql_where=text("fold_until IS NOT NULL"),
    ),
    Index(None, "state", "due_at"),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    _ref("inquiry_id", "inquiries.id"),
    _ref("address_id", "addresses.id"),
    _ref("officer_id", "officers.id"),
    Column("direction", OneOf(Direction, 8), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", SafeText, nullable=False, server_default=""),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("created_at", UtcTime, nullable=False),
    Index(None, "inquiry_id"),
)

assignments = Table(
    "assignments",
    metadata,
    _id(),
    _ref("inquiry_id", "inquiries.id", nullable=False),
    _ref("unit_id", "units.id", nullable=False),
    Column("role", OneOf(AssignmentRole, 8), nullable=False),
    Column("state", OneOf(AssignmentState, 16), nullable=False),
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
    # A unit's open orders, for 待办 and the figures.
    Index(None, "unit_id", "state"),
    # What a unit was given lately: an inquiry is compared with those for a burst.
    Index("ix_assignments_unit_created", "unit_id", "created_at"),
    # The deadline run reads only what is due: its cost follows that, not what is stored.
    Index(
        "ix_assignments_next_check",
        "next_check_at",
        sqlite_where=text("next_check_at IS NOT NULL"),
        postgresql_where=text("next_check_at IS NOT NULL"),
    ),
    # At most one open lead order for an inquiry. The database holds it, so that two officers at the same moment
    # cannot both open one.
    Index(
        "uq_assignments_open_lead",
        "inquiry_id",
        unique=True,
        sqlite_where=text("role = 'lead' AND state IN ('pending', 'signed')"),
        postgresql_where=text("role = 'lead' AND state IN ('pending', 'signed')"),
    ),
)

requests = Table(
    # Extension, return, supplement: opened by the unit, decided by the dispatch office.
    "requests",
    metadata,
    _id(),
    _ref("inquiry_id", "inquiries.id", nullable=False),
    _ref("assignment_id", "assignments.id", nullable=False),
    Column("kind", OneOf(RequestKind, 16), nullable=False),
    Column("state", OneOf(RequestState, 16), nullable=False),
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
    Index(
        "ix_requests_decide_by",
        "decide_by",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    # At most one open request of a kind for an order, for the same reason.
    Index(
        "uq_requests_open",
        "assignment_id",
        "kind",
        unique=True,
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
)

events = Table(
    "events",
    metadata,
    _id(),
    _ref("inquiry_id", "inquiries.id"),
    Column("at", UtcTime, nullable=False),
    Column("name", String(48), nullable=False),
    Column("actor", OneOf(LoggedActor, 16), nullable=False),
    Column("actor_id", Id),
    Column("data", JsonText("dict[str, Any]"), nullable=False),
    Index(None, "inquiry_id"),
)
