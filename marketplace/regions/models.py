"""Divisions and the old names that records still carry."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.divisions import CODE_LENGTH, Level
from marketplace.db import Base, enum_column


class Division(Base):
    """A node of the administrative tree (行政区划)."""

    __tablename__ = "division"
    __table_args__ = (sa.CheckConstraint("length(code) = 12", name="code_length"),)

    code: Mapped[str] = mapped_column(sa.String(CODE_LENGTH), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    level: Mapped[Level] = mapped_column(enum_column(Level))
    parent_code: Mapped[str | None] = mapped_column(sa.String(CODE_LENGTH), sa.ForeignKey("division.code"), index=True)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class DivisionAlias(Base):
    """A former name or code of a division (曾用名), with the days on which it was in use."""

    __tablename__ = "division_alias"
    __table_args__ = (sa.UniqueConstraint("old_name", "old_code", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    old_name: Mapped[str] = mapped_column(sa.String(60), index=True)
    old_code: Mapped[str] = mapped_column(sa.String(CODE_LENGTH), default="", index=True)
    level: Mapped[Level] = mapped_column(enum_column(Level))
    code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"), index=True)
    valid_to: Mapped[date | None]
    basis: Mapped[str] = mapped_column(sa.String(200), default="")
