"""What a run ranked, so that it can be replayed; what changed since; the features of each suggestion."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "match_snapshot",
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["match_run.id"], name=op.f("fk_match_snapshot_run_id_match_run")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_match_snapshot")),
    )
    op.create_table(
        "match_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=True),
        sa.Column("donor_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(need_id IS NULL) <> (donor_id IS NULL)", name=op.f("ck_match_change_one_side")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_match_change_need_id_need")),
        sa.ForeignKeyConstraint(["donor_id"], ["donor.id"], name=op.f("fk_match_change_donor_id_donor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_change")),
        # An id is never given twice, even after the rows before it are gone.
        sqlite_autoincrement=True,
    )
    op.add_column("suggestion", sa.Column("levels", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("suggestion", "levels")
    op.drop_table("match_change")
    op.drop_table("match_snapshot")
