"""The review's second looks, pauses and signals; triggers refuse who may not decide on a need."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REASONS = (
    "price_high",
    "quantity_unclear",
    "consent_missing",
    "brand_named",
    "story_short",
    "personal_data",
    "duplicate",
    "not_a_need",
    "other",
)
STAFF = (
    "'village_clerk', 'village_supervisor', 'township_reviewer', 'county_admin', 'prefecture_observer', 'auditor',"
    " 'assigned_officer'"
)
NOT_PUBLISHED = "'draft', 'submitted', 'returned', 'rejected', 'withdrawn'"
# Who may not decide on a need: the poster, the same person under another account, anybody of the household or of
# the village, and whoever is declared as related to the household or to the poster.
BARRED = f"""
    u.id = NEW.poster_id
    OR u.id_index = (SELECT p.id_index FROM user_account p WHERE p.id = NEW.poster_id)
    OR EXISTS (SELECT 1 FROM household h WHERE h.id = NEW.household_id
               AND (h.user_id = u.id OR h.phone_index = u.phone_index))
    OR EXISTS (SELECT 1 FROM member m WHERE m.household_id = NEW.household_id AND m.id_index = u.id_index)
    OR EXISTS (SELECT 1 FROM role_grant g WHERE g.user_id = u.id AND g.division_code = NEW.division_code
               AND g.revoked_at IS NULL AND g.role IN ({STAFF}))
    OR EXISTS (SELECT 1 FROM staff_relative r WHERE r.ended_at IS NULL AND (
               (r.user_id = u.id AND (r.household_id = NEW.household_id OR r.other_user_id = NEW.poster_id))
               OR (r.user_id = NEW.poster_id AND r.other_user_id = u.id)))
    OR EXISTS (SELECT 1 FROM staff_relative r JOIN member m ON m.id_index = r.id_index
               WHERE r.user_id = u.id AND r.ended_at IS NULL AND m.household_id = NEW.household_id)
"""  # noqa: S608  (constants of this file)
DECIDED_BY_ONE_WHO_MAY_NOT = f"EXISTS (SELECT 1 FROM user_account u WHERE u.id = {{who}} AND ({BARRED}))"  # noqa: S608  (constants of this file)
FLAGGED_WITHOUT_TWO = f"""
    NEW.is_flagged AND NEW.state NOT IN ({NOT_PUBLISHED})
    AND (NEW.first_reviewer_id IS NULL OR NEW.reviewer_id IS NULL OR NEW.first_reviewer_id = NEW.reviewer_id
         OR EXISTS (SELECT 1 FROM user_account a JOIN user_account b ON a.id_index = b.id_index
                    WHERE a.id = NEW.first_reviewer_id AND b.id = NEW.reviewer_id))
"""  # noqa: S608  (constants of this file)
# Name, the columns whose change asks, the condition that is refused, and what the database says.
GUARDS = (
    (
        "need_reviewer_may_decide",
        "reviewer_id",
        DECIDED_BY_ONE_WHO_MAY_NOT.format(who="NEW.reviewer_id"),
        "this person may not decide on this need",
    ),
    (
        "need_first_reviewer_may_decide",
        "first_reviewer_id",
        DECIDED_BY_ONE_WHO_MAY_NOT.format(who="NEW.first_reviewer_id"),
        "this person may not decide on this need",
    ),
    (
        "need_flagged_by_two",
        "state, is_flagged, reviewer_id, first_reviewer_id",
        FLAGGED_WITHOUT_TWO,
        "a flagged need is published by two different people",
    ),
)


def upgrade() -> None:
    _add_to_need()
    op.add_column("need_review", sa.Column("is_first", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("need_review", sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("need_review", sa.Column("draw", sa.Integer(), nullable=True))
    _create_recheck()
    _create_pause()
    _create_signal()
    for name, columns, refused, says in GUARDS:
        _create_guard(name, columns, refused, says)


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, _columns, _refused, _says in GUARDS:
        if is_sqlite:
            op.execute(f"DROP TRIGGER {name}_insert")
            op.execute(f"DROP TRIGGER {name}_update")
        else:
            op.execute(f"DROP TRIGGER {name} ON need")
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("review_signal")
    op.drop_table("need_pause")
    op.drop_table("need_recheck")
    for column in ("draw", "opened_at", "is_first"):
        op.drop_column("need_review", column)
    for column in ("first_approved_at", "first_reviewer_id", "is_flagged", "risk", "marks"):
        op.drop_column("need", column)


def _add_to_need() -> None:
    op.add_column("need", sa.Column("marks", sa.JSON(), nullable=True))
    op.add_column("need", sa.Column("risk", sa.Integer(), server_default="0", nullable=False))
    op.add_column("need", sa.Column("is_flagged", sa.Boolean(), server_default=sa.false(), nullable=False))
    # SQLite takes a foreign key with a new column only in its own words; needs are never copied to a new table,
    # for that would delete what hangs on them.
    op.execute("ALTER TABLE need ADD COLUMN first_reviewer_id INTEGER REFERENCES user_account (id)")
    op.add_column("need", sa.Column("first_approved_at", sa.DateTime(timezone=True), nullable=True))


def _create_guard(name: str, columns: str, refused: str, says: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act, when in (("insert", "INSERT"), ("update", f"UPDATE OF {columns}")):
            op.execute(
                f"CREATE TRIGGER {name}_{act} BEFORE {when} ON need WHEN {refused} "
                f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {refused} THEN RAISE EXCEPTION '{says}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {columns} ON need FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


def _create_recheck() -> None:
    op.create_table(
        "need_recheck",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("approver_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Integer(), nullable=True),
        sa.Column("agrees", sa.Boolean(), nullable=True),
        sa.Column("reason", _enum("returnreason", *REASONS), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.CheckConstraint("done_by <> approver_id", name=op.f("ck_need_recheck_by_another")),
        sa.CheckConstraint(
            "(done_at IS NULL) = (done_by IS NULL) AND (done_at IS NULL) = (agrees IS NULL)",
            name=op.f("ck_need_recheck_done_or_not"),
        ),
        sa.CheckConstraint(
            "agrees IS NULL OR agrees OR reason IS NOT NULL", name=op.f("ck_need_recheck_disagrees_with_a_reason")
        ),
        _to("need_recheck", "need_id", "need.id"),
        _to("need_recheck", "review_id", "need_review.id"),
        _to("need_recheck", "approver_id", "user_account.id"),
        _to("need_recheck", "division_code", "division.code"),
        _to("need_recheck", "done_by", "user_account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_recheck")),
        sa.UniqueConstraint("review_id", name=op.f("uq_need_recheck_review_id")),
    )
    for column in ("need_id", "division_code"):
        op.create_index(op.f(f"ix_need_recheck_{column}"), "need_recheck", [column], unique=False)


def _create_pause() -> None:
    op.create_table(
        "need_pause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("cause", _enum("pausecause", "complaint", "recheck", "check"), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= started_at", name=op.f("ck_need_pause_ends_after_it_starts")
        ),
        _to("need_pause", "need_id", "need.id"),
        _to("need_pause", "started_by", "user_account.id"),
        _to("need_pause", "ended_by", "user_account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_pause")),
    )
    op.create_index(op.f("ix_need_pause_need_id"), "need_pause", ["need_id"], unique=False)
    op.create_index(
        "uq_need_pause_open",
        "need_pause",
        ["need_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _create_signal() -> None:
    op.create_table(
        "review_signal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", _enum("signalkind", "pair", "burst", "night"), nullable=False),
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
        _to("review_signal", "user_id", "user_account.id"),
        _to("review_signal", "other_user_id", "user_account.id"),
        _to("review_signal", "division_code", "division.code"),
        _to("review_signal", "closed_by", "user_account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_signal")),
        sa.UniqueConstraint(
            "kind", "user_id", "other_user_id", "span", name=op.f("uq_review_signal_kind_user_id_other_user_id_span")
        ),
    )
    op.create_index(op.f("ix_review_signal_division_code"), "review_signal", ["division_code"], unique=False)


def _enum(name: str, *members: str) -> sa.Enum:
    return sa.Enum(*members, name=name, native_enum=False, create_constraint=True, length=32)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{target.split('.')[0]}"
    return sa.ForeignKeyConstraint([column], [target], name=op.f(name))
