"""Lists that other offices send for comparison: who died, moved, is paid, owns a vehicle, a company, a flat (R-V5)."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLE = "comparison_entry"
KINDS = ("dead", "moved", "payroll", "vehicle", "company", "property")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="comparisonkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("id_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["division_code"], ["division.code"], name=op.f(f"fk_{TABLE}_division_code_division")),
        sa.UniqueConstraint("id_index", "kind", "division_code", name=op.f(f"uq_{TABLE}_id_index_kind_division_code")),
    )


def downgrade() -> None:
    op.drop_table(TABLE)
