"""Full-text search of needs: FTS5 on SQLite, tsvector with GIN on PostgreSQL."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE need_search USING fts5(words, tokenize = \"unicode61 categories 'L* N* Co M*'\")"
        )
        return
    op.execute(
        "CREATE TABLE need_search ("
        "need_id INTEGER PRIMARY KEY REFERENCES need (id) ON DELETE CASCADE, words tsvector NOT NULL)"
    )
    op.execute("CREATE INDEX ix_need_search_words ON need_search USING gin (words)")


def downgrade() -> None:
    op.execute("DROP TABLE need_search")
