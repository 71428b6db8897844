"""Households that may be one, and what people decided."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

VERDICTS = ("keep_first", "keep_second", "different")


def upgrade() -> None:
    op.create_table(
        "household_duplicate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("signs", sa.JSON(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(*VERDICTS, name="duplicateverdict", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_household_duplicate_one_order")),
        sa.CheckConstraint(
            "verdict IS NULL OR (decided_by IS NOT NULL AND decided_at IS NOT NULL AND length(why) > 0)",
            name=op.f("ck_household_duplicate_decided_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["first_id"],
            ["household.id"],
            name=op.f("fk_household_duplicate_first_id_household"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["second_id"],
            ["household.id"],
            name=op.f("fk_household_duplicate_second_id_household"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["user_account.id"], name=op.f("fk_household_duplicate_decided_by_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_duplicate")),
        sa.UniqueConstraint("first_id", "second_id", name=op.f("uq_household_duplicate_first_id_second_id")),
    )
    op.create_index(op.f("ix_household_duplicate_second_id"), "household_duplicate", ["second_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_household_duplicate_second_id"), table_name="household_duplicate")
    op.drop_table("household_duplicate")
