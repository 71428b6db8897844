"""Needs, their lines, consent, reviews, and the catalogue that lines are picked from."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.kinds import Labelled, NeedCategory, SupportKind, Urgency
from marketplace.core.workflow import NeedState
from marketplace.db import Base, BlindIndex, UtcDateTime, enum_column

# A money line counts fen: one unit is worth 1 fen, so that a part of it can be pledged to the fen.
MONEY_UNIT = "fen"


class ConsentHow(Labelled):
    """How a household agreed (同意方式)."""

    SIGNED = "signed", "签字"
    SPOKEN = "spoken", "口头同意，有见证人"
    OWN_ACCOUNT = "own_account", "本人账号"


class Purpose(Labelled):
    """What a household agrees to, each by itself (同意的用途)."""

    PUBLICATION = "publication", "公开发布"
    ENTERPRISE = "enterprise", "提供给指定的企业"


class WithdrawnBy(Labelled):
    """By which way an agreement was taken back (撤回方式)."""

    SLIP = "slip", "凭纸条"
    OWN_ACCOUNT = "own_account", "本人账号"
    STAFF = "staff", "村信息员代办"


class Decision(Labelled):
    """What a reviewer decided (审核结论)."""

    APPROVE = "approve", "通过"
    RETURN = "return", "退回"
    REJECT = "reject", "不予发布"
    SUSPEND = "suspend", "暂停"
    RESUME = "resume", "恢复"


class ReturnReason(Labelled):
    """Why a need went back or was refused; one tap each."""

    PRICE_HIGH = "price_high", "单价偏高"
    QUANTITY_UNCLEAR = "quantity_unclear", "数量不清"
    CONSENT_MISSING = "consent_missing", "缺同意书"
    BRAND_NAMED = "brand_named", "写了品牌"
    STORY_SHORT = "story_short", "理由太短"
    PERSONAL_DATA = "personal_data", "有个人信息"
    DUPLICATE = "duplicate", "重复"
    NOT_A_NEED = "not_a_need", "不属于帮扶范围"
    OTHER = "other", "其他"


class OverrideReason(Labelled):
    """Why a need may go on although a rule found something (放行理由)."""

    LOCAL_PRICE = "local_price", "当地就是这个价"
    WRITTEN_APPROVAL = "written_approval", "有县里书面同意"
    OTHER_PERSON = "other_person", "给家里另一个人"
    WORN_OUT = "worn_out", "上次的已用坏"
    REGULAR = "regular", "每季都要的"
    SAME_EVENT = "same_event", "几户遇到同一件事"
    BELONG_TOGETHER = "belong_together", "本是一件事"
    NOBODY_KNOWN = "nobody_known", "看不出是谁"
    OTHER_MEANING = "other_meaning", "这个词在这里是别的意思"
    VISITED = "visited", "入户看过，属实"


class OverrideStage(Labelled):
    """Who overrode: whoever sent the need, or whoever reviewed it."""

    POSTING = "posting", "发布时"
    REVIEW = "review", "审核时"


class CatalogueItem(Base):
    """An item that needs are made of (物品目录), with its unit and reference price band in fen."""

    __tablename__ = "catalogue_item"
    __table_args__ = (
        sa.CheckConstraint("low_fen >= 0 AND low_fen <= typical_fen AND typical_fen <= high_fen", name="band"),
        sa.CheckConstraint("most >= 1", name="most_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    # Size or variant (规格): items of one name differ in it, and in their price.
    variant: Mapped[str] = mapped_column(sa.String(40), default="", server_default=sa.text("''"))
    kind: Mapped[SupportKind] = mapped_column(enum_column(SupportKind))
    category: Mapped[NeedCategory] = mapped_column(enum_column(NeedCategory))
    unit: Mapped[str] = mapped_column(sa.String(16))
    low_fen: Mapped[int] = mapped_column(sa.BigInteger)
    typical_fen: Mapped[int] = mapped_column(sa.BigInteger)
    high_fen: Mapped[int] = mapped_column(sa.BigInteger)
    # The most that one household may ask for at once.
    most: Mapped[int]
    is_winter: Mapped[bool] = mapped_column(default=False)
    # "estimate" until the county replaces it with its own figure.
    basis: Mapped[str] = mapped_column(sa.String(60), default="estimate")

    @property
    def full_name(self) -> str:
        """``棉被（3 公斤，双人）``: how a need's line names it."""
        return f"{self.name}（{self.variant}）" if self.variant else self.name


class CatalogueBand(Base):
    """What an item costs in one county, and whether it is offered there; set by the county itself."""

    __tablename__ = "catalogue_band"
    __table_args__ = (
        sa.UniqueConstraint("item_id", "division_code"),
        sa.CheckConstraint("low_fen >= 0 AND low_fen <= typical_fen AND typical_fen <= high_fen", name="band"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("catalogue_item.id"))
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"), index=True)
    low_fen: Mapped[int] = mapped_column(sa.BigInteger)
    typical_fen: Mapped[int] = mapped_column(sa.BigInteger)
    high_fen: Mapped[int] = mapped_column(sa.BigInteger)
    basis: Mapped[str] = mapped_column(sa.String(60))
    is_offered: Mapped[bool] = mapped_column(default=True)
    set_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Need(Base):
    """What a household, or a village, asks for (需求)."""

    __tablename__ = "need"
    __table_args__ = (
        sa.CheckConstraint("value_fen >= 0 AND pledged_fen >= 0", name="amounts_not_negative"),
        sa.CheckConstraint("pledged_fen <= value_fen", name="never_over_pledged"),
        sa.CheckConstraint("reviewer_id IS NULL OR reviewer_id <> poster_id", name="four_eyes"),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'rejected', 'withdrawn')"
            " OR (published_at IS NOT NULL AND reviewer_id IS NOT NULL)",
            name="public_was_reviewed",
        ),
        sa.Index("ix_need_state_published", "state", "published_at", "code"),
        sa.Index("ix_need_state_open", "state", "open_fen", "code"),
        # Everything that the public list filters and counts by, so that counting never reads the rows themselves.
        sa.Index(
            "ix_need_facets",
            *("state", "division_code", "category", "kind", "urgency"),
            *("helped_before", "hidden_at", "published_at", "open_fen"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    # None for a village's own need (road, water, activity room).
    household_id: Mapped[int | None] = mapped_column(sa.ForeignKey("household.id"), index=True)
    division_code: Mapped[str] = mapped_column(sa.ForeignKey("division.code"), index=True)
    state: Mapped[NeedState] = mapped_column(enum_column(NeedState), default=NeedState.DRAFT)
    kind: Mapped[SupportKind | None] = mapped_column(enum_column(SupportKind))
    category: Mapped[NeedCategory | None] = mapped_column(enum_column(NeedCategory))
    # Built from the lines: "棉被 4 床、取暖炉 1 台".
    title: Mapped[str] = mapped_column(sa.String(140), default="")
    # The public reason; a reviewer has read it for personal data before anybody else does.
    story: Mapped[str] = mapped_column(sa.String(500), default="")
    urgency: Mapped[Urgency] = mapped_column(enum_column(Urgency), default=Urgency.NORMAL)
    needed_by: Mapped[date | None]
    value_fen: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    pledged_fen: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    # What nobody has pledged yet; the database's own sum, for the list to be filtered and ordered by.
    open_fen: Mapped[int] = mapped_column(sa.BigInteger, sa.Computed("value_fen - pledged_fen", persisted=True))
    # True once the household had been helped before this need was published.
    helped_before: Mapped[bool] = mapped_column(default=False)
    poster_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    reviewer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    # What stood out when it was last checked, as Mark has it, and how much all of it weighs.
    marks: Mapped[list[dict[str, Any]] | None] = mapped_column(sa.JSON(none_as_null=True))
    risk: Mapped[int] = mapped_column(default=0, server_default="0")
    # A flagged need is published by two different people; the first of them stands here (triggers refuse less).
    is_flagged: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    first_reviewer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    first_approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Made by the form: the same draft sent twice makes one need.
    client_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    # The step of the posting form that comes next.
    step: Mapped[str] = mapped_column(sa.String(20), default="who")
    # Keyed index of the secret on the household's paper slip.
    slip_index: Mapped[bytes | None] = mapped_column(BlindIndex, unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_on: Mapped[date | None]
    # Since when the household no longer agrees to be public: no page and no export names the need (R-P5).
    hidden_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lines: Mapped[list["NeedLine"]] = relationship(
        back_populates="need", order_by="NeedLine.position", cascade="all, delete-orphan"
    )
    photos: Mapped[list["NeedPhoto"]] = relationship(cascade="all, delete-orphan", order_by="NeedPhoto.id")


class NeedLine(Base):
    """One item of a need (明细). The database itself refuses to pledge more than is asked."""

    __tablename__ = "need_line"
    __table_args__ = (
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        sa.CheckConstraint("unit_price_fen >= 0", name="price_not_negative"),
        sa.CheckConstraint("pledged >= 0 AND pledged <= quantity", name="never_over_pledged"),
        sa.CheckConstraint("kind <> 'money' OR (unit = 'fen' AND unit_price_fen = 1)", name="money_in_fen"),
        sa.UniqueConstraint("need_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    item_id: Mapped[int | None] = mapped_column(sa.ForeignKey("catalogue_item.id"))
    kind: Mapped[SupportKind] = mapped_column(enum_column(SupportKind))
    name: Mapped[str] = mapped_column(sa.String(60))
    quantity: Mapped[int] = mapped_column(sa.BigInteger)
    unit: Mapped[str] = mapped_column(sa.String(16))
    unit_price_fen: Mapped[int] = mapped_column(sa.BigInteger)
    pledged: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    need: Mapped[Need] = relationship(back_populates="lines")

    @property
    def value_fen(self) -> int:
        """Quantity times unit price, in fen."""
        return self.quantity * self.unit_price_fen

    @property
    def open(self) -> int:
        """The quantity that nobody has pledged yet."""
        return self.quantity - self.pledged


class NeedPhoto(Base):
    """A photo of the thing or the place, never of a person."""

    __tablename__ = "need_photo"

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id", ondelete="CASCADE"), index=True)
    photo_id: Mapped[int] = mapped_column(sa.ForeignKey("photo.id"))


class Consent(Base):
    """A household's agreement to be posted for (同意书): who, how, when, which text; its purposes beside it."""

    __tablename__ = "consent"
    __table_args__ = (sa.CheckConstraint("how <> 'spoken' OR length(witness) > 0", name="spoken_has_witness"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id", ondelete="CASCADE"), unique=True)
    given_by: Mapped[str] = mapped_column(sa.String(60))
    how: Mapped[ConsentHow] = mapped_column(enum_column(ConsentHow))
    witness: Mapped[str] = mapped_column(sa.String(60), default="")
    photo_id: Mapped[int | None] = mapped_column(sa.ForeignKey("photo.id"))
    text_version: Mapped[str] = mapped_column(sa.String(20))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    purposes: Mapped[list["ConsentPurpose"]] = relationship(cascade="all, delete-orphan", order_by="ConsentPurpose.id")


class ConsentPurpose(Base):
    """One purpose of an agreement; taken back alone, and never deleted while the need stands (R-P5, R-P9)."""

    __tablename__ = "consent_purpose"
    __table_args__ = (
        sa.CheckConstraint("purpose <> 'enterprise' OR length(receiver) > 0", name="enterprise_is_named"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_how IS NULL)", name="withdrawal_says_how"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    consent_id: Mapped[int] = mapped_column(sa.ForeignKey("consent.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[Purpose] = mapped_column(enum_column(Purpose))
    receiver: Mapped[str] = mapped_column(sa.String(120), default="")
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_how: Mapped[WithdrawnBy | None] = mapped_column(enum_column(WithdrawnBy))
    withdrawn_by: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))


class NeedTemplate(Base):
    """A need that a clerk asks for again and again, kept under the clerk's own name (模板)."""

    __tablename__ = "need_template"
    __table_args__ = (sa.UniqueConstraint("owner_id", "need_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class NeedReview(Base):
    """One decision of a reviewer: who, when, what was looked at, why."""

    __tablename__ = "need_review"

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id"), index=True)
    reviewer_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    decision: Mapped[Decision] = mapped_column(enum_column(Decision))
    reason: Mapped[ReturnReason | None] = mapped_column(enum_column(ReturnReason))
    note: Mapped[str] = mapped_column(sa.String(300), default="")
    # What was seen: "consent", "home_visit", "price" ...
    documents: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    # The first of two approvals: the need stays where it is until somebody else has looked.
    is_first: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    # When the page was opened on which it was decided.
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # 0 to 9,999, drawn after an approval: the lowest tenth is looked at again.
    draw: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class NeedOverride(Base):
    """A finding of the lint that somebody overrode: which rule, why, when; reasons are counted in public."""

    __tablename__ = "need_override"
    __table_args__ = (sa.UniqueConstraint("need_id", "rule", "stage"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id", ondelete="CASCADE"), index=True)
    rule: Mapped[str] = mapped_column(sa.String(32))
    reason: Mapped[OverrideReason] = mapped_column(enum_column(OverrideReason))
    stage: Mapped[OverrideStage] = mapped_column(enum_column(OverrideStage))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
