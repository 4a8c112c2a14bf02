"""Deadlines"""

import sqlalchemy as sa
from alembic import op

import store.tables.types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Points are taken back by a counter-entry, never by deletion.
APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER scores_no_{verb.lower()} BEFORE {verb} ON scores "
        "BEGIN SELECT RAISE(ABORT, 'scores are append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION scores_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'scores are append-only'; END $$",
        "CREATE TRIGGER scores_append_only BEFORE UPDATE OR DELETE ON scores "
        "FOR EACH ROW EXECUTE FUNCTION scores_append_only()",
    ],
}


def upgrade() -> None:
    op.create_table('requests',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('inquiry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assignment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('opened_at', store.tables.types.UtcTime(timezone=True), nullable=False),
    sa.Column('opened_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason_code', sa.String(length=32), server_default='', nullable=False),
    sa.Column('reason', store.tables.types.SafeText(), server_default='', nullable=False),
    sa.Column('wanted_at', store.tables.types.UtcTime(timezone=True), nullable=True),
    sa.Column('unit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decide_by', store.tables.types.UtcTime(timezone=True), nullable=False),
    sa.Column('decided_at', store.tables.types.UtcTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('note', store.tables.types.SafeText(), server_default='', nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignments.id'], name=op.f('fk_requests_assignment_id')),
    sa.ForeignKeyConstraint(['decided_by'], ['officers.id'], name=op.f('fk_requests_decided_by')),
    sa.ForeignKeyConstraint(['inquiry_id'], ['inquiries.id'], name=op.f('fk_requests_inquiry_id')),
    sa.ForeignKeyConstraint(['opened_by'], ['officers.id'], name=op.f('fk_requests_opened_by')),
    sa.ForeignKeyConstraint(['unit_id'], ['units.id'], name=op.f('fk_requests_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_requests'))
    )
    with op.batch_alter_table('requests', schema=None) as batch_op:
        batch_op.create_index('ix_requests_decide_by', ['decide_by'], unique=False, sqlite_where=sa.text("state = 'pending'"), postgresql_where=sa.text("state = 'pending'"))
        batch_op.create_index(batch_op.f('ix_requests_inquiry_id'), ['inquiry_id'], unique=False)
        batch_op.create_index('uq_requests_open', ['assignment_id', 'kind'], unique=True, sqlite_where=sa.text("state = 'pending'"), postgresql_where=sa.text("state = 'pending'"))

    op.create_table('scores',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('once', sa.String(length=96), nullable=False),
    sa.Column('unit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('inquiry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('assignment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('at', store.tables.types.UtcTime(timezone=True), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('hundredths', sa.Integer(), nullable=False),
    sa.Column('rule', sa.String(length=32), nullable=False),
    sa.Column('rule_version', sa.String(length=32), nullable=False),
    sa.Column('evidence', store.tables.types.JsonText(), nullable=False),
    sa.Column('reverses_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason', store.tables.types.SafeText(), server_default='', nullable=False),
    sa.Column('actor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['actor_id'], ['officers.id'], name=op.f('fk_scores_actor_id')),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignments.id'], name=op.f('fk_scores_assignment_id')),
    sa.ForeignKeyConstraint(['inquiry_id'], ['inquiries.id'], name=op.f('fk_scores_inquiry_id')),
    sa.ForeignKeyConstraint(['reverses_id'], ['scores.id'], name=op.f('fk_scores_reverses_id')),
    sa.ForeignKeyConstraint(['unit_id'], ['units.id'], name=op.f('fk_scores_unit_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scores')),
    sa.UniqueConstraint('once', name=op.f('uq_scores_once'))
    )
    with op.batch_alter_table('scores', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_scores_inquiry_id'), ['inquiry_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_scores_unit_id_month'), ['unit_id', 'month'], unique=False)

    with op.batch_alter_table('assignments', schema=None) as batch_op:
        batch_op.add_column(sa.Column('checked_at', store.tables.types.UtcTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('next_check_at', store.tables.types.UtcTime(timezone=True), nullable=True))
        batch_op.create_index('ix_assignments_next_check', ['next_check_at'], unique=False, sqlite_where=sa.text('next_check_at IS NOT NULL'), postgresql_where=sa.text('next_check_at IS NOT NULL'))

    with op.batch_alter_table('inquiries', schema=None) as batch_op:
        batch_op.add_column(sa.Column('extended', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('returns', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('reopened', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('paused_at', store.tables.types.UtcTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('next_state_at', store.tables.types.UtcTime(timezone=True), nullable=True))
        batch_op.create_index('ix_inquiries_next_state', ['next_state_at'], unique=False, sqlite_where=sa.text('next_state_at IS NOT NULL'), postgresql_where=sa.text('next_state_at IS NOT NULL'))

    with op.batch_alter_table('officers', schema=None) as batch_op:
        batch_op.add_column(sa.Column('substitute_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('away_from', store.tables.types.UtcTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('away_until', store.tables.types.UtcTime(timezone=True), nullable=True))
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup: requests and points would be lost")
