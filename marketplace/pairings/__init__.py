"""Agreements between a helping unit and a division, by channel."""
