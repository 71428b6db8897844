"""Pages of the relatives that staff declare."""
