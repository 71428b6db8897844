"""Ranks needs and donors and keeps what it suggested, with reasons."""
