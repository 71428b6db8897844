"""English words for members of closed lists whose code is not already an English word."""

from collections.abc import Mapping

from marketplace.allocations.models import AllocationState, Waiting
from marketplace.core.kinds import (
    Channel,
    DonorType,
    Labelled,
    MonitoredAs,
    NeedCategory,
    PovertyCause,
    StatusMove,
    SupportKind,
    Urgency,
)
from marketplace.core.permissions import Role
from marketplace.core.workflow import HouseholdStatus, NeedState, NoticeState, PledgeState
from marketplace.grievances.fraud_models import Suspicion
from marketplace.grievances.models import Cause, StaffLevel
from marketplace.households.models import DuplicateSign
from marketplace.needs.review_models import SignalKind
from marketplace.notices.models import NoticeKind
from marketplace.pledges.models import ConditionState
from marketplace.statistics.queries import Step

# By class first: members of two lists with the same code are equal strings.
ENGLISH_TERMS: Mapping[type[Labelled], Mapping[Labelled, str]] = {
    NeedCategory: {
        NeedCategory.EDU: "Schooling",
        NeedCategory.MED: "Medical care",
        NeedCategory.DIS: "Disability aids",
        NeedCategory.HOU: "House repair",
        NeedCategory.WRM: "Warm clothing and bedding",
        NeedCategory.DLY: "Daily goods",
        NeedCategory.IND: "Farming and trade",
        NeedCategory.JOB: "Work",
        NeedCategory.PUB: "Public works",
        NeedCategory.DST: "Rebuilding after disaster",
        NeedCategory.TRN: "Transport",
        NeedCategory.CAR: "Company and care",
        NeedCategory.LAW: "Law and policy",
    },
    DonorType: {
        DonorType.INDIVIDUAL: "Individual",
        DonorType.PRIVATE_FIRM: "Private enterprise",
        DonorType.STATE_FIRM: "State enterprise",
        DonorType.CHAMBER: "Chamber of commerce or trade association",
        DonorType.FOUNDATION: "Social organisation or foundation",
        DonorType.CHARITY: "Charity federation or Red Cross",
        DonorType.PUBLIC_UNIT: "Public unit",
        DonorType.UNIVERSITY: "University or institute",
        DonorType.MILITARY: "Military unit",
        DonorType.PARTY: "Democratic party",
        DonorType.RELIGIOUS: "Religious body",
        DonorType.EAST_WEST: "East-west cooperation partner",
        DonorType.OVERSEAS: "Overseas donor",
    },
    PovertyCause: {
        PovertyCause.LAND: "Lack of land",
        PovertyCause.WATER: "Lack of water",
        PovertyCause.SKILL: "Lack of skills",
        PovertyCause.LABOUR: "Lack of labour",
        PovertyCause.FUNDS: "Lack of funds",
        PovertyCause.ROADS: "Poor roads",
        PovertyCause.DRIVE: "Lack of drive",
    },
    NeedState: {
        NeedState.DRAFT: "Draft",
        NeedState.SUBMITTED: "In review",
        NeedState.RETURNED: "Returned",
        NeedState.REJECTED: "Not published",
        NeedState.PUBLISHED: "Waiting",
        NeedState.PLEDGED: "Pledged",
        NeedState.DELIVERED: "Delivered",
        NeedState.CONFIRMED: "Confirmed",
        NeedState.CLOSED: "Closed",
        NeedState.SUSPENDED: "Suspended",
        NeedState.WITHDRAWN: "Withdrawn",
        NeedState.EXPIRED: "Expired",
    },
    PledgeState: {
        PledgeState.OFFERED: "Awaiting an answer",
        PledgeState.DECLINED: "Declined",
        PledgeState.ACCEPTED: "Pledged",
        PledgeState.RECEIVED: "Arrived",
        PledgeState.DELIVERED: "Delivered",
        PledgeState.CONFIRMED: "Confirmed",
        PledgeState.REPORTED: "Feedback given",
        PledgeState.LAPSED: "Lapsed",
        PledgeState.CANCELLED: "Cancelled",
    },
    AllocationState: {
        AllocationState.OPEN: "To decide",
        AllocationState.OFFERED: "All offered",
        AllocationState.DISCARDED: "Discarded",
    },
    Waiting: {
        Waiting.NOTHING: "nothing is missing",
        Waiting.NO_DONOR: "no donor fits",
        Waiting.USED_UP: "the budgets that fit go elsewhere",
        Waiting.TOO_LITTLE: "what is left buys no whole one",
    },
    Channel: {
        Channel.CENTRAL: "Central units",
        Channel.GUANGDONG: "Guangdong province",
        Channel.PROVINCIAL: "Provincial departments",
        Channel.IN_PROVINCE: "Partners within the province",
        Channel.LOCAL: "Prefecture and counties",
    },
    StatusMove: {
        StatusMove.ENTER: "Entry",
        StatusMove.EXIT: "Exit",
        StatusMove.MONITOR: "Under monitoring",
        StatusMove.CLEAR: "Risk removed",
        StatusMove.REENTER: "Re-entry",
    },
    MonitoredAs: {
        MonitoredAs.UNSTABLE: "Left poverty, not stable",
        MonitoredAs.EDGE: "At the edge of poverty",
        MonitoredAs.SUDDEN: "Sudden grave hardship",
    },
    HouseholdStatus: {HouseholdStatus.REENTERED: "re-entered"},
    NoticeKind: {NoticeKind.STATUS: "Changes of household status", NoticeKind.NEED: "Needs"},
    NoticeState: {
        NoticeState.PLANNED: "To be posted",
        NoticeState.OPEN: "Hanging",
        NoticeState.CLOSED: "Over",
    },
    Cause: {
        Cause.UNTRUE: "What it says is not true",
        Cause.FALSE_CLAIM: "Claimed falsely",
        Cause.DIVERTED: "Money or things put to other use",
        Cause.WITHHELD: "Something was kept back",
        Cause.NOT_ARRIVED: "It did not arrive",
        Cause.LEFT_OUT: "Somebody was left out",
        Cause.PRIVACY: "Private things became public",
        Cause.CONDUCT: "How staff behaved",
        Cause.OTHER: "Something else",
    },
    ConditionState: {
        ConditionState.PROPOSED: "Waits for a reviewer",
        ConditionState.ACCEPTED: "Accepted",
        ConditionState.REFUSED: "Not accepted",
    },
    Suspicion: {
        Suspicion.INVENTED: "Facts invented or concealed",
        Suspicion.FORGED: "Papers forged",
        Suspicion.FALSE_CLAIM: "Claimed in another's name",
        Suspicion.CLAIMED_TWICE: "Claimed twice",
        Suspicion.DIVERTED: "Diverted or kept back",
        Suspicion.COLLUSION: "Collusion of those inside",
    },
    SignalKind: {
        SignalKind.PAIR: "One poster and one reviewer: almost all approved, and fast",
        SignalKind.BURST: "Very many decided within an hour",
        SignalKind.NIGHT: "Decided in the middle of the night",
        SignalKind.POST_BURST: "Very many posted within an hour",
        SignalKind.POST_NIGHT: "Posted in the middle of the night",
        SignalKind.COPIES: "One poster wrote almost the same reason for several households",
        SignalKind.CLERK_SHARE: "One poster's households got far more help than the township's mean",
        SignalKind.VILLAGE_SHARE: "A village got far more help than its share of households",
        SignalKind.REVEALS: "Names and numbers of very many households looked at within a day",
        SignalKind.DEMAND: "A donor asks for a photo, direct contact or a child",
    },
    DuplicateSign: {
        DuplicateSign.PHONE: "Same phone number",
        DuplicateSign.ACCOUNT: "Same bank account",
        DuplicateSign.PERSON: "Same village, sound of the name and year of birth",
        DuplicateSign.ADDRESS: "Same village and address",
    },
    StaffLevel: {
        StaffLevel.VILLAGE: "Somebody of the village",
        StaffLevel.TOWNSHIP: "Somebody of the township",
        StaffLevel.COUNTY: "Somebody of the county",
    },
    Role: {
        Role.COUNTY_ADMIN: "county administrator",
        Role.HOUSEHOLD: "household member",
    },
    Step: {
        Step.PUBLISHED: "Published",
        Step.PLEDGED: "Pledged",
        Step.DELIVERED: "Delivered",
        Step.CONFIRMED: "Confirmed by two",
        Step.ARMS_LENGTH: "Of these at arm's length",
    },
    SupportKind: {
        SupportKind.MONEY: "Money",
        SupportKind.GOODS: "Goods",
        SupportKind.SERVICE: "Service",
        SupportKind.JOB: "Jobs",
        SupportKind.TRAINING: "Training",
        SupportKind.PURCHASE: "Purchases",
    },
    Urgency: {
        Urgency.NORMAL: "Normal",
        Urgency.URGENT: "Urgent",
        Urgency.CRITICAL: "Critical",
    },
}


def english(member: Labelled) -> str:
    """The English word for a member; its code, spelled out, where that is one."""
    return ENGLISH_TERMS.get(type(member), {}).get(member, member.value.replace("_", " "))
