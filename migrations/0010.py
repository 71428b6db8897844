"""Purposes of a household's agreement, since when a need is hidden from the public, and clerks' templates."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _listed(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "consent_purpose",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("consent_id", sa.Integer(), nullable=False),
        sa.Column("purpose", _listed("purpose", "publication", "enterprise"), nullable=False),
        sa.Column("receiver", sa.String(length=120), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_how", _listed("withdrawnby", "slip", "own_account", "staff"), nullable=True),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "purpose <> 'enterprise' OR length(receiver) > 0", name=op.f("ck_consent_purpose_enterprise_is_named")
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_how IS NULL)", name=op.f("ck_consent_purpose_withdrawal_says_how")
        ),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.id"], name=op.f("fk_consent_purpose_consent_id_consent"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["user_account.id"], name=op.f("fk_consent_purpose_withdrawn_by_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_purpose")),
    )
    op.create_index(op.f("ix_consent_purpose_consent_id"), "consent_purpose", ["consent_id"])
    # Whoever agreed before agreed to be posted; nobody had a way to take it back.
    op.execute(
        "INSERT INTO consent_purpose (consent_id, purpose, receiver, given_at)"
        " SELECT id, 'publication', '', given_at FROM consent"
    )
    op.create_table(
        "need_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["user_account.id"], name=op.f("fk_need_template_owner_id_user_account")),
        sa.ForeignKeyConstraint(
            ["need_id"], ["need.id"], name=op.f("fk_need_template_need_id_need"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_template")),
        sa.UniqueConstraint("owner_id", "need_id", name=op.f("uq_need_template_owner_id_need_id")),
    )
    with op.batch_alter_table("consent") as table:
        table.drop_column("withdrawn_at")
    # Not in a batch: on SQLite that would make the table anew and lose its triggers.
    op.add_column("need", sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("need", "hidden_at")
    with op.batch_alter_table("consent") as table:
        table.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_table("need_template")
    op.drop_table("consent_purpose")
