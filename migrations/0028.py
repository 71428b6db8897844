"""PostgreSQL keeps the words of a need outside the rows of need_search, so that a common word is found on few pages.

A row is moved out of line only where it is larger than 2 kB: the padding makes it so, and shrinks to nothing when it is
stored. A hundred rows then stand on a page instead of six.
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("ALTER TABLE need_search SET (toast_tuple_target = 128)")
    op.execute("ALTER TABLE need_search ALTER COLUMN words SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE need_search ADD COLUMN padding text NOT NULL DEFAULT repeat(' ', 2000)")
    op.execute("UPDATE need_search SET words = words")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("ALTER TABLE need_search DROP COLUMN padding")
    op.execute("ALTER TABLE need_search ALTER COLUMN words SET STORAGE EXTENDED")
    op.execute("ALTER TABLE need_search RESET (toast_tuple_target)")
