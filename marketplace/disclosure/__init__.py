"""What the public sees of every gift; reads only."""
