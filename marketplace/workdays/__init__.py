"""The calendar of working days, kept by the county or the prefecture."""
