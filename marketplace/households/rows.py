"""A household and its members as values: what an import reads, what the rules check, what is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from marketplace.core.identity import birth_date
from marketplace.core.kinds import ExitAttribute, PovertyAttribute, PovertyCause
from marketplace.core.workflow import HouseholdStatus

HEAD = "户主"


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A person as the register writes them; ``extra`` holds columns that are checked but not kept."""

    person_no: str
    name: str
    id_number: str
    relation: str
    ethnicity: str = ""
    education: str = ""
    school_status: str = ""
    health: str = ""
    labour: str = ""
    work_place: str = ""
    work_months: int | None = None
    serious_illness_insured: bool | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def id_card(self) -> str:
        """The 18 characters of the ID card, also where a disability card's number is given."""
        return self.id_number[:18]

    def age_on(self, day: date) -> int | None:
        """Full years by the ID number; None where it holds no date."""
        born = birth_date(self.id_number)
        return None if born is None else day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@dataclass(frozen=True, slots=True)
class HouseholdRow:
    """A household with its members; only one without gaps in its attributes can be written.

    ``declared_count`` is the number of people that the register states, ``extra`` as for a member.
    """

    registry_no: str
    division_code: str
    head_name: str
    attribute: PovertyAttribute | None
    exit_attribute: ExitAttribute | None
    main_cause: PovertyCause | None
    members: tuple[MemberRow, ...]
    group_name: str = ""
    unsafe_house: bool | None = None
    safe_water: bool | None = None
    scarce_water: bool | None = None
    income_fen: int | None = None
    phone: str | None = None
    bank_account: str | None = None
    status: HouseholdStatus = HouseholdStatus.REGISTERED
    # The first day of ``status`` where it is not the day of registration.
    status_since: date | None = None
    registered_at: datetime | None = None
    declared_count: int | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


def status_of(attribute: ExitAttribute | None) -> HouseholdStatus:
    """The status that the register's 脱贫属性 stands for."""
    match attribute:
        case ExitAttribute.EXITED:
            return HouseholdStatus.EXITED
        case ExitAttribute.RETURNED:
            return HouseholdStatus.REENTERED
        case _:
            return HouseholdStatus.REGISTERED
