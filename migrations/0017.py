"""Two questions 30, 90 and 365 days after a delivery: still of use, still needed."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "follow_up",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("kind", _enum("confirmerkind", "household", "second"), nullable=False),
        sa.Column("how", _enum("confirmhow", "slip", "own_account", "visit"), nullable=False),
        sa.Column("still_useful", sa.Boolean(), nullable=False),
        sa.Column("still_needed", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("days IN (30, 90, 365)", name=op.f("ck_follow_up_days_known")),
        sa.CheckConstraint("kind <> 'second' OR user_id IS NOT NULL", name=op.f("ck_follow_up_second_is_known")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_follow_up_need_id_need")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_follow_up_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up")),
        sa.UniqueConstraint("need_id", "days", name=op.f("uq_follow_up_need_id_days")),
    )


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def downgrade() -> None:
    op.drop_table("follow_up")
