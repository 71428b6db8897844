"""Signals about whoever posts: bursts, nights, near copies, and shares of the help that stand out."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLE = "review_signal"
BEFORE = ("pair", "burst", "night")
ADDED = ("post_burst", "post_night", "copies", "clerk_share", "village_share")
COLUMNS = (
    "id, kind, user_id, other_user_id, division_code, span, cases, figures, found_at, closed_at, closed_by,"
    " closing_reason"
)


def upgrade() -> None:
    _make_anew((*BEFORE, *ADDED))


def downgrade() -> None:
    named = ", ".join(f"'{kind}'" for kind in ADDED)
    op.execute(f"DELETE FROM {TABLE} WHERE kind IN ({named})")  # noqa: S608  (constants of this file)
    _make_anew(BEFORE)


def _make_anew(kinds: tuple[str, ...]) -> None:
    """SQLite can widen no CHECK: the rows step aside while the table is made again; nothing refers to it."""
    op.execute(f"CREATE TABLE {TABLE}_kept AS SELECT {COLUMNS} FROM {TABLE}")  # noqa: S608  (constants of this file)
    op.drop_table(TABLE)
    _create(kinds)
    op.execute(f"INSERT INTO {TABLE} ({COLUMNS}) SELECT {COLUMNS} FROM {TABLE}_kept")  # noqa: S608  (as above)
    op.drop_table(f"{TABLE}_kept")
    if op.get_bind().dialect.name == "postgresql":
        last = f"SELECT coalesce(max(id), 0) + 1 FROM {TABLE}"  # noqa: S608  (constants of this file)
        op.execute(f"SELECT setval(pg_get_serial_sequence('{TABLE}', 'id'), ({last}), false)")


def _create(kinds: tuple[str, ...]) -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*kinds, name="signalkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("other_user_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("span", sa.String(length=20), nullable=False),
        sa.Column("cases", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("closing_reason", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "closed_by <> user_id AND closed_by <> other_user_id",
            name=op.f("ck_review_signal_never_closed_by_the_named"),
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL OR length(closing_reason) > 0)",
            name=op.f("ck_review_signal_closed_with_a_reason"),
        ),
        _to("user_id", "user_account.id"),
        _to("other_user_id", "user_account.id"),
        _to("division_code", "division.code"),
        _to("closed_by", "user_account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_signal")),
        sa.UniqueConstraint(
            "kind", "user_id", "other_user_id", "span", name=op.f("uq_review_signal_kind_user_id_other_user_id_span")
        ),
    )
    op.create_index(op.f("ix_review_signal_division_code"), TABLE, ["division_code"], unique=False)


def _to(column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{TABLE}_{column}_{target.split('.')[0]}"
    return sa.ForeignKeyConstraint([column], [target], name=op.f(name))
