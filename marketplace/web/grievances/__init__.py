"""Pages of complaints and objections."""
