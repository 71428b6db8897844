"""Proposals of the allocation: what each need would get from whom, and what people decided."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "allocation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("state", _enum("allocationstate", "open", "offered", "discarded"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("maker_id", sa.Integer(), nullable=True),
        sa.Column("model_version", sa.String(length=40), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_allocation_ended_when_decided")),
        sa.ForeignKeyConstraint(
            ["division_code"], ["division.code"], name=op.f("fk_allocation_division_code_division")
        ),
        sa.ForeignKeyConstraint(["maker_id"], ["user_account.id"], name=op.f("fk_allocation_maker_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation")),
        sa.UniqueConstraint("code", name=op.f("uq_allocation_code")),
    )
    op.create_index("ix_allocation_division_at", "allocation", ["division_code", "at"])
    op.create_table(
        "allocation_need",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("allocation_id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("is_places", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("why", _enum("waiting", "nothing", "no_donor", "used_up", "too_little"), nullable=False),
        sa.CheckConstraint(
            "asked >= 0 AND given >= 0 AND given <= asked", name=op.f("ck_allocation_need_given_within_asked")
        ),
        sa.ForeignKeyConstraint(
            ["allocation_id"], ["allocation.id"], name=op.f("fk_allocation_need_allocation_id_allocation")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_allocation_need_need_id_need")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation_need")),
        sa.UniqueConstraint("allocation_id", "need_id", name=op.f("uq_allocation_need_allocation_id_need_id")),
    )
    op.create_index(op.f("ix_allocation_need_allocation_id"), "allocation_need", ["allocation_id"])
    op.create_index(op.f("ix_allocation_need_need_id"), "allocation_need", ["need_id"])
    op.create_table(
        "allocation_part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("allocation_id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("donor_id", sa.Integer(), nullable=False),
        sa.Column("quantities", sa.JSON(), nullable=False),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("value_fen >= 0", name=op.f("ck_allocation_part_value_not_negative")),
        sa.CheckConstraint("score >= 0 AND score <= 100", name=op.f("ck_allocation_part_score_in_points")),
        sa.ForeignKeyConstraint(
            ["allocation_id"], ["allocation.id"], name=op.f("fk_allocation_part_allocation_id_allocation")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_allocation_part_need_id_need")),
        sa.ForeignKeyConstraint(["donor_id"], ["donor.id"], name=op.f("fk_allocation_part_donor_id_donor")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_allocation_part_pledge_id_pledge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation_part")),
        sa.UniqueConstraint(
            "allocation_id", "need_id", "donor_id", name=op.f("uq_allocation_part_allocation_id_need_id_donor_id")
        ),
        sa.UniqueConstraint("pledge_id", name=op.f("uq_allocation_part_pledge_id")),
    )
    for column in ("allocation_id", "need_id", "donor_id"):
        op.create_index(op.f(f"ix_allocation_part_{column}"), "allocation_part", [column])


def downgrade() -> None:
    op.drop_table("allocation_part")
    op.drop_table("allocation_need")
    op.drop_table("allocation")


def _enum(name: str, *codes: str) -> sa.Enum:
    return sa.Enum(*codes, name=name, native_enum=False, create_constraint=True, length=32)
