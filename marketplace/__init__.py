"""Jiedui 结对: a matching marketplace for social assistance, with a ledger that anybody can check."""
