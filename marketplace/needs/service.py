"""What happens to needs: the one door through which surfaces and other subjects change them."""

from marketplace.needs.bulk import ConsentRow, LineRow, NeedRow, ReviewRow, insert_needs
from marketplace.needs.catalogue import Loaded, load_catalogue
from marketplace.needs.consenting import ConsentGiven, give_consent, withdraw_consent
from marketplace.needs.drafts import Step
from marketplace.needs.models import OverrideReason
from marketplace.needs.pausing import resume_need, revoke_need, suspend_need
from marketplace.needs.posting import (
    Amount,
    OwnItem,
    Reason,
    add_photo,
    choose_items,
    drop_line,
    drop_photo,
    give_reason,
    reissue_slip,
    set_amounts,
    start_need,
    submit_need,
)
from marketplace.needs.rechecking import decide_recheck
from marketplace.needs.repeating import keep_template, repeat_need, use_template
from marketplace.needs.reserving import free_lines, mark_closed, mark_confirmed, mark_delivered, reserve_lines
from marketplace.needs.reviewing import (
    Seen,
    approve_need,
    expire_needs,
    reject_need,
    return_need,
    take_return_back,
    withdraw_need,
)
from marketplace.needs.splitting import split_need

__all__ = [
    "Amount",
    "ConsentGiven",
    "ConsentRow",
    "LineRow",
    "Loaded",
    "NeedRow",
    "OverrideReason",
    "OwnItem",
    "Reason",
    "ReviewRow",
    "Seen",
    "Step",
    "add_photo",
    "approve_need",
    "choose_items",
    "decide_recheck",
    "drop_line",
    "drop_photo",
    "expire_needs",
    "free_lines",
    "give_consent",
    "give_reason",
    "insert_needs",
    "keep_template",
    "load_catalogue",
    "mark_closed",
    "mark_confirmed",
    "mark_delivered",
    "reissue_slip",
    "reject_need",
    "repeat_need",
    "reserve_lines",
    "resume_need",
    "return_need",
    "revoke_need",
    "set_amounts",
    "split_need",
    "start_need",
    "submit_need",
    "suspend_need",
    "take_return_back",
    "use_template",
    "withdraw_consent",
    "withdraw_need",
]
