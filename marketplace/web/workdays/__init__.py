"""Pages of the calendar of working days."""
