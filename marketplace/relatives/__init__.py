"""Relatives whom staff declare, so that nobody decides for his own."""
