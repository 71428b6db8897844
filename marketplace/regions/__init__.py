"""Administrative divisions: the 12-digit tree, its names and its dated aliases."""
