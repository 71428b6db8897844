"""Services and queries, on both databases."""
