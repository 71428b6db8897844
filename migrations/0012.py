"""What is still open of each need as a column of its own, and indexes that the public list is counted by."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite can add a generated column only where it is worked out on reading; PostgreSQL stores it.
    is_stored = op.get_bind().dialect.name != "sqlite"
    worked_out = sa.Computed("value_fen - pledged_fen", persisted=is_stored)
    op.add_column("need", sa.Column("open_fen", sa.BigInteger(), worked_out, nullable=False))
    op.drop_index("ix_need_state_published", table_name="need")
    op.create_index("ix_need_state_published", "need", ["state", "published_at", "code"])
    op.create_index("ix_need_state_open", "need", ["state", "open_fen", "code"])
    op.create_index(
        "ix_need_facets",
        "need",
        [
            *("state", "division_code", "category", "kind", "urgency"),
            *("helped_before", "hidden_at", "published_at", "open_fen"),
        ],
    )


def downgrade() -> None:
    op.drop_index("ix_need_facets", table_name="need")
    op.drop_index("ix_need_state_open", table_name="need")
    op.drop_index("ix_need_state_published", table_name="need")
    op.create_index("ix_need_state_published", "need", ["state", "published_at", "id"])
    op.drop_column("need", "open_fen")
