"""The catalogue, the desk's decisions, the learned models, repeats and topics"""

import sqlalchemy as sa
from alembic import op

from store.tables.types import JsonText, SafeText, UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in (
        sa.Column("category", sa.String(length=16), server_default="", nullable=False),
        sa.Column("flags", JsonText()),
        sa.Column("reject_code", sa.String(length=24), server_default="", nullable=False),
        sa.Column("appeals", sa.Integer(), server_default="0", nullable=False),
        sa.Column("merged_into_id", ID),
        sa.Column("linked_to_id", ID),
        sa.Column("repeat_of_id", ID),
        sa.Column("topic_id", ID),
    ):
        op.add_column("inquiries", column)
    for name in ("merged_into_id", "linked_to_id", "topic_id"):
        where = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_inquiries_{name}", "inquiries", [name], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_assignments_unit_created", "assignments", ["unit_id", "created_at"])
    op.add_column("units", sa.Column("merged_into", sa.String(length=32), server_default="", nullable=False))
    op.create_table(
        "categories",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("parent_code", sa.String(length=16), server_default="", nullable=False),
        sa.Column("keywords", JsonText(), nullable=False),
        sa.Column("unit_code", sa.String(length=32), server_default="", nullable=False),
        sa.Column("standard_code", sa.String(length=32), server_default="", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_categories"),
        sa.UniqueConstraint("code", name="uq_categories_code"),
    )
    op.create_table(
        "catalogue_versions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("source", SafeText(), nullable=False),
        sa.Column("changes", JsonText(), nullable=False),
        sa.Column("content", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_catalogue_versions"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("inquiry_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("category", sa.String(length=16), server_default="", nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("officer_id", ID),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("suggested", JsonText(), nullable=False),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiries.id"], name="fk_decisions_inquiry_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_decisions_unit_id"),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name="fk_decisions_officer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.UniqueConstraint("inquiry_id", name="uq_decisions_inquiry_id"),
    )
    op.create_table(
        "models",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("in_use_at", UtcTime()),
        sa.Column("card", JsonText(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
    )
    op.create_table(
        "topics",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("words", JsonText(), nullable=False),
        sa.Column("place", sa.String(length=64), server_default="", nullable=False),
        sa.Column("unit_id", ID),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("citizens", sa.Integer(), nullable=False),
        sa.Column("first_at", UtcTime(), nullable=False),
        sa.Column("last_at", UtcTime(), nullable=False),
        sa.Column("trend", JsonText(), nullable=False),
        sa.Column("sample_id", ID),
        sa.Column("told_at", UtcTime()),
        sa.Column("told_citizens", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_topics_unit_id"),
        sa.ForeignKeyConstraint(["sample_id"], ["inquiries.id"], name="fk_topics_sample_id"),
        sa.PrimaryKeyConstraint("id", name="pk_topics"),
        sa.UniqueConstraint("key", name="uq_topics_key"),
    )
    op.create_index("ix_topics_last_at", "topics", ["last_at"])
    op.create_table(
        "sign_ins",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("officer_id", ID, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime()),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name="fk_sign_ins_officer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
        sa.UniqueConstraint("nonce", name="uq_sign_ins_nonce"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup: decisions of the desk would be lost")
