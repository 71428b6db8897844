"""Models learnt from the product's own history, adopted or refused, and the chances of open needs."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learned_model",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_pledge_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_pledge_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pledges", sa.Integer(), nullable=False),
        sa.Column("compared_with", sa.String(length=40), nullable=False),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("refusal", sa.String(length=20), nullable=False),
        sa.CheckConstraint("refusal IN ('', 'too_few', 'not_better')", name=op.f("ck_learned_model_known_refusal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learned_model")),
        sa.UniqueConstraint("version", name=op.f("uq_learned_model_version")),
    )
    op.create_table(
        "need_chance",
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("chance", sa.Double(), nullable=False),
        sa.CheckConstraint("chance > 0 AND chance < 1", name=op.f("ck_need_chance_between")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_need_chance_need_id_need"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["model_id"], ["learned_model.id"], name=op.f("fk_need_chance_model_id_learned_model")),
        sa.PrimaryKeyConstraint("need_id", name=op.f("pk_need_chance")),
    )


def downgrade() -> None:
    op.drop_table("need_chance")
    op.drop_table("learned_model")
