"""What arrived for a need that was withdrawn is given back: once, by a second person, with a reason and its paper."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TABLE = "given_back"
GOES_ON = """
    NOT EXISTS (SELECT 1 FROM receipt r JOIN pledge p ON p.id = r.pledge_id JOIN need n ON n.id = p.need_id
                WHERE r.id = NEW.receipt_id AND n.state = 'withdrawn')
"""
# The entry gives back, and is of the pledge for which the receipt came.
OTHER_ENTRY = """
    NOT EXISTS (SELECT 1 FROM ledger_entry e JOIN receipt r ON r.pledge_id = e.subject_id
                WHERE e.id = NEW.entry_id AND e.kind = 'return' AND e.subject_type = 'pledge' AND r.id = NEW.receipt_id)
"""
TWICE = """
    EXISTS (SELECT 1 FROM given_back g WHERE g.receipt_id = NEW.receipt_id
            AND NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.reverses_id = g.entry_id))
"""
# Whoever recorded that it arrived, the donor, or either under another account.
BY_THE_SAME = """
    EXISTS (SELECT 1 FROM receipt r JOIN pledge p ON p.id = r.pledge_id JOIN donor d ON d.id = p.donor_id
            JOIN user_account u ON u.id = NEW.recorded_by
            LEFT JOIN user_account keeper ON keeper.id = r.recorded_by
            LEFT JOIN user_account giver ON giver.id = d.user_id
            WHERE r.id = NEW.receipt_id AND (u.id IN (keeper.id, giver.id)
                                             OR u.id_index IN (keeper.id_index, giver.id_index)))
"""
# Name, when it looks, what is refused, and what the database says.
GUARDS = (
    ("given_back_withdrawn", "INSERT", GOES_ON, "only what came for a withdrawn need is given back"),
    ("given_back_entry", "INSERT", OTHER_ENTRY, "what is given back stands in the book"),
    ("given_back_once", "INSERT", TWICE, "this was given back already"),
    ("given_back_by_another", "INSERT", BY_THE_SAME, "this person may not give this back"),
    ("given_back_no_update", "UPDATE", "true", "rows of given_back are only ever added"),
    ("given_back_no_delete", "DELETE", "true", "rows of given_back are only ever added"),
)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("receipt_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("voucher_no", sa.String(length=60), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=True),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"], name=op.f(f"fk_{TABLE}_receipt_id_receipt")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f(f"fk_{TABLE}_photo_id_photo")),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f(f"fk_{TABLE}_entry_id_ledger_entry")),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["user_account.id"], name=op.f(f"fk_{TABLE}_recorded_by_user_account")
        ),
        sa.UniqueConstraint("entry_id", name=op.f(f"uq_{TABLE}_entry_id")),
        sa.CheckConstraint("length(reason) > 0", name=op.f(f"ck_{TABLE}_has_reason")),
        sa.CheckConstraint("length(voucher_no) > 0", name=op.f(f"ck_{TABLE}_has_voucher")),
    )
    op.create_index(op.f(f"ix_{TABLE}_receipt_id"), TABLE, ["receipt_id"])
    for guard in GUARDS:
        _create_guard(*guard)


def downgrade() -> None:
    op.drop_table(TABLE)
    if op.get_bind().dialect.name != "sqlite":
        for name, *_rest in GUARDS:
            op.execute(f"DROP FUNCTION {name}()")


def _create_guard(name: str, act: str, refused: str, says: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {act} ON {TABLE} WHEN {refused} BEGIN SELECT RAISE(ABORT, '{says}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {refused} THEN RAISE EXCEPTION '{says}'; END IF; RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {act} ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {name}()")
