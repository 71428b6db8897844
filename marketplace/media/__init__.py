"""Photos: re-encoded on arrival, stored under random names, served by permission."""
