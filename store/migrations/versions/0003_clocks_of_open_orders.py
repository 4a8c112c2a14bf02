"""Clocks of orders and answers from before there were any"""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from store.tables.types import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

assignments = sa.table("assignments", sa.column("state"), sa.column("created_at", UtcTime), sa.column("next_check_at", UtcTime))
inquiries = sa.table("inquiries", sa.column("id"), sa.column("state"), sa.column("answered_at", UtcTime),
                     sa.column("next_state_at", UtcTime))
SILENCE = timedelta(days=7)


def upgrade() -> None:
    # The first sweep looks at each and finds its next moment; what was missed becomes one summary a person.
    op.execute(
        assignments.update().values(next_check_at=assignments.c.created_at)
        .where(assignments.c.state.in_(("pending", "signed")), assignments.c.next_check_at.is_(None))
    )
    connection = op.get_bind()
    answered = sa.select(inquiries.c.id, inquiries.c.answered_at).where(
        inquiries.c.state == "answered", inquiries.c.next_state_at.is_(None), inquiries.c.answered_at.is_not(None))
    for row in connection.execute(answered).all():
        connection.execute(inquiries.update().where(inquiries.c.id == row.id).values(next_state_at=row.answered_at + SILENCE))


def downgrade() -> None:
    pass
