"""Pages of donors."""
