"""Households and their members: import, quality rules, dated status."""
