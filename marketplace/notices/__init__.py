"""Public notices (公示): planned, posted on the board, closed; what waits for their end takes effect then."""
