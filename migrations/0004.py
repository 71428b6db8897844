"""What becomes of suggestions: shown, opened, pledged, and what followed, each once."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS = (
    "shown",
    "opened",
    "pledged",
    "lapsed",
    "delivered",
    "confirmed",
    "effective_30",
    "effective_90",
    "effective_365",
)
ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "suggestion_outcome",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("kind", _enum("outcome", *KINDS), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("donor_id", sa.Integer(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("model_version", sa.String(length=40), nullable=False),
        sa.Column("direction", _enum("direction", "donors_for_need", "needs_for_donor"), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("slot", _enum("slot", "score", "fairness", "exploration", "neutral"), nullable=True),
        sa.Column("propensity", sa.Double(), nullable=True),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(run_id IS NULL) = (rank IS NULL) AND (run_id IS NULL) = (slot IS NULL)"
            " AND (run_id IS NULL) = (direction IS NULL) AND (run_id IS NULL) = (propensity IS NULL)",
            name=op.f("ck_suggestion_outcome_whole_place"),
        ),
        sa.CheckConstraint(
            "run_id IS NOT NULL OR kind NOT IN ('shown', 'opened')",
            name=op.f("ck_suggestion_outcome_seen_in_a_list"),
        ),
        sa.CheckConstraint(
            "good OR kind IN ('effective_30', 'effective_90', 'effective_365')",
            name=op.f("ck_suggestion_outcome_good_by_itself"),
        ),
        sa.ForeignKeyConstraint(["donor_id"], ["donor.id"], name=op.f("fk_suggestion_outcome_donor_id_donor")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_suggestion_outcome_need_id_need")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_suggestion_outcome_pledge_id_pledge")),
        sa.ForeignKeyConstraint(["run_id"], ["match_run.id"], name=op.f("fk_suggestion_outcome_run_id_match_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion_outcome")),
        sa.UniqueConstraint("key", name=op.f("uq_suggestion_outcome_key")),
    )
    op.create_index("ix_suggestion_outcome_pair", "suggestion_outcome", ["need_id", "donor_id"])
    op.create_index("ix_suggestion_outcome_kind", "suggestion_outcome", ["kind", "at"])
    op.create_index(op.f("ix_suggestion_outcome_pledge_id"), "suggestion_outcome", ["pledge_id"])


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def downgrade() -> None:
    op.drop_table("suggestion_outcome")
