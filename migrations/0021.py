"""Signals about who looks behind the masks of very many households on one day (P5)."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLE = "review_signal"
BEFORE = ("pair", "burst", "night", "post_burst", "post_night", "copies", "clerk_share", "village_share")


def upgrade() -> None:
    _allow((*BEFORE, "reveals"))


def downgrade() -> None:
    op.execute(f"DELETE FROM {TABLE} WHERE kind = 'reveals'")  # noqa: S608  (a constant of this file)
    _allow(BEFORE)


def _allow(kinds: tuple[str, ...]) -> None:
    """Nothing refers to the table and no trigger hangs on it, so that SQLite may make it anew."""
    named = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table(TABLE) as table:
        table.drop_constraint(op.f("ck_review_signal_signalkind"), type_="check")
        table.create_check_constraint(op.f("ck_review_signal_signalkind"), f"kind IN ({named})")
