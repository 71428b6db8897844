"""Findings of the lint that were overridden, with the reason."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REASONS = (
    *("local_price", "written_approval", "other_person", "worn_out", "regular"),
    *("same_event", "belong_together", "nobody_known", "other_meaning", "visited"),
)


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "need_override",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("reason", _enum("overridereason", *REASONS), nullable=False),
        sa.Column("stage", _enum("overridestage", "posting", "review"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["need_id"], ["need.id"], name=op.f("fk_need_override_need_id_need"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_need_override_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_override")),
        sa.UniqueConstraint("need_id", "rule", "stage", name=op.f("uq_need_override_need_id_rule_stage")),
    )
    op.create_index(op.f("ix_need_override_need_id"), "need_override", ["need_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_need_override_need_id"), table_name="need_override")
    op.drop_table("need_override")
