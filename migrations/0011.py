"""A county's own price band for an item, and whether it offers it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalogue_band",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("low_fen", sa.BigInteger(), nullable=False),
        sa.Column("typical_fen", sa.BigInteger(), nullable=False),
        sa.Column("high_fen", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.String(length=60), nullable=False),
        sa.Column("is_offered", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "low_fen >= 0 AND low_fen <= typical_fen AND typical_fen <= high_fen",
            name=op.f("ck_catalogue_band_band"),
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["catalogue_item.id"], name=op.f("fk_catalogue_band_item_id_catalogue_item")
        ),
        sa.ForeignKeyConstraint(
            ["division_code"], ["division.code"], name=op.f("fk_catalogue_band_division_code_division")
        ),
        sa.ForeignKeyConstraint(["set_by"], ["user_account.id"], name=op.f("fk_catalogue_band_set_by_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_band")),
        sa.UniqueConstraint("item_id", "division_code", name=op.f("uq_catalogue_band_item_id_division_code")),
    )
    op.create_index(op.f("ix_catalogue_band_division_code"), "catalogue_band", ["division_code"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_catalogue_band_division_code"), table_name="catalogue_band")
    op.drop_table("catalogue_band")
