"""Conditions of donors, decided once by somebody else (R-V9), and signals about what a donor asks for (fraud 29)."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLE = "pledge_condition"
SIGNAL = "review_signal"
KINDS = ("pair", "burst", "night", "post_burst", "post_night", "copies", "clerk_share", "village_share", "reveals")
STATES = ("proposed", "accepted", "refused")
# Who may not decide: whoever posted the need, the donor, or either under another account.
BY_THE_SAME = """
    EXISTS (SELECT 1 FROM pledge p JOIN need n ON n.id = p.need_id JOIN donor d ON d.id = p.donor_id
            JOIN user_account u ON u.id = NEW.decided_by
            LEFT JOIN user_account poster ON poster.id = n.poster_id
            LEFT JOIN user_account giver ON giver.id = d.user_id
            WHERE p.id = NEW.pledge_id AND (u.id IN (poster.id, giver.id)
                                            OR u.id_index IN (poster.id_index, giver.id_index)))
"""
CHANGED = "OLD.state <> 'proposed' OR NEW.pledge_id <> OLD.pledge_id OR NEW.words <> OLD.words"
# Name, when it looks, what is refused, and what the database says.
GUARDS = (
    ("pledge_condition_by_another", "INSERT OR UPDATE", BY_THE_SAME, "this person may not decide on this condition"),
    ("pledge_condition_decided_once", "UPDATE", CHANGED, "rows of pledge_condition are decided once"),
    ("pledge_condition_no_delete", "DELETE", "true", "rows of pledge_condition are only ever added"),
)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="conditionstate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f(f"fk_{TABLE}_pledge_id_pledge")),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f(f"fk_{TABLE}_decided_by_user_account")),
        sa.CheckConstraint(
            "(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name=op.f(f"ck_{TABLE}_decided_by_somebody"),
        ),
        sa.CheckConstraint("state <> 'refused' OR reason <> ''", name=op.f(f"ck_{TABLE}_refused_with_a_reason")),
    )
    op.create_index(op.f(f"ix_{TABLE}_pledge_id"), TABLE, ["pledge_id"])
    op.create_index(
        "uq_pledge_condition_standing",
        TABLE,
        ["pledge_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'refused'"),
        postgresql_where=sa.text("state <> 'refused'"),
    )
    for name, acts, refused, says in GUARDS:
        _create_guard(name, acts, refused, says)
    _allow((*KINDS, "demand"))


def downgrade() -> None:
    op.execute(f"DELETE FROM {SIGNAL} WHERE kind = 'demand'")  # noqa: S608  (a constant of this file)
    _allow(KINDS)
    op.drop_table(TABLE)
    if op.get_bind().dialect.name != "sqlite":
        for name, *_rest in GUARDS:
            op.execute(f"DROP FUNCTION {name}()")


def _create_guard(name: str, acts: str, refused: str, says: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in acts.split(" OR "):
            op.execute(
                f"CREATE TRIGGER {name}_{act.lower()} BEFORE {act} ON {TABLE} WHEN {refused} "
                f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {refused} THEN RAISE EXCEPTION '{says}'; END IF; RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {acts} ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _allow(kinds: tuple[str, ...]) -> None:
    """Nothing refers to the table and no trigger hangs on it, so that SQLite may make it anew."""
    named = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table(SIGNAL) as table:
        table.drop_constraint(op.f("ck_review_signal_signalkind"), type_="check")
        table.create_check_constraint(op.f("ck_review_signal_signalkind"), f"kind IN ({named})")
