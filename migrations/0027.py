"""Numbers that very many households share: one case each, settled once by somebody whose number it is not (fraud 2)."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLE = "shared_contact"
SIGNS = ("phone", "account", "person", "address")
OWN_NUMBER = "EXISTS (SELECT 1 FROM user_account u WHERE u.id = NEW.settled_by AND u.phone_index = NEW.value_index)"
# Name, when it looks, what is refused, and what the database says.
GUARDS = (
    ("shared_contact_by_another", "INSERT OR UPDATE", OWN_NUMBER, "nobody settles what has his own number"),
    ("shared_contact_settled_once", "UPDATE", "OLD.settled_at IS NOT NULL", "rows of shared_contact are settled once"),
    ("shared_contact_no_delete", "DELETE", "true", "rows of shared_contact are only ever added"),
)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column(
            "sign",
            sa.Enum(*SIGNS, name="duplicatesign", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("value_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("code", name=op.f(f"uq_{TABLE}_code")),
        sa.ForeignKeyConstraint(["settled_by"], ["user_account.id"], name=op.f(f"fk_{TABLE}_settled_by_user_account")),
        sa.CheckConstraint("sign IN ('phone', 'account')", name=op.f(f"ck_{TABLE}_a_number")),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (settled_by IS NULL) AND (settled_at IS NULL OR why <> '')",
            name=op.f(f"ck_{TABLE}_settled_with_reason"),
        ),
    )
    op.create_index(
        "uq_shared_contact_open",
        TABLE,
        ["value_index", "sign"],
        unique=True,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    for name, acts, refused, says in GUARDS:
        _create_guard(name, acts, refused, says)


def downgrade() -> None:
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
