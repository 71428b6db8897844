"""What is asked for: catalogue, posting, review, the public list."""
