"""First tables: divisions, people, households, donors, needs, pledges, ledger, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = ("default",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject_type", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("division_code", sa.String(length=12), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"], unique=False)
    op.create_index(
        op.f("ix_audit_entry_division_code"),
        "audit_entry",
        ["division_code"],
        unique=False,
    )
    op.create_index(
        "ix_audit_entry_subject",
        "audit_entry",
        ["subject_type", "subject_id"],
        unique=False,
    )
    op.create_index(op.f("ix_audit_entry_user_id"), "audit_entry", ["user_id"], unique=False)
    op.create_table(
        "catalogue_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "money",
                "goods",
                "service",
                "job",
                "training",
                "purchase",
                name="supportkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "category",
            sa.Enum(
                "EDU",
                "MED",
                "DIS",
                "HOU",
                "WRM",
                "DLY",
                "IND",
                "JOB",
                "PUB",
                "DST",
                "TRN",
                "CAR",
                "LAW",
                name="needcategory",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("low_fen", sa.BigInteger(), nullable=False),
        sa.Column("typical_fen", sa.BigInteger(), nullable=False),
        sa.Column("high_fen", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("is_winter", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.String(length=60), nullable=False),
        sa.CheckConstraint(
            "low_fen >= 0 AND low_fen <= typical_fen AND typical_fen <= high_fen",
            name=op.f("ck_catalogue_item_band"),
        ),
        sa.CheckConstraint("most >= 1", name=op.f("ck_catalogue_item_most_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_item")),
        sa.UniqueConstraint("code", name=op.f("uq_catalogue_item_code")),
    )
    op.create_table(
        "division",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "province",
                "prefecture",
                "county",
                "township",
                "village",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("parent_code", sa.String(length=12), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("length(code) = 12", name=op.f("ck_division_code_length")),
        sa.ForeignKeyConstraint(
            ["parent_code"],
            ["division.code"],
            name=op.f("fk_division_parent_code_division"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_division")),
    )
    op.create_index(op.f("ix_division_parent_code"), "division", ["parent_code"], unique=False)
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "donor",
                "promise",
                "custody",
                "handed",
                "spent",
                name="accountrole",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("holder", sa.String(length=160), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("id", "unit", name=op.f("uq_ledger_account_id_unit")),
        sa.UniqueConstraint("role", "holder", "unit", name=op.f("uq_ledger_account_role_holder_unit")),
    )
    op.create_table(
        "ledger_balance",
        sa.Column("subject_type", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("pledged", sa.BigInteger(), nullable=False),
        sa.Column("released", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("disbursed", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "disbursed + returned <= received",
            name=op.f("ck_ledger_balance_disbursed_within_received"),
        ),
        sa.CheckConstraint(
            "pledged >= 0 AND released >= 0 AND received >= 0 AND disbursed >= 0 AND used >= 0 AND returned >= 0",
            name=op.f("ck_ledger_balance_not_negative"),
        ),
        sa.CheckConstraint(
            "received + released <= pledged",
            name=op.f("ck_ledger_balance_received_within_pledged"),
        ),
        sa.CheckConstraint("used <= disbursed", name=op.f("ck_ledger_balance_used_within_disbursed")),
        sa.PrimaryKeyConstraint("subject_type", "subject_id", "unit", name=op.f("pk_ledger_balance")),
    )
    op.create_table(
        "match_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("model_version", sa.String(length=40), nullable=False),
        sa.Column("needs", sa.Integer(), nullable=False),
        sa.Column("donors", sa.Integer(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_run")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(32), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("unit", sa.String(length=120), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_user_account_fs_uniquifier")),
        sa.UniqueConstraint("phone_index", name=op.f("uq_user_account_phone_index")),
    )
    op.create_table(
        "agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "central",
                "guangdong",
                "provincial",
                "in_province",
                "local",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("unit", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=140), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("agreed_fen", sa.BigInteger(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.CheckConstraint("agreed_fen > 0", name=op.f("ck_agreement_agreed_positive")),
        sa.ForeignKeyConstraint(
            ["division_code"],
            ["division.code"],
            name=op.f("fk_agreement_division_code_division"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("code", name=op.f("uq_agreement_code")),
    )
    op.create_index(op.f("ix_agreement_channel"), "agreement", ["channel"], unique=False)
    op.create_index(op.f("ix_agreement_division_code"), "agreement", ["division_code"], unique=False)
    op.create_table(
        "division_alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("old_name", sa.String(length=60), nullable=False),
        sa.Column("old_code", sa.String(length=12), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "province",
                "prefecture",
                "county",
                "township",
                "village",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("basis", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["code"], ["division.code"], name=op.f("fk_division_alias_code_division")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_division_alias")),
        sa.UniqueConstraint(
            "old_name",
            "old_code",
            "code",
            name=op.f("uq_division_alias_old_name_old_code_code"),
        ),
    )
    op.create_index(op.f("ix_division_alias_code"), "division_alias", ["code"], unique=False)
    op.create_index(op.f("ix_division_alias_old_code"), "division_alias", ["old_code"], unique=False)
    op.create_index(op.f("ix_division_alias_old_name"), "division_alias", ["old_name"], unique=False)
    op.create_table(
        "donor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column(
            "donor_type",
            sa.Enum(
                "individual",
                "private_firm",
                "state_firm",
                "chamber",
                "foundation",
                "charity",
                "public_unit",
                "university",
                "military",
                "party",
                "religious",
                "east_west",
                "overseas",
                name="donortype",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("credit_code", sa.String(length=18), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(32), nullable=True),
        sa.Column("has_public_page", sa.Boolean(), nullable=False),
        sa.Column("shows_name", sa.Boolean(), nullable=False),
        sa.Column("shows_amount", sa.Boolean(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_donor_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donor")),
        sa.UniqueConstraint("code", name=op.f("uq_donor_code")),
        sa.UniqueConstraint("credit_code", name=op.f("uq_donor_credit_code")),
        sa.UniqueConstraint("user_id", name=op.f("uq_donor_user_id")),
    )
    op.create_index(op.f("ix_donor_donor_type"), "donor", ["donor_type"], unique=False)
    op.create_index(op.f("ix_donor_phone_index"), "donor", ["phone_index"], unique=False)
    op.create_table(
        "household",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("registry_no", sa.String(length=30), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("group_name", sa.String(length=60), nullable=False),
        sa.Column("head_name", sa.String(length=60), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "registered",
                "exited",
                "monitored",
                "reentered",
                name="householdstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "attribute",
            sa.Enum(
                "general",
                "allowance",
                "five_guarantees",
                "allowance_poor",
                name="povertyattribute",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "exit_attribute",
            sa.Enum(
                "poor",
                "exited",
                "returned",
                name="exitattribute",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "main_cause",
            sa.Enum(
                "illness",
                "disability",
                "schooling",
                "disaster",
                "land",
                "water",
                "skill",
                "labour",
                "funds",
                "roads",
                "drive",
                "other",
                name="povertycause",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("unsafe_house", sa.Boolean(), nullable=True),
        sa.Column("safe_water", sa.Boolean(), nullable=True),
        sa.Column("scarce_water", sa.Boolean(), nullable=True),
        sa.Column("income_fen", sa.BigInteger(), nullable=True),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(32), nullable=True),
        sa.Column("bank_account", sa.String(), nullable=True),
        sa.Column("bank_account_index", sa.LargeBinary(32), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "income_fen IS NULL OR income_fen >= 0",
            name=op.f("ck_household_income_not_negative"),
        ),
        sa.CheckConstraint("member_count >= 0", name=op.f("ck_household_member_count_not_negative")),
        sa.ForeignKeyConstraint(
            ["division_code"],
            ["division.code"],
            name=op.f("fk_household_division_code_division"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_household_user_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
        sa.UniqueConstraint("code", name=op.f("uq_household_code")),
        sa.UniqueConstraint("registry_no", name=op.f("uq_household_registry_no")),
        sa.UniqueConstraint("user_id", name=op.f("uq_household_user_id")),
    )
    op.create_index(
        op.f("ix_household_bank_account_index"),
        "household",
        ["bank_account_index"],
        unique=False,
    )
    op.create_index(op.f("ix_household_division_code"), "household", ["division_code"], unique=False)
    op.create_index(op.f("ix_household_phone_index"), "household", ["phone_index"], unique=False)
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "pledge",
                "release",
                "receive",
                "disburse",
                "use",
                "return",
                "reverse",
                name="entrykind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject_type", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("earmark", sa.String(length=80), nullable=False),
        sa.Column("client_key", sa.String(length=80), nullable=False),
        sa.Column("request_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("voucher_no", sa.String(length=60), nullable=False),
        sa.Column("evidence_sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column(
            "reverses_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'reverse') = (reverses_id IS NOT NULL)",
            name=op.f("ck_ledger_entry_reverse_names_one"),
        ),
        sa.CheckConstraint(
            "kind <> 'reverse' OR (approved_by IS NOT NULL AND approved_by <> actor_id)",
            name=op.f("ck_ledger_entry_reverse_has_second_person"),
        ),
        sa.CheckConstraint(
            "kind <> 'reverse' OR length(reason) > 0",
            name=op.f("ck_ledger_entry_reverse_has_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"],
            ["user_account.id"],
            name=op.f("fk_ledger_entry_actor_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"],
            ["user_account.id"],
            name=op.f("fk_ledger_entry_approved_by_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"],
            ["ledger_entry.id"],
            name=op.f("fk_ledger_entry_reverses_id_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("client_key", name=op.f("uq_ledger_entry_client_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_entry_reverses_id")),
    )
    op.create_index(op.f("ix_ledger_entry_at"), "ledger_entry", ["at"], unique=False)
    op.create_index(
        "ix_ledger_entry_subject",
        "ledger_entry",
        ["subject_type", "subject_id"],
        unique=False,
    )
    op.create_table(
        "login_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_index", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_login_link_user_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_link")),
        sa.UniqueConstraint("token_index", name=op.f("uq_login_link_token_index")),
    )
    op.create_index(op.f("ix_login_link_user_id"), "login_link", ["user_id"], unique=False)
    op.create_table(
        "photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("upload_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("caption", sa.String(length=120), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_by", sa.Integer(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "NOT is_public OR checked_at IS NOT NULL",
            name=op.f("ck_photo_public_is_checked"),
        ),
        sa.CheckConstraint(
            "checked_by IS NULL OR checked_by <> uploaded_by",
            name=op.f("ck_photo_second_person"),
        ),
        sa.CheckConstraint(
            "width > 0 AND height > 0 AND size_bytes > 0",
            name=op.f("ck_photo_not_empty"),
        ),
        sa.ForeignKeyConstraint(
            ["checked_by"],
            ["user_account.id"],
            name=op.f("fk_photo_checked_by_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["division_code"],
            ["division.code"],
            name=op.f("fk_photo_division_code_division"),
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"],
            ["user_account.id"],
            name=op.f("fk_photo_uploaded_by_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
        sa.UniqueConstraint("token", name=op.f("uq_photo_token")),
    )
    op.create_index(op.f("ix_photo_upload_sha256"), "photo", ["upload_sha256"], unique=False)
    op.create_table(
        "role_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "village_clerk",
                "village_supervisor",
                "township_reviewer",
                "county_admin",
                "prefecture_observer",
                "auditor",
                "assigned_officer",
                "donor",
                "enterprise",
                "organisation",
                "volunteer",
                "household",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.Integer(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["division_code"],
            ["division.code"],
            name=op.f("fk_role_grant_division_code_division"),
        ),
        sa.ForeignKeyConstraint(
            ["granted_by"],
            ["user_account.id"],
            name=op.f("fk_role_grant_granted_by_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by"],
            ["user_account.id"],
            name=op.f("fk_role_grant_revoked_by_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_role_grant_user_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    op.create_index(
        op.f("ix_role_grant_division_code"),
        "role_grant",
        ["division_code"],
        unique=False,
    )
    op.create_index(op.f("ix_role_grant_user_id"), "role_grant", ["user_id"], unique=False)
    op.create_index(
        "uq_role_grant_in_force",
        "role_grant",
        ["user_id", "role", "division_code"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "donor_preference",
        sa.Column("donor_id", sa.Integer(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("budget_fen", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("personalised", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("budget_fen >= 0", name=op.f("ck_donor_preference_budget_not_negative")),
        sa.ForeignKeyConstraint(
            ["donor_id"],
            ["donor.id"],
            name=op.f("fk_donor_preference_donor_id_donor"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("donor_id", name=op.f("pk_donor_preference")),
    )
    op.create_table(
        "household_status_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "registered",
                "exited",
                "monitored",
                "reentered",
                name="householdstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
            name=op.f("fk_household_status_change_household_id_household"),
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["user_account.id"],
            name=op.f("fk_household_status_change_recorded_by_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_status_change")),
    )
    op.create_index(
        op.f("ix_household_status_change_household_id"),
        "household_status_change",
        ["household_id"],
        unique=False,
    )
    op.create_table(
        "ledger_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "entry_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("from_account_id", sa.Integer(), nullable=False),
        sa.Column("to_account_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("memo", sa.String(length=120), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_line_amount_positive")),
        sa.CheckConstraint("from_account_id <> to_account_id", name=op.f("ck_ledger_line_moves")),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["ledger_entry.id"],
            name=op.f("fk_ledger_line_entry_id_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["from_account_id", "unit"],
            ["ledger_account.id", "ledger_account.unit"],
            name=op.f("fk_ledger_line_from_account_id_unit_ledger_account"),
        ),
        sa.ForeignKeyConstraint(
            ["to_account_id", "unit"],
            ["ledger_account.id", "ledger_account.unit"],
            name=op.f("fk_ledger_line_to_account_id_unit_ledger_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_line")),
    )
    op.create_index(op.f("ix_ledger_line_entry_id"), "ledger_line", ["entry_id"], unique=False)
    op.create_index(
        op.f("ix_ledger_line_from_account_id"),
        "ledger_line",
        ["from_account_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ledger_line_to_account_id"),
        "ledger_line",
        ["to_account_id"],
        unique=False,
    )
    op.create_table(
        "member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("person_no", sa.String(length=34), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("id_number", sa.String(), nullable=False),
        sa.Column("id_index", sa.LargeBinary(32), nullable=False),
        sa.Column("relation", sa.String(length=20), nullable=False),
        sa.Column("ethnicity", sa.String(length=20), nullable=False),
        sa.Column("education", sa.String(length=20), nullable=False),
        sa.Column("school_status", sa.String(length=20), nullable=False),
        sa.Column("health", sa.String(length=40), nullable=False),
        sa.Column("labour", sa.String(length=20), nullable=False),
        sa.Column("work_place", sa.String(length=20), nullable=False),
        sa.Column("work_months", sa.Integer(), nullable=True),
        sa.Column("serious_illness_insured", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "work_months IS NULL OR work_months BETWEEN 0 AND 12",
            name=op.f("ck_member_work_months_range"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
            name=op.f("fk_member_household_id_household"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("household_id", "person_no", name=op.f("uq_member_household_id_person_no")),
        sa.UniqueConstraint("id_index", name=op.f("uq_member_id_index")),
    )
    op.create_index(op.f("ix_member_household_id"), "member", ["household_id"], unique=False)
    op.create_table(
        "need",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "returned",
                "rejected",
                "published",
                "pledged",
                "delivered",
                "confirmed",
                "closed",
                "suspended",
                "withdrawn",
                "expired",
                name="needstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "money",
                "goods",
                "service",
                "job",
                "training",
                "purchase",
                name="supportkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "category",
            sa.Enum(
                "EDU",
                "MED",
                "DIS",
                "HOU",
                "WRM",
                "DLY",
                "IND",
                "JOB",
                "PUB",
                "DST",
                "TRN",
                "CAR",
                "LAW",
                name="needcategory",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("title", sa.String(length=140), nullable=False),
        sa.Column("story", sa.String(length=500), nullable=False),
        sa.Column(
            "urgency",
            sa.Enum(
                "normal",
                "urgent",
                "critical",
                name="urgency",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("needed_by", sa.Date(), nullable=True),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("pledged_fen", sa.BigInteger(), nullable=False),
        sa.Column("helped_before", sa.Boolean(), nullable=False),
        sa.Column("poster_id", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=True),
        sa.Column("client_key", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("slip_index", sa.LargeBinary(32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'rejected', 'withdrawn') OR (published_at IS NOT NULL AND reviewer_id IS NOT NULL)",
            name=op.f("ck_need_public_was_reviewed"),
        ),
        sa.CheckConstraint("pledged_fen <= value_fen", name=op.f("ck_need_never_over_pledged")),
        sa.CheckConstraint(
            "reviewer_id IS NULL OR reviewer_id <> poster_id",
            name=op.f("ck_need_four_eyes"),
        ),
        sa.CheckConstraint(
            "value_fen >= 0 AND pledged_fen >= 0",
            name=op.f("ck_need_amounts_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["division_code"],
            ["division.code"],
            name=op.f("fk_need_division_code_division"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
            name=op.f("fk_need_household_id_household"),
        ),
        sa.ForeignKeyConstraint(
            ["poster_id"],
            ["user_account.id"],
            name=op.f("fk_need_poster_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"],
            ["user_account.id"],
            name=op.f("fk_need_reviewer_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need")),
        sa.UniqueConstraint("client_key", name=op.f("uq_need_client_key")),
        sa.UniqueConstraint("code", name=op.f("uq_need_code")),
        sa.UniqueConstraint("slip_index", name=op.f("uq_need_slip_index")),
    )
    op.create_index(op.f("ix_need_division_code"), "need", ["division_code"], unique=False)
    op.create_index(op.f("ix_need_household_id"), "need", ["household_id"], unique=False)
    op.create_index(op.f("ix_need_poster_id"), "need", ["poster_id"], unique=False)
    op.create_index("ix_need_state_published", "need", ["state", "published_at", "id"], unique=False)
    op.create_table(
        "related_party",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("donor_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("relation", sa.String(length=40), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(household_id IS NULL) <> (user_id IS NULL)",
            name=op.f("ck_related_party_names_one"),
        ),
        sa.ForeignKeyConstraint(["donor_id"], ["donor.id"], name=op.f("fk_related_party_donor_id_donor")),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
            name=op.f("fk_related_party_household_id_household"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_related_party_user_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_related_party")),
    )
    op.create_index(op.f("ix_related_party_donor_id"), "related_party", ["donor_id"], unique=False)
    op.create_index(
        op.f("ix_related_party_household_id"),
        "related_party",
        ["household_id"],
        unique=False,
    )
    op.create_index(op.f("ix_related_party_user_id"), "related_party", ["user_id"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("given_by", sa.String(length=60), nullable=False),
        sa.Column(
            "how",
            sa.Enum(
                "signed",
                "spoken",
                "own_account",
                name="consenthow",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("witness", sa.String(length=60), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=True),
        sa.Column("text_version", sa.String(length=20), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "how <> 'spoken' OR length(witness) > 0",
            name=op.f("ck_consent_spoken_has_witness"),
        ),
        sa.ForeignKeyConstraint(
            ["need_id"],
            ["need.id"],
            name=op.f("fk_consent_need_id_need"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_consent_photo_id_photo")),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["user_account.id"],
            name=op.f("fk_consent_recorded_by_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint("need_id", name=op.f("uq_consent_need_id")),
    )
    op.create_table(
        "need_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "money",
                "goods",
                "service",
                "job",
                "training",
                "purchase",
                name="supportkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("unit_price_fen", sa.BigInteger(), nullable=False),
        sa.Column("pledged", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind <> 'money' OR (unit = 'fen' AND unit_price_fen = 1)",
            name=op.f("ck_need_line_money_in_fen"),
        ),
        sa.CheckConstraint(
            "pledged >= 0 AND pledged <= quantity",
            name=op.f("ck_need_line_never_over_pledged"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_need_line_quantity_positive")),
        sa.CheckConstraint("unit_price_fen >= 0", name=op.f("ck_need_line_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["catalogue_item.id"],
            name=op.f("fk_need_line_item_id_catalogue_item"),
        ),
        sa.ForeignKeyConstraint(
            ["need_id"],
            ["need.id"],
            name=op.f("fk_need_line_need_id_need"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_line")),
        sa.UniqueConstraint("need_id", "position", name=op.f("uq_need_line_need_id_position")),
    )
    op.create_index(op.f("ix_need_line_need_id"), "need_line", ["need_id"], unique=False)
    op.create_table(
        "need_photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["need_id"],
            ["need.id"],
            name=op.f("fk_need_photo_need_id_need"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_need_photo_photo_id_photo")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_photo")),
    )
    op.create_index(op.f("ix_need_photo_need_id"), "need_photo", ["need_id"], unique=False)
    op.create_table(
        "need_review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "approve",
                "return",
                "reject",
                "suspend",
                "resume",
                name="decision",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "price_high",
                "quantity_unclear",
                "consent_missing",
                "brand_named",
                "story_short",
                "personal_data",
                "duplicate",
                "not_a_need",
                "other",
                name="returnreason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("documents", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_need_review_need_id_need")),
        sa.ForeignKeyConstraint(
            ["reviewer_id"],
            ["user_account.id"],
            name=op.f("fk_need_review_reviewer_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_review")),
    )
    op.create_index(op.f("ix_need_review_need_id"), "need_review", ["need_id"], unique=False)
    op.create_table(
        "pledge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("donor_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "offered",
                "declined",
                "accepted",
                "received",
                "delivered",
                "confirmed",
                "reported",
                "lapsed",
                "cancelled",
                name="pledgestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "money",
                "goods",
                "service",
                "job",
                "training",
                "purchase",
                name="supportkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "way",
            sa.Enum(
                "charity",
                "ship",
                "direct",
                name="way",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("intent", sa.String(length=200), nullable=False),
        sa.Column("shows_name", sa.Boolean(), nullable=False),
        sa.Column("shows_amount", sa.Boolean(), nullable=False),
        sa.Column("at_arms_length", sa.Boolean(), nullable=False),
        sa.Column("from_budget_fen", sa.BigInteger(), nullable=False),
        sa.Column("client_key", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("value_fen >= 0", name=op.f("ck_pledge_value_not_negative")),
        sa.CheckConstraint("from_budget_fen >= 0", name=op.f("ck_pledge_from_budget_not_negative")),
        sa.ForeignKeyConstraint(["donor_id"], ["donor.id"], name=op.f("fk_pledge_donor_id_donor")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_pledge_need_id_need")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge")),
        sa.UniqueConstraint("client_key", name=op.f("uq_pledge_client_key")),
        sa.UniqueConstraint("code", name=op.f("uq_pledge_code")),
    )
    op.create_index(op.f("ix_pledge_donor_id"), "pledge", ["donor_id"], unique=False)
    op.create_index(op.f("ix_pledge_need_id"), "pledge", ["need_id"], unique=False)
    op.create_index(
        "ix_pledge_state_accepted",
        "pledge",
        ["state", "accepted_at", "id"],
        unique=False,
    )
    op.create_table(
        "suggestion",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column(
            "direction",
            sa.Enum(
                "donors_for_need",
                "needs_for_donor",
                name="direction",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("need_id", sa.Integer(), nullable=False),
        sa.Column("donor_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column(
            "slot",
            sa.Enum(
                "score",
                "fairness",
                "exploration",
                "neutral",
                name="slot",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("propensity", sa.Double(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["donor_id"], ["donor.id"], name=op.f("fk_suggestion_donor_id_donor")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_suggestion_need_id_need")),
        sa.ForeignKeyConstraint(["run_id"], ["match_run.id"], name=op.f("fk_suggestion_run_id_match_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion")),
        sa.UniqueConstraint(
            "direction",
            "need_id",
            "donor_id",
            name=op.f("uq_suggestion_direction_need_id_donor_id"),
        ),
    )
    op.create_index(
        "ix_suggestion_donor",
        "suggestion",
        ["donor_id", "direction", "rank"],
        unique=False,
    )
    op.create_index(
        "ix_suggestion_need",
        "suggestion",
        ["need_id", "direction", "rank"],
        unique=False,
    )
    op.create_index(op.f("ix_suggestion_run_id"), "suggestion", ["run_id"], unique=False)
    op.create_table(
        "confirmation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "household",
                "second",
                name="confirmerkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "how",
            sa.Enum(
                "slip",
                "own_account",
                "visit",
                name="confirmhow",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("arrived", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind <> 'second' OR user_id IS NOT NULL",
            name=op.f("ck_confirmation_second_is_known"),
        ),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_confirmation_pledge_id_pledge")),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_confirmation_user_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmation")),
    )
    op.create_index(op.f("ix_confirmation_pledge_id"), "confirmation", ["pledge_id"], unique=False)
    op.create_index(
        "uq_confirmation_arrived",
        "confirmation",
        ["pledge_id", "kind"],
        unique=True,
        sqlite_where=sa.text("arrived"),
        postgresql_where=sa.text("arrived"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column(
            "witness",
            sa.Enum(
                "work_team",
                "first_secretary",
                "supervisor",
                "group_head",
                "villager",
                "teacher",
                "doctor",
                name="witness",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_delivery_photo_id_photo")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_delivery_pledge_id_pledge")),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["user_account.id"],
            name=op.f("fk_delivery_recorded_by_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("pledge_id", name=op.f("uq_delivery_pledge_id")),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("may_publish", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "rating IS NULL OR rating BETWEEN 1 AND 5",
            name=op.f("ck_feedback_rating_range"),
        ),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_feedback_pledge_id_pledge")),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["user_account.id"],
            name=op.f("fk_feedback_recorded_by_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("pledge_id", name=op.f("uq_feedback_pledge_id")),
    )
    op.create_table(
        "pledge_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("released", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_pledge_line_quantity_positive")),
        sa.CheckConstraint(
            "released >= 0 AND released <= quantity",
            name=op.f("ck_pledge_line_released_within_quantity"),
        ),
        sa.ForeignKeyConstraint(["line_id"], ["need_line.id"], name=op.f("fk_pledge_line_line_id_need_line")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_pledge_line_pledge_id_pledge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge_line")),
        sa.UniqueConstraint("pledge_id", "line_id", name=op.f("uq_pledge_line_pledge_id_line_id")),
    )
    op.create_index(op.f("ix_pledge_line_line_id"), "pledge_line", ["line_id"], unique=False)
    op.create_index(op.f("ix_pledge_line_pledge_id"), "pledge_line", ["pledge_id"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=False),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("custodian", sa.String(length=120), nullable=False),
        sa.Column("voucher_no", sa.String(length=60), nullable=False),
        sa.Column(
            "entry_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("value_fen >= 0", name=op.f("ck_receipt_value_not_negative")),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["ledger_entry.id"],
            name=op.f("fk_receipt_entry_id_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_receipt_pledge_id_pledge")),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["user_account.id"],
            name=op.f("fk_receipt_recorded_by_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_receipt_entry_id")),
    )
    op.create_index(op.f("ix_receipt_pledge_id"), "receipt", ["pledge_id"], unique=False)
    op.create_table(
        "receipt_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("receipt_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_receipt_line_quantity_positive")),
        sa.ForeignKeyConstraint(["line_id"], ["need_line.id"], name=op.f("fk_receipt_line_line_id_need_line")),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"], name=op.f("fk_receipt_line_receipt_id_receipt")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_line")),
        sa.UniqueConstraint("receipt_id", "line_id", name=op.f("uq_receipt_line_receipt_id_line_id")),
    )
    op.create_index(op.f("ix_receipt_line_line_id"), "receipt_line", ["line_id"], unique=False)
    op.create_index(op.f("ix_receipt_line_receipt_id"), "receipt_line", ["receipt_id"], unique=False)
    op.create_table(
        "use_of_gift",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pledge_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=120), nullable=False),
        sa.Column("payee", sa.String(length=120), nullable=False),
        sa.Column("voucher_no", sa.String(length=60), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "entry_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_use_of_gift_amount_positive")),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["ledger_entry.id"],
            name=op.f("fk_use_of_gift_entry_id_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_use_of_gift_photo_id_photo")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_use_of_gift_pledge_id_pledge")),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["user_account.id"],
            name=op.f("fk_use_of_gift_recorded_by_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_use_of_gift")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_use_of_gift_entry_id")),
    )
    op.create_index(op.f("ix_use_of_gift_pledge_id"), "use_of_gift", ["pledge_id"], unique=False)


def downgrade() -> None:

    op.drop_index(op.f("ix_use_of_gift_pledge_id"), table_name="use_of_gift")
    op.drop_table("use_of_gift")
    op.drop_index(op.f("ix_receipt_line_receipt_id"), table_name="receipt_line")
    op.drop_index(op.f("ix_receipt_line_line_id"), table_name="receipt_line")
    op.drop_table("receipt_line")
    op.drop_index(op.f("ix_receipt_pledge_id"), table_name="receipt")
    op.drop_table("receipt")
    op.drop_index(op.f("ix_pledge_line_pledge_id"), table_name="pledge_line")
    op.drop_index(op.f("ix_pledge_line_line_id"), table_name="pledge_line")
    op.drop_table("pledge_line")
    op.drop_table("feedback")
    op.drop_table("delivery")
    op.drop_index("uq_confirmation_arrived", table_name="confirmation")
    op.drop_index(op.f("ix_confirmation_pledge_id"), table_name="confirmation")
    op.drop_table("confirmation")
    op.drop_index(op.f("ix_suggestion_run_id"), table_name="suggestion")
    op.drop_index("ix_suggestion_need", table_name="suggestion")
    op.drop_index("ix_suggestion_donor", table_name="suggestion")
    op.drop_table("suggestion")
    op.drop_index("ix_pledge_state_accepted", table_name="pledge")
    op.drop_index(op.f("ix_pledge_need_id"), table_name="pledge")
    op.drop_index(op.f("ix_pledge_donor_id"), table_name="pledge")
    op.drop_table("pledge")
    op.drop_index(op.f("ix_need_review_need_id"), table_name="need_review")
    op.drop_table("need_review")
    op.drop_index(op.f("ix_need_photo_need_id"), table_name="need_photo")
    op.drop_table("need_photo")
    op.drop_index(op.f("ix_need_line_need_id"), table_name="need_line")
    op.drop_table("need_line")
    op.drop_table("consent")
    op.drop_index(op.f("ix_related_party_user_id"), table_name="related_party")
    op.drop_index(op.f("ix_related_party_household_id"), table_name="related_party")
    op.drop_index(op.f("ix_related_party_donor_id"), table_name="related_party")
    op.drop_table("related_party")
    op.drop_index("ix_need_state_published", table_name="need")
    op.drop_index(op.f("ix_need_poster_id"), table_name="need")
    op.drop_index(op.f("ix_need_household_id"), table_name="need")
    op.drop_index(op.f("ix_need_division_code"), table_name="need")
    op.drop_table("need")
    op.drop_index(op.f("ix_member_household_id"), table_name="member")
    op.drop_table("member")
    op.drop_index(op.f("ix_ledger_line_to_account_id"), table_name="ledger_line")
    op.drop_index(op.f("ix_ledger_line_from_account_id"), table_name="ledger_line")
    op.drop_index(op.f("ix_ledger_line_entry_id"), table_name="ledger_line")
    op.drop_table("ledger_line")
    op.drop_index(
        op.f("ix_household_status_change_household_id"),
        table_name="household_status_change",
    )
    op.drop_table("household_status_change")
    op.drop_table("donor_preference")
    op.drop_index(
        "uq_role_grant_in_force",
        table_name="role_grant",
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.drop_index(op.f("ix_role_grant_user_id"), table_name="role_grant")
    op.drop_index(op.f("ix_role_grant_division_code"), table_name="role_grant")
    op.drop_table("role_grant")
    op.drop_index(op.f("ix_photo_upload_sha256"), table_name="photo")
    op.drop_table("photo")
    op.drop_index(op.f("ix_login_link_user_id"), table_name="login_link")
    op.drop_table("login_link")
    op.drop_index("ix_ledger_entry_subject", table_name="ledger_entry")
    op.drop_index(op.f("ix_ledger_entry_at"), table_name="ledger_entry")
    op.drop_table("ledger_entry")
    op.drop_index(op.f("ix_household_phone_index"), table_name="household")
    op.drop_index(op.f("ix_household_division_code"), table_name="household")
    op.drop_index(op.f("ix_household_bank_account_index"), table_name="household")
    op.drop_table("household")
    op.drop_index(op.f("ix_donor_phone_index"), table_name="donor")
    op.drop_index(op.f("ix_donor_donor_type"), table_name="donor")
    op.drop_table("donor")
    op.drop_index(op.f("ix_division_alias_old_name"), table_name="division_alias")
    op.drop_index(op.f("ix_division_alias_old_code"), table_name="division_alias")
    op.drop_index(op.f("ix_division_alias_code"), table_name="division_alias")
    op.drop_table("division_alias")
    op.drop_index(op.f("ix_agreement_division_code"), table_name="agreement")
    op.drop_index(op.f("ix_agreement_channel"), table_name="agreement")
    op.drop_table("agreement")
    op.drop_table("user_account")
    op.drop_table("match_run")
    op.drop_table("ledger_balance")
    op.drop_table("ledger_account")
    op.drop_index(op.f("ix_division_parent_code"), table_name="division")
    op.drop_table("division")
    op.drop_table("catalogue_item")
    op.drop_index(op.f("ix_audit_entry_user_id"), table_name="audit_entry")
    op.drop_index("ix_audit_entry_subject", table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_division_code"), table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_at"), table_name="audit_entry")
    op.drop_table("audit_entry")
