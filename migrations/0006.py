"""Proposed changes of status, notices with their board photos, complaints."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("status", "need", name="noticekind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("shows_names", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned", "open", "closed", name="noticestate", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("open_objections", sa.Integer(), nullable=False),
        sa.Column("planned_by", sa.Integer(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_by", sa.Integer(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_notice_closed_once")),
        sa.CheckConstraint("state <> 'closed' OR open_objections = 0", name=op.f("ck_notice_objections_hold")),
        sa.CheckConstraint("state <> 'open' OR posted_at IS NOT NULL", name=op.f("ck_notice_open_is_posted")),
        sa.CheckConstraint("(posted_at IS NULL) = (ends_on IS NULL)", name=op.f("ck_notice_end_counts_from_posting")),
        sa.CheckConstraint("days BETWEEN 5 AND 60", name=op.f("ck_notice_long_enough")),
        sa.CheckConstraint("open_objections >= 0", name=op.f("ck_notice_objections_not_negative")),
        sa.ForeignKeyConstraint(["division_code"], ["division.code"], name=op.f("fk_notice_division_code_division")),
        sa.ForeignKeyConstraint(["planned_by"], ["user_account.id"], name=op.f("fk_notice_planned_by_user_account")),
        sa.ForeignKeyConstraint(["posted_by"], ["user_account.id"], name=op.f("fk_notice_posted_by_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("code", name=op.f("uq_notice_code")),
    )
    op.create_index(op.f("ix_notice_division_code"), "notice", ["division_code"], unique=False)
    op.create_index(op.f("ix_notice_state"), "notice", ["state"], unique=False)
    op.create_table(
        "household_status_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column(
            "move",
            sa.Enum(
                "enter",
                "exit",
                "monitor",
                "clear",
                "reenter",
                name="statusmove",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status_after",
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
            "monitored_as",
            sa.Enum(
                "unstable", "edge", "sudden", name="monitoredas", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.String(length=160), nullable=False),
        sa.Column("appraised_on", sa.Date(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("votes_for", sa.Integer(), nullable=False),
        sa.Column("votes_against", sa.Integer(), nullable=False),
        sa.Column("abstained", sa.Integer(), nullable=False),
        sa.Column("minutes_id", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "applied",
                "dropped",
                name="proposalstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_because", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "(move = 'monitor') = (monitored_as IS NOT NULL)",
            name=op.f("ck_household_status_proposal_kind_of_monitoring"),
        ),
        sa.CheckConstraint(
            "(state = 'pending') = (decided_at IS NULL)", name=op.f("ck_household_status_proposal_decided_once")
        ),
        sa.CheckConstraint("votes_for * 2 > present", name=op.f("ck_household_status_proposal_majority")),
        sa.CheckConstraint(
            "votes_for + votes_against + abstained = present",
            name=op.f("ck_household_status_proposal_everybody_counted"),
        ),
        sa.CheckConstraint(
            "votes_for >= 0 AND votes_against >= 0 AND abstained >= 0",
            name=op.f("ck_household_status_proposal_votes_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_household_status_proposal_household_id_household")
        ),
        sa.ForeignKeyConstraint(
            ["minutes_id"], ["photo.id"], name=op.f("fk_household_status_proposal_minutes_id_photo")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["user_account.id"], name=op.f("fk_household_status_proposal_proposed_by_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_status_proposal")),
    )
    op.create_index(
        op.f("ix_household_status_proposal_household_id"), "household_status_proposal", ["household_id"], unique=False
    )
    op.create_index(
        "uq_household_status_proposal_pending",
        "household_status_proposal",
        ["household_id"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "notice_board_photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("taken_by", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(sha256) = 32", name=op.f("ck_notice_board_photo_whole_digest")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_board_photo_notice_id_notice")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_notice_board_photo_photo_id_photo")),
        sa.ForeignKeyConstraint(
            ["taken_by"], ["user_account.id"], name=op.f("fk_notice_board_photo_taken_by_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_board_photo")),
        sa.UniqueConstraint("photo_id", name=op.f("uq_notice_board_photo_photo_id")),
    )
    op.create_index(op.f("ix_notice_board_photo_notice_id"), "notice_board_photo", ["notice_id"], unique=False)
    op.create_table(
        "notice_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=True),
        sa.Column("need_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(proposal_id IS NULL) <> (need_id IS NULL)", name=op.f("ck_notice_entry_one_subject")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_notice_entry_need_id_need")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_entry_notice_id_notice")),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["household_status_proposal.id"],
            name=op.f("fk_notice_entry_proposal_id_household_status_proposal"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_entry")),
        sa.UniqueConstraint("notice_id", "position", name=op.f("uq_notice_entry_notice_id_position")),
    )
    op.create_index(op.f("ix_notice_entry_need_id"), "notice_entry", ["need_id"], unique=False)
    op.create_index(op.f("ix_notice_entry_notice_id"), "notice_entry", ["notice_id"], unique=False)
    op.create_index(op.f("ix_notice_entry_proposal_id"), "notice_entry", ["proposal_id"], unique=False)
    op.create_table(
        "grievance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("client_key", sa.String(length=40), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "untrue",
                "false_claim",
                "diverted",
                "withheld",
                "not_arrived",
                "left_out",
                "privacy",
                "conduct",
                "other",
                name="cause",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("need_id", sa.Integer(), nullable=True),
        sa.Column("pledge_id", sa.Integer(), nullable=True),
        sa.Column("notice_id", sa.Integer(), nullable=True),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("held_notice_id", sa.Integer(), nullable=True),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column(
            "about_staff",
            sa.Enum(
                "village", "township", "county", name="stafflevel", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("named_division", sa.String(length=12), nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=True),
        sa.Column("photo_id", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "assigned",
                "answered",
                "upheld",
                "dismissed",
                "closed",
                name="grievancestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("assigned_to", sa.Integer(), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=600), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_upheld", sa.Boolean(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.String(length=300), nullable=False),
        sa.Column("put_right", sa.String(length=300), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('upheld', 'dismissed', 'closed')) = (is_upheld IS NOT NULL)",
            name=op.f("ck_grievance_decided_before_closed"),
        ),
        sa.CheckConstraint("state = 'received' OR assigned_to IS NOT NULL", name=op.f("ck_grievance_somebody_answers")),
        sa.CheckConstraint(
            "state IN ('received', 'assigned') OR answer <> ''", name=op.f("ck_grievance_answered_in_words")
        ),
        sa.CheckConstraint(
            "(about_staff IS NULL) = (named_division IS NULL)", name=op.f("ck_grievance_staff_has_a_place")
        ),
        sa.CheckConstraint(
            "CASE WHEN need_id IS NULL THEN 0 ELSE 1 END + CASE WHEN pledge_id IS NULL THEN 0 ELSE 1 END + CASE WHEN notice_id IS NULL THEN 0 ELSE 1 END <= 1",
            name=op.f("ck_grievance_one_subject"),
        ),
        sa.CheckConstraint("entry_id IS NULL OR notice_id IS NOT NULL", name=op.f("ck_grievance_entry_of_a_notice")),
        sa.CheckConstraint(
            "is_upheld IS NULL OR held_notice_id IS NULL", name=op.f("ck_grievance_decided_holds_nothing")
        ),
        sa.ForeignKeyConstraint(
            ["assigned_to"], ["user_account.id"], name=op.f("fk_grievance_assigned_to_user_account")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_grievance_decided_by_user_account")),
        sa.ForeignKeyConstraint(["division_code"], ["division.code"], name=op.f("fk_grievance_division_code_division")),
        sa.ForeignKeyConstraint(["entry_id"], ["notice_entry.id"], name=op.f("fk_grievance_entry_id_notice_entry")),
        sa.ForeignKeyConstraint(["held_notice_id"], ["notice.id"], name=op.f("fk_grievance_held_notice_id_notice")),
        sa.ForeignKeyConstraint(
            ["named_division"], ["division.code"], name=op.f("fk_grievance_named_division_division")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_grievance_need_id_need")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_grievance_notice_id_notice")),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name=op.f("fk_grievance_photo_id_photo")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_grievance_pledge_id_pledge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grievance")),
        sa.UniqueConstraint("client_key", name=op.f("uq_grievance_client_key")),
        sa.UniqueConstraint("code", name=op.f("uq_grievance_code")),
    )
    op.create_index(op.f("ix_grievance_division_code"), "grievance", ["division_code"], unique=False)
    op.create_index(op.f("ix_grievance_need_id"), "grievance", ["need_id"], unique=False)
    op.create_index(op.f("ix_grievance_notice_id"), "grievance", ["notice_id"], unique=False)
    op.create_index(op.f("ix_grievance_pledge_id"), "grievance", ["pledge_id"], unique=False)
    op.add_column("household", sa.Column("entry_pending", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("household", "entry_pending")
    op.drop_index(op.f("ix_grievance_pledge_id"), table_name="grievance")
    op.drop_index(op.f("ix_grievance_notice_id"), table_name="grievance")
    op.drop_index(op.f("ix_grievance_need_id"), table_name="grievance")
    op.drop_index(op.f("ix_grievance_division_code"), table_name="grievance")
    op.drop_table("grievance")
    op.drop_index(op.f("ix_notice_entry_proposal_id"), table_name="notice_entry")
    op.drop_index(op.f("ix_notice_entry_notice_id"), table_name="notice_entry")
    op.drop_index(op.f("ix_notice_entry_need_id"), table_name="notice_entry")
    op.drop_table("notice_entry")
    op.drop_index(op.f("ix_notice_board_photo_notice_id"), table_name="notice_board_photo")
    op.drop_table("notice_board_photo")
    op.drop_index(
        "uq_household_status_proposal_pending",
        table_name="household_status_proposal",
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_index(op.f("ix_household_status_proposal_household_id"), table_name="household_status_proposal")
    op.drop_table("household_status_proposal")
    op.drop_index(op.f("ix_notice_state"), table_name="notice")
    op.drop_index(op.f("ix_notice_division_code"), table_name="notice")
    op.drop_table("notice")
