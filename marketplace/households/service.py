"""Write households: register one, import many, change a status, reveal what is masked."""

from marketplace.households.bulk import insert_households
from marketplace.households.rows import HouseholdRow, MemberRow

__all__ = ["HouseholdRow", "MemberRow", "insert_households"]
