"""People who sign in, the roles granted to them, and their open sessions."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.permissions import Role
from marketplace.db import Base, BlindIndex, EncryptedText, UtcDateTime, enum_column


class User(Base):
    """A person with a phone number and a password (用户)."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    phone: Mapped[str] = mapped_column(EncryptedText)
    phone_index: Mapped[bytes] = mapped_column(BlindIndex, unique=True)
    password: Mapped[str | None] = mapped_column(sa.String(255))
    # Keyed trace of the person's ID number, where it was given: two accounts of one person meet (Z6).
    id_index: Mapped[bytes | None] = mapped_column(BlindIndex, index=True)
    # The employing unit; a donor of the same unit is not at arm's length.
    unit: Mapped[str] = mapped_column(sa.String(120), default="")
    active: Mapped[bool] = mapped_column(default=True)
    # Changed to end every open session of the person at once.
    fs_uniquifier: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    grants: Mapped[list["RoleGrant"]] = relationship(
        back_populates="user", foreign_keys="RoleGrant.user_id", lazy="selectin", order_by="RoleGrant.id"
    )

    # What a session asks of the person that it belongs to.
    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        """False shuts the person out at the next request."""
        return self.active

    def get_id(self) -> str:
        """What a session cookie holds; a new one ends the sessions that hold the old."""
        return self.fs_uniquifier


class RoleGrant(Base):
    """A role granted for a division; revoked by a date, never deleted."""

    __tablename__ = "role_grant"
    __table_args__ = (
        # One grant of a role for a division may be in force at a time.
        sa.Index(
            "uq_role_grant_in_force",
            "user_id",
            "role",
            "division_code",
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    role: Mapped[Role] = mapped_column(enum_column(Role))
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"), index=True)
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    granted_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    user: Mapped[User] = relationship(back_populates="grants", foreign_keys=[user_id])


class LoginLink(Base):
    """A one-time link with which an invited person sets the first password; kept as a keyed hash."""

    __tablename__ = "login_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    token_index: Mapped[bytes] = mapped_column(BlindIndex, unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
