"""Agreements of helping units with divisions; their money stands in the ledger."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.kinds import Channel
from marketplace.db import Base, enum_column


class Agreement(Base):
    """A project that a unit agreed to fund in a division (协议), through one channel."""

    __tablename__ = "agreement"
    __table_args__ = (sa.CheckConstraint("agreed_fen > 0", name="agreed_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    channel: Mapped[Channel] = mapped_column(enum_column(Channel), index=True)
    unit: Mapped[str] = mapped_column(sa.String(120))
    title: Mapped[str] = mapped_column(sa.String(140))
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"), index=True)
    agreed_fen: Mapped[int] = mapped_column(sa.BigInteger)
    signed_on: Mapped[date]
