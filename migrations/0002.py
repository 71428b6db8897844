"""The database itself refuses to change or delete what may only be added."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("ledger_account", "ledger_entry", "ledger_line", "audit_entry")
# Running totals change with each entry, but no total may be thrown away.
NEVER_DELETED = ("ledger_balance",)
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
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'rows of %% are only ever added', TG_TABLE_NAME; END $$".replace("%%", "%")
    )
    for table, act in _guards():
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in (*APPEND_ONLY, *NEVER_DELETED):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table, act in _guards():
            op.execute(f"DROP TRIGGER {table}_no_{act.lower()}")
        return
    for table, act in _guards():
        op.execute(f"DROP TRIGGER {table}_no_{act.lower()} ON {table}")
    for table in (*APPEND_ONLY, *NEVER_DELETED):
        op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
    op.execute("DROP FUNCTION refuse_change()")
