"""Size or variant of a catalogue item (规格)."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "catalogue_item", sa.Column("variant", sa.String(length=40), nullable=False, server_default=sa.text("''"))
    )


def downgrade() -> None:
    op.drop_column("catalogue_item", "variant")
