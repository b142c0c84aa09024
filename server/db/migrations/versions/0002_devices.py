"""Paired devices, the codes by which they come in, their blocks of numbers, papers they could not print or bring."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import server.db.tables

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.add_column('lines', sa.Column('reserved_from', sa.Integer(), nullable=False, server_default='1000'))
    op.create_table('devices',
    sa.Column('id', _Id, autoincrement=True, nullable=False),
    sa.Column('branch_id', _Id, nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('token_id', _Id, nullable=True),
    sa.Column('printer_id', _Id, nullable=True),
    sa.Column('created_at', server.db.tables.UtcMillis(), nullable=False),
    sa.Column('first_used_at', server.db.tables.UtcMillis(), nullable=True),
    sa.Column('revoked_at', server.db.tables.UtcMillis(), nullable=True),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('version', sa.String(length=40), nullable=False),
    sa.Column('printer_state', sa.String(length=30), nullable=False),
    sa.Column('paper', sa.String(length=12), nullable=False),
    sa.Column('journal', sa.String(length=12), nullable=False),
    sa.Column('waiting_to_sync', sa.Integer(), nullable=False),
    sa.Column('clock_skew_seconds', sa.Float(), nullable=True),
    sa.Column('last_seen_at', server.db.tables.UtcMillis(), nullable=True),
    sa.ForeignKeyConstraint(['branch_id'], ['branches.id'], name=op.f('fk_devices_branch_id')),
    sa.ForeignKeyConstraint(['printer_id'], ['printers.id'], name=op.f('fk_devices_printer_id')),
    sa.ForeignKeyConstraint(['token_id'], ['tokens.id'], name=op.f('fk_devices_token_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_devices')),
    sa.UniqueConstraint('token_id', name=op.f('uq_devices_token_id'))
    )
    in_use = sa.text('revoked_at IS NULL')
    op.create_index('ux_devices_name', 'devices', ['branch_id', 'name'], unique=True,
                    sqlite_where=in_use, postgresql_where=in_use)
    op.create_table('pairings',
    sa.Column('id', _Id, autoincrement=True, nullable=False),
    sa.Column('code', sa.String(length=6), nullable=False),
    sa.Column('claim_digest', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=True),
    sa.Column('version', sa.String(length=40), nullable=False),
    sa.Column('expires_at', server.db.tables.UtcMillis(), nullable=False),
    sa.Column('device_id', _Id, nullable=True),
    sa.ForeignKeyConstraint(['device_id'], ['devices.id'], name=op.f('fk_pairings_device_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pairings')),
    sa.UniqueConstraint('claim_digest', name=op.f('uq_pairings_claim_digest')),
    sa.UniqueConstraint('code', name=op.f('uq_pairings_code'))
    )
    op.create_table('blocks',
    sa.Column('branch_id', _Id, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('service_id', _Id, nullable=False),
    sa.Column('device_id', _Id, nullable=False),
    sa.Column('first', sa.Integer(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.Column('leased_at', server.db.tables.UtcMillis(), nullable=False),
    sa.Column('kept', sa.Integer(), nullable=False),
    sa.CheckConstraint('first >= 1 AND first <= last AND last <= 999', name=op.f('ck_blocks_numbers')),
    sa.ForeignKeyConstraint(['branch_id'], ['branches.id'], name=op.f('fk_blocks_branch_id')),
    sa.ForeignKeyConstraint(['device_id'], ['devices.id'], name=op.f('fk_blocks_device_id')),
    sa.ForeignKeyConstraint(['service_id'], ['services.id'], name=op.f('fk_blocks_service_id')),
    sa.PrimaryKeyConstraint('branch_id', 'day', 'service_id', 'first', name=op.f('pk_blocks'))
    )
    op.create_table('unprinted',
    sa.Column('ticket_id', sa.String(length=26), nullable=False),
    sa.Column('branch_id', _Id, nullable=False),
    sa.Column('device_id', _Id, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('reason', sa.String(length=30), nullable=False),
    sa.Column('at', server.db.tables.UtcMillis(), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['branches.id'], name=op.f('fk_unprinted_branch_id')),
    sa.ForeignKeyConstraint(['device_id'], ['devices.id'], name=op.f('fk_unprinted_device_id')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_unprinted_ticket_id')),
    sa.PrimaryKeyConstraint('ticket_id', name=op.f('pk_unprinted'))
    )
    op.create_index('ix_unprinted_branch_id_day', 'unprinted', ['branch_id', 'day'], unique=False)
    op.create_table('refused',
    sa.Column('device_id', _Id, nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('branch_id', _Id, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('label', sa.String(length=5), nullable=True),
    sa.Column('at', server.db.tables.UtcMillis(), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['branches.id'], name=op.f('fk_refused_branch_id')),
    sa.ForeignKeyConstraint(['device_id'], ['devices.id'], name=op.f('fk_refused_device_id')),
    sa.PrimaryKeyConstraint('device_id', 'key', name=op.f('pk_refused'))
    )
    op.create_index('ix_refused_branch_id_day', 'refused', ['branch_id', 'day'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_refused_branch_id_day', table_name='refused')
    op.drop_table('refused')
    op.drop_index('ix_unprinted_branch_id_day', table_name='unprinted')
    op.drop_table('unprinted')
    op.drop_table('blocks')
    op.drop_table('pairings')
    op.drop_index('ux_devices_name', table_name='devices')
    op.drop_table('devices')
    op.drop_column('lines', 'reserved_from')
