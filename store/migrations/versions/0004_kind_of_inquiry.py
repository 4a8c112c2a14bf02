"""The kind of an inquiry, for limits by kind"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inquiries", sa.Column("kind", sa.String(length=12), server_default="help", nullable=False))


def downgrade() -> None:
    raise NotImplementedError("restore a backup: dates were promised by kind")
