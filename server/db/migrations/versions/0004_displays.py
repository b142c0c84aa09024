"""Displays: what they show and say, what staff ask of them, what they painted, and who spoke which call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import server.db.tables

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.add_column('devices', sa.Column('painted_seq', sa.BigInteger(), nullable=True))
    op.add_column('devices', sa.Column('painted_at', server.db.tables.UtcMillis(), nullable=True))
    op.add_column('devices', sa.Column('sound', sa.String(length=12), nullable=False, server_default='unknown'))
    op.add_column('devices', sa.Column('page', sa.String(length=12), nullable=False, server_default='unknown'))
    op.create_table('displays',
    sa.Column('device_id', _Id, nullable=False),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.Column('reloads', sa.Integer(), nullable=False),
    sa.Column('identifies', sa.Integer(), nullable=False),
    sa.Column('screenshots', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['device_id'], ['devices.id'], name=op.f('fk_displays_device_id')),
    sa.PrimaryKeyConstraint('device_id', name=op.f('pk_displays'))
    )
    op.create_table('screenshots',
    sa.Column('device_id', _Id, nullable=False),
    sa.Column('order', sa.Integer(), nullable=False),
    sa.Column('at', server.db.tables.UtcMillis(), nullable=False),
    sa.Column('jpeg', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['device_id'], ['devices.id'], name=op.f('fk_screenshots_device_id')),
    sa.PrimaryKeyConstraint('device_id', name=op.f('pk_screenshots'))
    )
    op.create_table('speech',
    sa.Column('branch_id', _Id, nullable=False),
    sa.Column('room', sa.String(length=60), nullable=False),
    sa.Column('call', sa.String(length=40), nullable=False),
    sa.Column('device_id', _Id, nullable=False),
    sa.Column('begun_at', server.db.tables.UtcMillis(), nullable=False),
    sa.Column('until', server.db.tables.UtcMillis(), nullable=False),
    sa.Column('said_at', server.db.tables.UtcMillis(), nullable=True),
    sa.ForeignKeyConstraint(['branch_id'], ['branches.id'], name=op.f('fk_speech_branch_id')),
    sa.ForeignKeyConstraint(['device_id'], ['devices.id'], name=op.f('fk_speech_device_id')),
    sa.PrimaryKeyConstraint('branch_id', 'room', 'call', name=op.f('pk_speech'))
    )
    op.create_index('ix_speech_branch_id_room_begun_at', 'speech', ['branch_id', 'room', 'begun_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_speech_branch_id_room_begun_at', table_name='speech')
    op.drop_table('speech')
    op.drop_table('screenshots')
    op.drop_table('displays')
    op.drop_column('devices', 'page')
    op.drop_column('devices', 'sound')
    op.drop_column('devices', 'painted_at')
    op.drop_column('devices', 'painted_seq')
