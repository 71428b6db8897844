"""The calendar of working days, and the relatives whom staff declare."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _enum(name: str, *members: str) -> sa.Enum:
    return sa.Enum(*members, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "calendar_day",
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["division_code"], ["division.code"], name=op.f("fk_calendar_day_division_code_division")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["user_account.id"], name=op.f("fk_calendar_day_recorded_by_user_account")
        ),
        sa.PrimaryKeyConstraint("division_code", "day", name=op.f("pk_calendar_day")),
    )
    op.add_column("user_account", sa.Column("id_index", sa.LargeBinary(length=32), nullable=True))
    op.create_index(op.f("ix_user_account_id_index"), "user_account", ["id_index"], unique=False)
    op.create_table(
        "staff_relative",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.Column("other_user_id", sa.Integer(), nullable=True),
        sa.Column("id_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column(
            "kinship",
            _enum("kinship", "spouse", "parent_child", "sibling", "other_kin", "same_home", "business"),
            nullable=False,
        ),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declared_by", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(household_id IS NOT NULL AND other_user_id IS NULL AND id_index IS NULL)"
            " OR (household_id IS NULL AND other_user_id IS NOT NULL AND id_index IS NULL)"
            " OR (household_id IS NULL AND other_user_id IS NULL AND id_index IS NOT NULL)",
            name=op.f("ck_staff_relative_names_one"),
        ),
        sa.CheckConstraint("other_user_id <> user_id", name=op.f("ck_staff_relative_not_oneself")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_staff_relative_ended_by_somebody")),
        sa.CheckConstraint("ended_by <> user_id", name=op.f("ck_staff_relative_never_ended_by_oneself")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_staff_relative_user_id_user_account")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_staff_relative_household_id_household")
        ),
        sa.ForeignKeyConstraint(
            ["other_user_id"], ["user_account.id"], name=op.f("fk_staff_relative_other_user_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["declared_by"], ["user_account.id"], name=op.f("fk_staff_relative_declared_by_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["ended_by"], ["user_account.id"], name=op.f("fk_staff_relative_ended_by_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_relative")),
    )
    for column in ("user_id", "household_id", "other_user_id", "id_index"):
        op.create_index(op.f(f"ix_staff_relative_{column}"), "staff_relative", [column], unique=False)


def downgrade() -> None:
    op.drop_table("staff_relative")
    op.drop_index(op.f("ix_user_account_id_index"), table_name="user_account")
    op.drop_column("user_account", "id_index")
    op.drop_table("calendar_day")
