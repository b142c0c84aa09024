"""The paper layout of a branch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('paper_layouts',
    sa.Column('branch_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('layout', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['branches.id'], name=op.f('fk_paper_layouts_branch_id')),
    sa.PrimaryKeyConstraint('branch_id', name=op.f('pk_paper_layouts'))
    )


def downgrade() -> None:
    op.drop_table('paper_layouts')
