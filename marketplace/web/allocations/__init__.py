"""Pages of proposals: who would get what from whom."""
