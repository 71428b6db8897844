"""What happens to needs: the one door through which surfaces and other subjects change them."""

from marketplace.needs.bulk import ConsentRow, LineRow, NeedRow, ReviewRow, insert_needs
from marketplace.needs.reserving import free_lines, mark_closed, mark_confirmed, mark_delivered, reserve_lines

__all__ = [
    "ConsentRow",
    "LineRow",
    "NeedRow",
    "ReviewRow",
    "free_lines",
    "insert_needs",
    "mark_closed",
    "mark_confirmed",
    "mark_delivered",
    "reserve_lines",
]
