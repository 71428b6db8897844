"""How many jobs and training places a donor has to give."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLE = "donor_preference"


def upgrade() -> None:
    check = f"CONSTRAINT ck_{TABLE}_places_not_negative CHECK (places >= 0)"
    op.execute(f"ALTER TABLE {TABLE} ADD COLUMN places INTEGER {check}")


def downgrade() -> None:
    op.drop_column(TABLE, "places")
