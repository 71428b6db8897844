"""Take the size out of the items' names, where it stood in brackets; call an estimate what has no figure behind it."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ITEM = sa.table(
    "catalogue_item", sa.column("id"), sa.column("code"), sa.column("name"), sa.column("variant"), sa.column("basis")
)
# Where a published figure stands behind the band, and which.
PUBLISHED = {
    "piglet": "公开报道：4头2000元；上下限为估计",
    "boarding-cost": "公开报道：一年2000–6000元",
    "pupil-grant": "公开报道：一次500元；上下限为估计",
    "illness-cost": "公开报道：3万–20万元",
    "house-repair": "公开报道：部分1000元、一户1万元；上限为估计",
    "activity-room": "公开报道：28万元；上下限为估计",
}


def upgrade() -> None:
    rows = op.get_bind().execute(sa.select(ITEM.c.id, ITEM.c.name).where(ITEM.c.name.like("%（%）"))).all()
    for row in rows:
        name, _, size = row.name.removesuffix("）").partition("（")
        op.execute(sa.update(ITEM).where(ITEM.c.id == row.id).values(name=name, variant=size[:40]))
    was_published = sa.update(ITEM).where(ITEM.c.basis == "published")
    for code, figure in PUBLISHED.items():
        op.execute(was_published.where(ITEM.c.code == code).values(basis=figure))
    op.execute(was_published.values(basis="estimate"))


def downgrade() -> None:
    """The names are put together again; which band was called published is not known any more."""
    whole = ITEM.c.name + sa.literal("（") + ITEM.c.variant + sa.literal("）")
    op.execute(sa.update(ITEM).where(ITEM.c.variant != "").values(name=whole, variant=""))
