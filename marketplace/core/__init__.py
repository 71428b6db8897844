"""Rules and values without any input or output; imported by everything, importing nothing of ours."""
