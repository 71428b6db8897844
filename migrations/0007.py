"""The database itself refuses to change the dated history of status, and to lose what was posted or complained of."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY = ("household_status_change", "notice_entry", "notice_board_photo")
# Their states move on, but no row may be thrown away.
NEVER_DELETED = ("household_status_proposal", "notice", "grievance")
REFUSED = "rows of %s are only ever added"


def _guards() -> list[tuple[str, str]]:
    both = [(table, act) for table in APPEND_ONLY for act in ("UPDATE", "DELETE")]
    return both + [(table, "DELETE") for table in NEVER_DELETED]


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table, act in _guards():
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSED % table}'); END"
            )
        # A change that is decided stays as it was decided, its appraisal with it.
        op.execute(
            "CREATE TRIGGER household_status_proposal_decided BEFORE UPDATE ON household_status_proposal "
            "WHEN OLD.state <> 'pending' "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSED % 'household_status_proposal'}'); END"
        )
        return
    for table, act in _guards():
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER household_status_proposal_decided BEFORE UPDATE ON household_status_proposal "
        "FOR EACH ROW WHEN (OLD.state <> 'pending') EXECUTE FUNCTION refuse_change()"
    )
    for table in (*APPEND_ONLY, *NEVER_DELETED):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    guards = [*(f"{table}_no_{act.lower()} ON {table}" for table, act in _guards())]
    guards.append("household_status_proposal_decided ON household_status_proposal")
    if not on_sqlite:
        guards += [f"{table}_no_truncate ON {table}" for table in (*APPEND_ONLY, *NEVER_DELETED)]
    for guard in guards:
        op.execute(f"DROP TRIGGER {guard.split(' ON ')[0] if on_sqlite else guard}")
