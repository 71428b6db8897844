"""What happens to a pledge after it was made: the one door through which surfaces change it."""

from marketplace.fulfilment.agreement import take_back_consent
from marketplace.fulfilment.bulk import (
    ConfirmationRow,
    DeliveryRow,
    FeedbackRow,
    ReceiptRow,
    UseRow,
    insert_confirmations,
    insert_deliveries,
    insert_feedbacks,
    insert_receipts,
    insert_uses,
)
from marketplace.fulfilment.confirming import (
    confirm_as_household,
    confirm_as_second,
    confirm_by_slip,
    give_feedback,
)
from marketplace.fulfilment.delivering import record_delivery
from marketplace.fulfilment.giving_back import give_back
from marketplace.fulfilment.receiving import record_disbursement, record_receipt, record_use

__all__ = [
    "ConfirmationRow",
    "DeliveryRow",
    "FeedbackRow",
    "ReceiptRow",
    "UseRow",
    "confirm_as_household",
    "confirm_as_second",
    "confirm_by_slip",
    "give_back",
    "give_feedback",
    "insert_confirmations",
    "insert_deliveries",
    "insert_feedbacks",
    "insert_receipts",
    "insert_uses",
    "record_delivery",
    "record_disbursement",
    "record_receipt",
    "record_use",
    "take_back_consent",
]
