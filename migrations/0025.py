"""Cases of suspected fraud with their notes about the police and whom they told; rows are only ever added (R-V6)."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

SUSPICIONS = ("invented", "forged", "false_claim", "claimed_twice", "diverted", "collusion")
TABLES = ("fraud_case", "police_note", "fraud_told")
# Who posted or approved the need that a complaint is about, or to which the gift went.
TOOK_PART = """
    EXISTS (SELECT 1 FROM grievance g LEFT JOIN pledge p ON p.id = g.pledge_id
            JOIN need n ON n.id = COALESCE(g.need_id, p.need_id)
            WHERE g.id = {grievance} AND {who} IN (n.poster_id, n.reviewer_id, n.first_reviewer_id))
"""
OF_CASE = "(SELECT c.grievance_id FROM fraud_case c WHERE c.id = NEW.case_id)"
# Name, table, what is refused, and what the database says.
GUARDS = (
    (
        "fraud_case_of_a_right_complaint",
        "fraud_case",
        "NOT EXISTS (SELECT 1 FROM grievance g WHERE g.id = NEW.grievance_id AND g.is_upheld)",
        "fraud is recorded after a complaint that was right",
    ),
    (
        "fraud_case_by_another",
        "fraud_case",
        TOOK_PART.format(grievance="NEW.grievance_id", who="NEW.opened_by"),
        "this person took part in what the case is about",
    ),
    (
        "police_note_by_another",
        "police_note",
        TOOK_PART.format(grievance=OF_CASE, who="NEW.noted_by"),
        "this person took part in what the case is about",
    ),
    (
        "police_note_after_the_complaint",
        "police_note",
        "NEW.reported_on < (SELECT c.complained_on FROM fraud_case c WHERE c.id = NEW.case_id)",
        "nothing was reported to the police before the complaint",
    ),
)


def upgrade() -> None:
    _create_case()
    _create_note()
    _create_told()
    for name, table, refused, says in GUARDS:
        _create_guard(name, table, refused, says)
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in TABLES:
        for act in ("UPDATE", "DELETE"):
            body = (
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
                if on_sqlite
                else "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            op.execute(f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} {body}")
        if not on_sqlite:
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        for name, *_rest in GUARDS:
            op.execute(f"DROP FUNCTION {name}()")


def _create_guard(name: str, table: str, refused: str, says: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {refused} BEGIN SELECT RAISE(ABORT, '{says}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {refused} THEN RAISE EXCEPTION '{says}'; END IF; RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _create_case() -> None:
    op.create_table(
        "fraud_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("grievance_id", sa.Integer(), nullable=False),
        sa.Column(
            "suspicion",
            sa.Enum(*SUSPICIONS, name="suspicion", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("complained_on", sa.Date(), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fraud_case")),
        sa.ForeignKeyConstraint(["grievance_id"], ["grievance.id"], name=op.f("fk_fraud_case_grievance_id_grievance")),
        sa.ForeignKeyConstraint(["opened_by"], ["user_account.id"], name=op.f("fk_fraud_case_opened_by_user_account")),
        sa.UniqueConstraint("grievance_id", name=op.f("uq_fraud_case_grievance_id")),
    )


def _create_note() -> None:
    op.create_table(
        "police_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("why_not", sa.String(length=300), nullable=False),
        sa.Column("noted_on", sa.Date(), nullable=False),
        sa.Column("noted_by", sa.Integer(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_police_note")),
        sa.ForeignKeyConstraint(["case_id"], ["fraud_case.id"], name=op.f("fk_police_note_case_id_fraud_case")),
        sa.ForeignKeyConstraint(["noted_by"], ["user_account.id"], name=op.f("fk_police_note_noted_by_user_account")),
        sa.CheckConstraint("(reported_on IS NULL) = (why_not <> '')", name=op.f("ck_police_note_reported_or_why_not")),
        sa.CheckConstraint(
            "reported_on IS NULL OR reported_on <= noted_on", name=op.f("ck_police_note_not_in_the_future")
        ),
    )
    op.create_index(op.f("ix_police_note_case_id"), "police_note", ["case_id"])
    op.create_index(
        "uq_police_note_reported",
        "police_note",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("reported_on IS NOT NULL"),
        postgresql_where=sa.text("reported_on IS NOT NULL"),
    )


def _create_told() -> None:
    op.create_table(
        "fraud_told",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fraud_told")),
        sa.ForeignKeyConstraint(["case_id"], ["fraud_case.id"], name=op.f("fk_fraud_told_case_id_fraud_case")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_fraud_told_pledge_id_pledge")),
        sa.UniqueConstraint("pledge_id", "case_id", name=op.f("uq_fraud_told_pledge_id_case_id")),
    )
    op.create_index(op.f("ix_fraud_told_case_id"), "fraud_told", ["case_id"])
