"""What happened to a pledge: receipt, disbursement, use, delivery, confirmations, feedback."""
